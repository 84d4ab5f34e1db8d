"""What a run amounts to, counted in the clients' own books."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tests.chaos.clients.books import read_book


def figures(folder: Path) -> dict[str, Any]:
    """Reports, samples and effects of the run in *folder*, and how fast they came."""
    accepted = {
        (line["source"], line["key"]): line["t"]
        for line in read_book(folder / "phones.jsonl")
        if line["status"] in (200, 201)
    }
    samples = [line for line in read_book(folder / "sensors.jsonl") if line["status"] == 202]
    effects = Counter(line["key"] for line in read_book(folder / "sink.jsonl"))
    return {
        "accepted": len(accepted),
        "reports_per_second": _rate(len(accepted), list(accepted.values())),
        "samples": sum(line["samples"] for line in samples),
        "samples_per_second": _rate(
            sum(line["samples"] for line in samples), [line["t"] for line in samples]
        ),
        "effects": len(effects),
        "delivered_again": effects.total() - len(effects),
        "snapshots": sum(1 for _ in read_book(folder / "samples.jsonl")),
    }


def _rate(count: int, times: list[float]) -> float:
    spent = max(times) - min(times) if times else 0.0
    return round(count / spent, 1) if spent else 0.0
