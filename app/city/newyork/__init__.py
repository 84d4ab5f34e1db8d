"""New York City as a city pack, made from its public data."""

from app.city.newyork.making import MissingSource, make_newyork

__all__ = ["MissingSource", "make_newyork"]
