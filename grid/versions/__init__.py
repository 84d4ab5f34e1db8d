"""What changed from one version of the grid to the next, and how a new one comes into force."""
