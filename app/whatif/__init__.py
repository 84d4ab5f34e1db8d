"""What if: past cases decided again by another pack, part or grid, and the differences told."""
