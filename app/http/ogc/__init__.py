"""OGC API - Features, Part 1 (OGC 17-069r4): the ground and its cases for any GIS, read only."""
