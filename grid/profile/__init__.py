"""The profile of the ground: what stands in it and how many are there. Sums only, no person."""
