"""The register of the ground: what a release says of a cell, and which cell holds a position."""
