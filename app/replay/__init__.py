"""Playing reports from a file through the real door, in their order and at a chosen speed."""
