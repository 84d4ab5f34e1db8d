"""Layers from surveys: whether they lie where they say, what is wrong with them, and mending."""
