"""The management grid: cells, areas, departments, catalogue and their versions."""
