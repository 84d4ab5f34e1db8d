"""The towns that `benchmarks.situations` lives through, and how."""
