"""Reports, cases, deadlines and the numbered log in PostgreSQL. The only I/O of this package."""
