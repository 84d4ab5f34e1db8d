"""Pure geometry: positions, datums, measures, the point → cell index. Knows nothing of cities."""
