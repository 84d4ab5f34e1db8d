"""What several duplicate rules make of the New York day, without servers: matching alone.

    python -m benchmarks.twins --json

Every request of 2024-09-01 that has a position is taken in the order in which it was made; no case
is closed meanwhile. So the rule that every city begins with merges here what it merges in
`benchmarks.nyc_day`, but for positions outside the city. There is no truth to hold it against:
how many of the merged name the same address, or say the same words, is all that can be counted.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import floor
from pathlib import Path
from typing import Final

from app.replay.reading import Incident
from benchmarks.machine import machine, print_result
from benchmarks.nyc_day import DATA, incidents
from dispatch.matching import Candidate, Matching, MergeRule, Sighting

_SQUARE: Final = 0.004
EVERYTHING: Final = frozenset({"place", "time", "text"})
NOISE: Final = "Noise"

RULES: Mapping[str, tuple[MergeRule, ...]] = {
    "50 m, 30 min": (MergeRule(),),
    "50 m, 30 min, same words": (MergeRule(similarity=0.9),),
    "100 m, 24 h": (MergeRule(radius_m=100, within=timedelta(hours=24)),),
    "100 m, 24 h, score 0.7 of all": (
        MergeRule(radius_m=100, within=timedelta(hours=24), automatic=0.7, weighs=EVERYTHING),
    ),
    "50 m, 30 min, noise one family": (
        MergeRule("noise", categories=(NOISE,), across=True),
        MergeRule(),
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What one set of rules merged; *suggested* are reports that became cases and had a hint."""

    cased: int
    merged: int
    across_categories: int
    same_address: int
    same_words: int
    suggested: int


def play(requests: Sequence[Incident], matching: Matching) -> Told:
    """Every request in turn: it joins a case, or becomes one."""
    squares: dict[tuple[int, int], list[Candidate]] = {}
    first: dict[int, Incident] = {}
    counted: Counter[str] = Counter()
    for number, one in enumerate(requests):
        if one.lon is None or one.lat is None:
            continue
        seen = Sighting(one.category, one.lon, one.lat, one.happened_at, None, one.description)
        near = list(_near(squares, one.lon, one.lat))
        same = matching.find_same(near, seen)
        if same is None:
            counted["cased"] += 1
            counted["suggested"] += bool(matching.suggestions(near, seen))
            square = _square(one.lon, one.lat)
            first[number] = one
            squares.setdefault(square, []).append(
                Candidate(
                    number, one.category, one.lon, one.lat, one.happened_at, None, one.description
                )
            )
            continue
        case = first[same.case_id]
        counted["merged"] += 1
        counted["across_categories"] += case.category != one.category
        counted["same_address"] += case.address == one.address
        counted["same_words"] += case.description == one.description
    return Told(
        **{name: counted[name] for name in ("cased", "merged", "across_categories")},
        **{name: counted[name] for name in ("same_address", "same_words", "suggested")},
    )


def _square(lon: float, lat: float) -> tuple[int, int]:
    return floor(lon / _SQUARE), floor(lat / _SQUARE)


def _near(
    squares: Mapping[tuple[int, int], list[Candidate]], lon: float, lat: float
) -> Iterable[Candidate]:
    """Candidates of the square and the eight around it: at least 300 m to every side."""
    x, y = _square(lon, lat)
    for east in (-1, 0, 1):
        for north in (-1, 0, 1):
            yield from squares.get((x + east, y + north), ())


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the day once for each set of rules and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; always JSON")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--most", type=int, help="only the first so many requests")
    told = parser.parse_args(arguments)
    requests = incidents(told.data, told.most)
    codes = sorted({one.category for one in requests})
    result = {name: play(requests, _matching(rules, codes)) for name, rules in RULES.items()}
    print_result(
        {
            "total": len(requests),
            "without_position": sum(one.lon is None for one in requests),
            "rules": {name: _as_dict(one) for name, one in result.items()},
            "machine": machine(),
        }
    )
    return 0


def _matching(rules: tuple[MergeRule, ...], codes: Sequence[str]) -> Matching:
    alone = Matching(rules)
    families = {
        rule.name: frozenset(code for code in codes if alone.rule_for(code) is rule)
        for rule in rules
        if rule.across
    }
    return replace(alone, families=families)


def _as_dict(told: Told) -> dict[str, int]:
    return {name: getattr(told, name) for name in Told.__slots__}


if __name__ == "__main__":
    sys.exit(main())
