"""What went on in each stage of an upgrade, from the phones' books and the database. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

TAKEN: Final = (200, 201)
LATER: Final = (429, 503)
"""What a phone repeats by itself, as it does when no answer came."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Reports taken and decided in each stage. A stage in which nothing went on was an outage."""

    accepted: Mapping[str, int]
    decided: Mapping[str, int]
    unanswered: int
    told_to_come_again: int
    longest_s_without_acceptance: float

    @property
    def idle(self) -> list[str]:
        """Stages in which nothing was taken, or nothing decided."""
        return [name for name, n in self.accepted.items() if not (n and self.decided[name])]


def passage(
    attempts: Sequence[Mapping[str, Any]], decided: Iterable[float], stages: Mapping[str, float]
) -> Passage:
    """The passage through *stages*, beginnings by name; all times are unix seconds.

    *attempts* are the lines of the phones' book, *decided* the moments of decisions.
    """
    taken = sorted(one["t"] for one in attempts if one["status"] in TAKEN)
    gaps = (later - earlier for earlier, later in pairwise(taken))
    return Passage(
        accepted=_per_stage(taken, stages),
        decided=_per_stage(list(decided), stages),
        unanswered=sum(one["status"] is None and one["kind"] != "hang-up" for one in attempts),
        told_to_come_again=sum(one["status"] in LATER for one in attempts),
        longest_s_without_acceptance=round(max(gaps, default=0.0), 2),
    )


def _per_stage(moments: Sequence[float], stages: Mapping[str, float]) -> dict[str, int]:
    begins = list(stages.items())
    ends = [begin for _, begin in begins[1:]] + [float("inf")]
    return {
        name: sum(begin <= moment < end for moment in moments)
        for (name, begin), end in zip(begins, ends, strict=True)
    }
