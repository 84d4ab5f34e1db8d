"""Situations found in real days: when, against how much had happened by then; and false alarms.

    python -m benchmarks.situations --json

Two towns are lived through by the rules that the look-out follows: the dengue outbreak of 2015, day
by day, and one day of New York's 311 requests, hour by hour. Then the same with no cluster in it:
times are dealt out anew over the cases, so that every area keeps its cases and every time its
number. What is flagged there is false, and must not be more than the rules allow.

Cases count as known on the day of their onset, which nobody had on that day: what is compared is
places and times, not how fast a laboratory is.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from benchmarks.machine import machine, print_result
from benchmarks.situating import newyork
from benchmarks.situating import outbreak as tainan
from benchmarks.situating.living import Town, false_alarms, found, scan_through
from dispatch.situations.patterns import Patterns


def outbreak(copies: int, seed: int) -> dict[str, Any]:
    """The outbreak of 2015, and its shuffled copies at two rates."""
    town, days = tainan.tainan(), tainan.days()
    began = time.perf_counter()
    life = scan_through(town, tainan.PATTERNS, days)
    seconds = time.perf_counter() - began
    often = replace(tainan.RULE, recurrence=timedelta(days=20))
    loose = Patterns((tainan.DENGUE,), (), (often,))
    since = days[0] - timedelta(days=1)
    return {
        "cases": int((town.cases["dengue"].at_s >= since.timestamp()).sum()),
        "areas": len(town.areas.codes),
        "looks": life.looks,
        "finds": life.finds,
        "seconds": round(seconds, 1),
        "situations": [asdict(found(one, town, since)) for one in life.situations],
        "shuffled": {
            "1 in 365 days": _false(town, tainan.PATTERNS, days, copies, seed),
            "1 in 20 days": _false(town, loose, days, copies, seed + 1),
        },
    }


def new_york(copies: int, seed: int) -> dict[str, Any]:
    """The New York day, and its shuffled copies."""
    town, patterns = newyork.new_york(), newyork.patterns()
    began = time.perf_counter()
    life = newyork.live_through(town)
    seconds = time.perf_counter() - began
    ordered = sorted(life.situations, key=lambda one: one.flagged_at)
    scans = Patterns(patterns.families, (), patterns.scans)
    return {
        "requests": {name: len(cases) for name, cases in town.cases.items()},
        "areas": len(town.areas.codes),
        "looks": life.looks,
        "seconds": round(seconds, 1),
        "situations": [asdict(found(one, town, newyork.MIDNIGHT)) for one in ordered],
        "shuffled": {"1 in 30 days": _false(town, scans, newyork.hours(), copies, seed)},
    }


def _false(
    town: Town, patterns: Patterns, moments: Sequence[Any], copies: int, seed: int
) -> dict[str, Any] | None:
    if not copies:
        return None
    return false_alarms(town, patterns, moments, copies, seed).as_dict()


TOWNS = {"outbreak": outbreak, "new_york": new_york}


def main(arguments: Sequence[str]) -> None:
    """Run and print; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="nothing but the last line")
    parser.add_argument("--copies", type=int, default=20, help="shuffled copies of each town")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--town", choices=[*TOWNS, "both"], default="both")
    asked = parser.parse_args(arguments)
    towns = TOWNS if asked.town == "both" else {asked.town: TOWNS[asked.town]}
    told = {name: live(asked.copies, asked.seed) for name, live in towns.items()}
    if not asked.json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
    print_result({"machine": machine(), "copies": asked.copies, **told})


if __name__ == "__main__":
    main(sys.argv[1:])
