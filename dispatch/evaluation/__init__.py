"""Evaluation (综合评价): what cells, departments and posts did in a period, from histories alone.

A history gives *marks*: a thing that is counted, when, and whose. A table sums the marks of a
period by a key, indicators are ratios of such sums, and a score weighs indicators.
docs/evaluation.md shows all of it.
"""
