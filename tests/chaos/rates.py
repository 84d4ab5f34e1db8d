"""How many reports and samples were taken, and how fast, counted in the clients' own books."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.clients.books import read_book


def rates(folder: Path) -> dict[str, float]:
    """Reports and samples that were taken, in all and per second.

    The time that a late answer takes to come is no time without load: reports count from the first
    to the last that a phone planned.
    """
    planned = [line["t"] for line in read_book(folder / "planned.jsonl")]
    reports = {
        (line["source"], line["key"])
        for line in read_book(folder / "phones.jsonl")
        if line["status"] in (200, 201)
    }
    batches = [line for line in read_book(folder / "sensors.jsonl") if line["status"] == 202]
    samples = sum(line["samples"] for line in batches)
    return {
        "accepted": len(reports),
        "samples": samples,
        "reports_per_second": _rate(len(reports), planned),
        "samples_per_second": _rate(samples, [line["t"] for line in batches]),
    }


def _rate(count: int, times: list[float]) -> float:
    spent = max(times) - min(times) if times else 0.0
    return round(count / spent, 1) if spent else 0.0
