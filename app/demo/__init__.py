"""A city at work on one machine: everything started, a simulated day, people who do their part."""
