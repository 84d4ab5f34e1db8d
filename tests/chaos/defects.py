"""What our processes themselves call a defect: records of the level critical in their logs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.chaos.kinds import PROCESSES


def defects(logs: Path) -> Counter[str]:
    """Each defect in a line, and how often it came. A process that was killed has none."""
    return Counter(
        _told(name, record)
        for name in PROCESSES
        for record in _records(logs / f"{name}.log")
        if record.get("level") == "critical"
    )


def _records(log: Path) -> Iterator[dict[str, Any]]:
    """Every record; no half line of a killed process, and nothing that a library printed."""
    for line in log.read_text(errors="replace").splitlines() if log.exists() else []:
        if line.startswith("{"):
            with suppress(ValueError):
                yield json.loads(line)


def _told(name: str, record: dict[str, Any]) -> str:
    causes = record.get("exception") or [{}]
    kind = causes[-1].get("exc_type", "") if isinstance(causes, list) else ""
    return " ".join(part for part in (name, str(record.get("event", "")), kind) if part)
