"""The topics and their partitions. Made by script, never by a worker; the numbers never change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REPORTS: Final = "reports.v1"
"""Accepted reports, each by its id; key: category, so that reports of one category keep order."""

OBSERVATIONS: Final = "observations.v1"
"""Samples of sensors in envelopes; key: the area below the city that the sensors stand in."""

CASE_EVENTS: Final = "case-events.v1"
"""What happened to cases, as CloudEvents; key: case id."""

REPORT_OUTCOMES: Final = "report-outcomes.v1"
"""How the case of each report ended, for whoever tells its sender; key: report id."""

ALARMS: Final = "alarms.v1"
"""What happened to alarms, as CloudEvents; key: key of the alarm."""
SITUATION_EVENTS: Final = "situation-events.v1"
"""What happened to situations, as CloudEvents; key: situation id."""

DEAD_LETTERS: Final = "dead-letters.v1"
"""Messages no agent could read; key: where they stood."""

PARTITIONS: Final[Mapping[str, int]] = {
    REPORTS: 12,
    OBSERVATIONS: 12,
    CASE_EVENTS: 12,
    REPORT_OUTCOMES: 12,
    ALARMS: 12,
    SITUATION_EVENTS: 12,
    DEAD_LETTERS: 1,
}
