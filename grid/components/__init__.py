"""Components 部件: the fixed things of a city that have an owner, and where the nearest one is."""
