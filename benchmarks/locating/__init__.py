"""What `benchmarks.locate` compares the point → cell index with, and what it measures of them."""
