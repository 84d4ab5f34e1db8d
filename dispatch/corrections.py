"""Correcting a case: load → rule → save, like the other actions."""

from __future__ import annotations

from datetime import datetime

from dispatch import case as cases
from dispatch.case import Case, Order
from dispatch.confidence import Records
from dispatch.correcting import Background
from dispatch.correcting import correct as decide_correction
from dispatch.errors import UnknownCase
from dispatch.ports import Book, Changes
from dispatch.rulebook import Rulebook
from dispatch.workflow.clocks import ended
from dispatch.workflow.correction import Correction


async def correct(
    book: Book, case_id: int, order: Order, rules: Rulebook, *, actor: str, now: datetime
) -> Case:
    """Carry out the correction that an order tells; returns the case as it is then.

    Raises UnknownCase and what `dispatch.correcting.correct` raises.
    """
    case = dict(await book.cases([case_id])).get(case_id)
    if case is None:
        raise UnknownCase(case_id)
    deadlines = await book.deadlines(case_id)
    background = Background(
        await book.first_report(case_id),
        await book.course(case_id),
        rules,
        deadlines,
        await _records(book, case, order.correction, rules),
        await book.warnings(rules, case.opened_at),
    )
    changes = Changes()
    for event in decide_correction(case, order, background, actor=actor, now=now):
        entry = cases.continued(case, event)
        case = changes.changed[case_id] = entry.case
        changes.entries.append(entry)
        changes.settled += [(case_id, kind, ending) for kind, ending in ended(event, deadlines)]
    await book.save(changes, city=rules.city, now=now)
    return case


async def _records(book: Book, case: Case, told: Correction | None, rules: Rulebook) -> Records:
    """What became of cases like the corrected one, where the city weighs its routing."""
    if told is None or not rules.auto_dispatch.needed:
        return {}
    place = rules.grid.place(*told.position) if told.position else None
    area = place.areas[0] if place else case.areas[0]
    return await book.records({(told.category or case.category, area)})
