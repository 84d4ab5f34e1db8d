"""Taking a step of the ladder: the events that follow from it, in order, and who is told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from dispatch.case import Case, Entry, Move, Order, continued, obey
from dispatch.escalation.facts import CaseEscalated
from dispatch.escalation.people import Heard
from dispatch.escalation.rule import Call
from dispatch.events import CaseAssigned, Event
from dispatch.workflow.clocks import Deadline, ended
from dispatch.workflow.errors import MoveRefused
from dispatch.workflow.variant import Terms
from grid.naming import Language

CLOCK: Final = "clock"


@dataclass(frozen=True, slots=True)
class Climbed:
    """What a step makes of a case: *seq* is the number of the event that tells of it.

    *settled* are deadlines that end by it: (case, kind, ending).
    """

    entries: tuple[Entry, ...]
    seq: int
    settled: tuple[tuple[int, str, str], ...]

    @property
    def case(self) -> Case:
        """The case as the last event leaves it."""
        return self.entries[-1].case


def climb(
    case: Case,
    call: Call,
    heard: Heard,
    *,
    terms: Terms,
    deadlines: Sequence[Deadline],
    language: Language,
    now: datetime,
) -> Climbed:
    """Take the step. What it orders are moves by the clock; one that is refused is left out."""
    first = continued(case, _escalated(call, heard, now))
    entries, settled = [first], list[tuple[int, str, str]]()
    for order in _orders(first.case, call, language, now) if call.times == 1 else ():
        standing = entries[-1].case
        try:
            event = obey(standing, order, actor=CLOCK, now=now, terms=terms, deadlines=deadlines)
        except MoveRefused:
            continue
        entries.append(continued(standing, _said_by(call, event)))
        settled += [(case.id, kind, ending) for kind, ending in ended(event, deadlines)]
    return Climbed(tuple(entries), first.case.version, tuple(settled))


def _escalated(call: Call, heard: Heard, now: datetime) -> CaseEscalated:
    return CaseEscalated(
        at=now,
        actor=CLOCK,
        ladder=call.ladder.name,
        step=call.step.name,
        run=call.run.kind,
        since=call.run.since,
        due_at=call.due_at,
        times=call.times,
        told={name: tuple(one.login for one in group) for name, group in heard.told.items()},
        by=call.step.by,
        nobody=heard.nobody,
    )


def _orders(case: Case, call: Call, language: Language, now: datetime) -> list[Order]:
    """The moves that come with the step."""
    step, orders = call.step, list[Order]()
    if step.take_over is not None and step.take_over != case.department:
        orders.append(Order(Move.ASSIGN, department=step.take_over, reason=step.name))
    if (ordered := step.supervision) is not None:
        until = now + ordered.within if ordered.within else None
        orders.append(Order(Move.SUPERVISE, ordered.reason.get(language), until=until))
    return orders


def _said_by(call: Call, event: Event) -> Event:
    """An assignment says that a ladder made it, and not a person."""
    if not isinstance(event, CaseAssigned):
        return event
    ladder = call.ladder
    why = {"step": "escalation", "name": ladder.name, "row": ladder.row, "at": call.step.name}
    return replace(event, why=why)
