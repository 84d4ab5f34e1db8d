"""Everything of the maps that is read from PostgreSQL: the numbered log, the board, the tiles."""
