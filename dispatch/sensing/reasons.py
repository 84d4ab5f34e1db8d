"""Why a sample is not taken as it came: the words it is counted by, at every door."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """One word for each; docs/api.md and the glossary say what to do about it."""

    MALFORMED = "malformed"  # no sample can be read from it
    SIZE = "size"  # longer than one sample may be
    UNKNOWN = "unknown"  # no sensor of the city has this code
    FOREIGN = "foreign"  # another key sends the samples of this sensor
    TOO_LATE = "too_late"  # measured longer ago than is taken
    FUTURE = "future"  # measured later than the clock says
    UNIT = "unit"  # in a unit that cannot be turned into that of the sensor
    IMPOSSIBLE = "impossible"  # not what this can measure
    DATUM = "datum"  # a position without datum, or in another than it says
    POSITION = "position"  # measured elsewhere than where the sensor stands
    RATE = "rate"  # more samples than one device may send
    STUCK = "stuck"  # taken, but the same value for suspiciously long
    CONVERTED = "converted"  # taken, turned into the unit of the sensor
    DUPLICATE = "duplicate"  # known already
    CONTRADICTING = "contradicting"  # another value for a moment that is known already


TAKEN: Final = frozenset({Reason.STUCK, Reason.CONVERTED})
"""What a door counts and takes all the same."""
