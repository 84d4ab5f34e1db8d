"""Sensors and what their samples mean: from samples to alarms. Pure; nothing here does I/O."""
