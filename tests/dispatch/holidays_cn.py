"""Holidays and make-up days of China as the State Council has announced them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

OFF: dict[str, int] = {
    "2024-01-01": 1, "2024-02-10": 8, "2024-04-04": 3, "2024-05-01": 5, "2024-06-10": 1,
    "2024-09-15": 3, "2024-10-01": 7,
    "2025-01-01": 1, "2025-01-28": 8, "2025-04-04": 3, "2025-05-01": 5, "2025-05-31": 3,
    "2025-10-01": 8,
    "2026-01-01": 3, "2026-02-15": 9, "2026-04-04": 3, "2026-05-01": 5, "2026-06-19": 3,
    "2026-09-25": 3, "2026-10-01": 7,
}  # fmt: skip
"""First day of each holiday and how many days it lasts."""

MADE_UP = (
    "2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14",
    "2024-09-29", "2024-10-12",
    "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11",
    "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
)  # fmt: skip
"""Saturdays and Sundays that are worked."""


def single_days() -> list[dict[str, str]]:
    """The days as the part ``calendar`` holds them."""
    off = [{"date": day, "kind": "holiday"} for day in _days_off()]
    worked = [{"date": day, "kind": "workday"} for day in MADE_UP]
    return sorted(off + worked, key=lambda row: row["date"])


def _days_off() -> Iterator[str]:
    for first, days in OFF.items():
        yield from (str(date.fromisoformat(first) + timedelta(days=n)) for n in range(days))


CHINA: dict[str, Any] = {
    "timezone": "Asia/Shanghai",
    "weekend": [6, 7],
    "periods": [["08:30", "12:00"], ["14:00", "18:00"]],
    "days": single_days(),
}
"""The calendar of a Chinese city in those years."""
