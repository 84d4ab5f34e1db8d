"""Situations: when several cases and alarms are one thing, how it grows, and when it is over. Pure.

Nothing here does I/O; every function takes the time as an argument.
"""
