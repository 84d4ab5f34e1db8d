"""The books: what was accepted equals what became of it, in every snapshot. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Inbox:
    """How many reports were accepted and what became of them."""

    accepted: int
    cased: int
    merged: int
    rejected: int
    dead: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Owed:
    """How many events a destination is owed, and how many deliveries of them are written."""

    destination: str
    owed: int
    written: int


@dataclass(frozen=True, slots=True)
class Books:
    """Counts taken in one snapshot, from tables written by different code."""

    inbox: Inbox
    cases: int
    cases_open: int
    cases_ended: int
    cases_at_head: int
    cases_suspended: int
    cases_merged: int
    reports_of_merged_cases: int
    reports_counted_again: int
    parts: int
    parts_ended: int
    events_reported: int
    events_merged: int
    events_unmerged: int
    events_overdue: int
    events_stage_overdue: int
    events_suspended: int
    events_resumed: int
    events_involved: int
    events_parts_ended: int
    events_escalated: int
    events_acknowledged: int
    events_merged_into: int
    events_separated: int
    events_case_merged: int
    events_case_unmerged: int
    reports_in_cases: int
    outbox: int
    outbox_numbered: int
    outbox_last: int
    events: int
    deadlines: Mapping[str, int]
    deadlines_total: int
    deliveries: Mapping[str, int]
    deliveries_total: int
    owed: tuple[Owed, ...]
    times_escalated: int
    acknowledged: int
    notices: Mapping[str, int]
    notices_total: int
    holes: int
    overdue_in_flight: int


@dataclass(frozen=True, slots=True)
class Equation:
    """Two numbers that must be the same."""

    name: str
    left: int
    right: int

    @property
    def holds(self) -> bool:
        """Whether they are."""
        return self.left == self.right


def equations(books: Books) -> tuple[Equation, ...]:
    """Every equation of the books. Holes in device sequences and late decisions are alarms."""
    i = books.inbox
    decided = i.cased + i.merged + i.rejected + i.dead
    return (
        Equation(
            "accepted = cased + merged + rejected + dead + in flight",
            i.accepted,
            decided + i.in_flight,
        ),
        Equation("cased = cases", i.cased, books.cases),
        Equation("cases = events 'reported'", books.cases, books.events_reported),
        Equation(
            "merged = events 'merged' - 'unmerged'",
            i.merged,
            books.events_merged - books.events_unmerged,
        ),
        Equation(
            "cased + merged = reports counted in cases", i.cased + i.merged, books.reports_in_cases
        ),
        Equation("cases = open + ended", books.cases, books.cases_open + books.cases_ended),
        Equation("every case stands at its last event", books.cases, books.cases_at_head),
        Equation("events = outbox rows", books.events, books.outbox),
        Equation("last position = numbered rows", books.outbox_last, books.outbox_numbered),
        Equation(
            "deadlines = met + fired + cancelled + pending",
            books.deadlines_total,
            sum(books.deadlines.values()),
        ),
        Equation(
            "fired = events 'overdue' + 'stage_overdue'",
            books.deadlines.get("fired", 0),
            books.events_overdue + books.events_stage_overdue,
        ),
        Equation(
            "suspended cases = events 'suspended' - 'resumed'",
            books.cases_suspended,
            books.events_suspended - books.events_resumed,
        ),
        Equation(
            "merged cases = events 'merged_into' - 'separated'",
            books.cases_merged,
            books.events_merged_into - books.events_separated,
        ),
        Equation(
            "merged cases = events 'case_merged' - 'case_unmerged'",
            books.cases_merged,
            books.events_case_merged - books.events_case_unmerged,
        ),
        Equation(
            "reports of merged cases = reports counted by those they were merged into",
            books.reports_of_merged_cases,
            books.reports_counted_again,
        ),
        Equation("tasks of helpers = events 'involved'", books.parts, books.events_involved),
        Equation(
            "ended tasks of helpers = events 'part_finished' + 'part_released'",
            books.parts_ended,
            books.events_parts_ended,
        ),
        Equation(
            "deliveries = sent + pending + dead",
            books.deliveries_total,
            sum(books.deliveries.values()),
        ),
        Equation(
            "times a step was told = events 'escalated'",
            books.times_escalated,
            books.events_escalated,
        ),
        Equation(
            "acknowledged steps = events 'escalation_acknowledged'",
            books.acknowledged,
            books.events_acknowledged,
        ),
        Equation(
            "notices = sent + pending + dead", books.notices_total, sum(books.notices.values())
        ),
        *(
            Equation(f"deliveries to {one.destination} = events it is owed", one.written, one.owed)
            for one in books.owed
        ),
    )


def as_json(books: Books) -> dict[str, object]:
    """What `citygrid ledger --json` prints: `balanced`, the inbox, every equation, the alarms."""
    lines = equations(books)
    return {
        "balanced": all(line.holds for line in lines),
        "inbox": asdict(books.inbox),
        "deliveries": {
            state: books.deliveries.get(state, 0) for state in ("sent", "pending", "dead")
        },
        "notices": {state: books.notices.get(state, 0) for state in ("sent", "pending", "dead")},
        "equations": [
            {"name": line.name, "left": line.left, "right": line.right, "holds": line.holds}
            for line in lines
        ],
        "alarms": {
            "device_sequence_holes": books.holes,
            "in_flight_over_60_s": books.overdue_in_flight,
        },
    }
