"""What can be done: decide reports, move a case, take a report out, let a deadline fall due.

Each action is load → rule → save inside the transaction the caller opened, with no other I/O.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dispatch import case as cases
from dispatch import decide as decisions
from dispatch import events as e
from dispatch.batch import decided, places_of, records_of, write_into
from dispatch.case import Case, Move, Order
from dispatch.errors import NotMerged, UnknownCase
from dispatch.ports import Book, Changes
from dispatch.report import Report
from dispatch.rulebook import Rulebook
from dispatch.workflow.clocks import Ending, ended, is_stage, untold
from dispatch.workflow.errors import MergedFurther
from dispatch.workflow.facts import StageOverdue
from dispatch.workflow.merging import counterpart
from dispatch.workflow.variant import Terms

BATCH: Final = 500
"""Reports decided in one transaction at most."""

CLOCK: Final = "clock"
"""The actor of what nobody did in time."""


@dataclass(frozen=True, slots=True)
class Decided:
    """How a batch went; *more* says that some of what was asked for waits for another turn.

    *reports* are the ids that were looked at, oldest first.
    """

    reports: tuple[int, ...] = ()
    cased: int = 0
    merged: int = 0
    rejected: int = 0
    failed: int = 0
    more: bool = False


async def decide(
    book: Book, report_ids: Collection[int], rules: Rulebook, *, now: datetime
) -> Decided:
    """Decide these reports, and before them every older undecided one of the same categories.

    Reports of one category, or of one family of categories that the city matches with each other,
    are decided one transaction after another in the order they were accepted; so which of two
    reports of one incident becomes the case depends on that order alone, however many workers there
    are and whichever of them dies. Already decided is a no-op.
    """
    categories = await book.categories_of(report_ids)
    if not categories:
        return Decided()
    categories = frozenset[str]().union(*map(rules.matching.relatives, categories))
    await book.take_turn(sorted(categories))
    reports = await book.undecided(categories, report_ids, BATCH)
    changes = await decided(book, reports, rules, now)
    await book.save(changes, city=rules.city, now=now)
    return Decided(
        reports=tuple(report.id for report in reports),
        cased=len(changes.opened),
        merged=len(changes.merged),
        rejected=len(changes.rejected),
        failed=len(changes.failed),
        more=len(reports) == BATCH,
    )


async def move(
    book: Book,
    case_id: int,
    order: Order,
    *,
    actor: str,
    city: str,
    now: datetime,
    terms: Terms | None = None,
) -> Case:
    """Carry out a person's order on one case; returns the case as it is then.

    *terms* are the city's variant of the workflow and its working time. Raises UnknownCase and
    what `dispatch.case.obey` raises. Which deadlines end and begin says `dispatch.workflow.clocks`.
    """
    current, other = await _concerned(book, case_id, order)
    deadlines = await book.deadlines(case_id)
    event = cases.obey(
        current[case_id],
        order,
        actor=actor,
        now=now,
        terms=terms,
        deadlines=deadlines,
        other=other,
    )
    changes = Changes()
    late = untold(current[case_id], event, deadlines)
    for one in late:
        _pass(changes, current, case_id, (one.kind, one.due_at), event.at)
    case = write_into(changes, current, case_id, event)
    if other is not None and (theirs := counterpart(event, case)) is not None:
        write_into(changes, current, other.id, theirs)
    others = [one for one in deadlines if one not in late]
    changes.settled += [(case_id, kind, ending) for kind, ending in ended(event, others)]
    await book.save(changes, city=city, now=now)
    return case


async def _concerned(book: Book, case_id: int, order: Order) -> tuple[dict[int, Case], Case | None]:
    """The case, and the one that it is merged into or taken out of.

    Both are locked together, in the order of ids, so that nobody who is after the same two waits
    for us while we wait for them. Whom it was merged into is known before it is locked; was that
    another one by then, there is no such case here, and the order is refused.
    """
    if order.move is Move.UNMERGE:
        current = dict(
            await book.cases({case_id, *filter(None, [await book.merged_into(case_id)])})
        )
    else:
        current = dict(await book.cases({case_id, *filter(None, [order.case])}))
    if case_id not in current:
        raise UnknownCase(case_id)
    into = current[case_id].merged_into if order.move is Move.UNMERGE else order.case
    return current, current.get(into or 0)


async def unmerge(
    book: Book,
    report: Report,
    case_id: int,
    rules: Rulebook,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> Case:
    """Take a merged report out of its case: it becomes a case of its own, routed afresh.

    Raises UnknownCase, and NotMerged when the report is the one the case was opened from or has no
    place in the grid any more; MergedFurther when the case itself was merged since.
    """
    current = dict(await book.cases([case_id]))
    if case_id not in current:
        raise UnknownCase(case_id)
    if (into := current[case_id].merged_into) is not None:
        raise MergedFurther(case_id, into)
    place = places_of([report], rules)[0]
    if place is None or current[case_id].own_reports < 2:
        raise NotMerged(report.id, case_id)
    changes = Changes()
    left = e.ReportUnmerged(at=now, actor=actor, report=report.id, reason=reason)
    write_into(changes, current, case_id, left)
    [new_id] = await book.new_case_ids(1)
    records = await records_of(book, [report], [place], rules)
    warnings = await book.warnings(rules, now)
    alone = decisions.open_case(
        report, place, rules, case_id=new_id, now=now, records=records, warnings=warnings
    )
    changes.opened.append(alone)
    await book.save(changes, city=rules.city, now=now)
    return alone.case


async def fall_due(
    book: Book, due: Sequence[tuple[int, str, datetime]], *, city: str, now: datetime
) -> int:
    """Write that these deadlines (case, kind, due at) passed unmet; returns how many."""
    current = dict(await book.cases({case_id for case_id, _, _ in due}))
    changes = Changes()
    for case_id, kind, due_at in due:
        _pass(changes, current, case_id, (kind, due_at), now)
    await book.save(changes, city=city, now=now)
    return len(due)


def _pass(
    changes: Changes,
    current: dict[int, Case],
    case_id: int,
    deadline: tuple[str, datetime],
    now: datetime,
) -> None:
    """Let one deadline (kind, due at) fall due."""
    write_into(changes, current, case_id, _passed(*deadline, now))
    changes.settled.append((case_id, deadline[0], Ending.FIRED))


def _passed(kind: str, due_at: datetime, now: datetime) -> e.Event:
    if is_stage(kind):
        return StageOverdue(at=now, actor=CLOCK, stage=kind, due_at=due_at)
    return e.CaseOverdue(at=now, actor=CLOCK, milestone=kind, due_at=due_at)
