"""Pure geometry: positions, datums, measures and the point → cell index. Knows nothing of cities."""
