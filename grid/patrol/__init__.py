"""Who walks which cells, and when: duty grids 责任网格 and shifts. `grid.duty` is another thing."""
