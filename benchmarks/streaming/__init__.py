"""What `benchmarks.stream` measures: one job, in our worker and in the frames of its peers."""
