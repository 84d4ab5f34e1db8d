"""One incident from the first report to the closed case; `docs/tour.md` follows the same road.

Exposed rubbish by the mill: two people report it, one of them twice. It becomes one case.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from app.audit import verify_chains
from app.policy import Refused
from dispatch.case import Move, State
from dispatch.postgres.cases import history, read_case
from dispatch.workflow.errors import IllegalMove
from tests.makers import CELLS, CITY, rulebook, spot, submission
from tests.story.town_at_work import HANDLER, INSPECTOR, OPERATOR, PLUMBER, Town, at_work, why


@pytest.fixture
async def town(database_url: str, conn: AsyncConnection, tmp_path: Path) -> AsyncIterator[Town]:
    async with at_work(database_url, conn, tmp_path) as settled:
        yield settled


async def test_one_incident_from_the_first_report_to_the_closed_case(town: Town) -> None:
    # Somebody reports rubbish by the mill. The answer comes when the report is durable.
    rubbish = submission(source="open311:portal", category="06010", at=spot(30, 30))
    first = await town.accept(rubbish)
    assert first.fresh
    assert (await town.standing(first.receipt)).state == "accepted"

    # The phone lost the answer and sends the same again: the same receipt, nothing new.
    again = await town.accept(rubbish)
    assert (again.fresh, again.receipt) == (False, first.receipt)

    # A neighbour sees the same heap, 20 m further on.
    second = await town.accept(submission(source="device:7", category="06010", at=spot(50, 30)))

    # The relay tells the stream of both, by their ids; everything else stays in the inbox.
    await town.relay()
    assert await town.stream() == [first.report_id, second.report_id]

    # The agent decides them. A batch that is delivered again changes nothing.
    assert await town.decide(await town.stream()) == 2
    assert await town.decide(await town.stream()) == 0
    assert await town.unbalanced() == []

    # One became the case and the other joined it; both senders can see that.
    standing, joined = await town.standing(first.receipt), await town.standing(second.receipt)
    assert (standing.state, joined.state) == ("cased", "merged")
    assert standing.case_id is not None
    assert standing.case_id == joined.case_id

    # It lies in one cell, one department answers for it, and the case says why and until when.
    case = await read_case(town.conn, standing.case_id)
    assert (case.cell, case.areas[-1], case.reports) == (CELLS[2], CITY, 2)
    assert (case.state, case.department) == (State.ASSIGNED, "sanitation")
    assert (why(case)["step"], why(case)["row"]) == ("jurisdiction", 2)
    assert await town.deadlines(case.id) == [("resolve", "pending")]

    # The map has not heard of it: nothing was numbered since. Then it paints the case.
    assert town.screen.marker(case.id) is None
    await town.paint()
    painted = town.screen.marker(case.id)
    assert painted is not None
    assert (painted.state, painted.reports, painted.version) == ("assigned", 2, case.version)
    assert town.screen.board == await town.fresh_board()

    # It is no business of another department, and nobody verifies work that is not done.
    with pytest.raises(Refused):
        await town.move(PLUMBER, case.id, Move.HANDLE)
    with pytest.raises(IllegalMove):
        await town.move(INSPECTOR, case.id, Move.VERIFY)

    # The department says it is done: the deadline is met. The inspector finds a bag: it runs on.
    await town.move(HANDLER, case.id, Move.HANDLE)
    assert await town.deadlines(case.id) == [("resolve", "met")]
    await town.move(INSPECTOR, case.id, Move.REWORK, reason="one bag is still there")
    assert await town.deadlines(case.id) == [("resolve", "met"), ("resolve", "pending")]

    # Done again, seen by the inspector, closed by the operator; the case leaves the map.
    await town.move(HANDLER, case.id, Move.HANDLE)
    await town.move(INSPECTOR, case.id, Move.VERIFY)
    await town.move(OPERATOR, case.id, Move.CLOSE)
    await town.paint()
    assert town.screen.board == await town.fresh_board()
    assert town.screen.marker(case.id) is None
    assert (await town.standing(second.receipt)).case_state == "closed"

    # What happened can be proved, and everything that was accepted is accounted for.
    proof = await verify_chains(town.conn)
    assert (proof.cases, proof.events, proof.broken) == (1, 9, [])
    assert [(one.kind, one.actor) for one in await history(town.conn, case.id)] == [
        ("reported", "rules"),
        ("filed", "rules"),
        ("assigned", "rules"),
        ("merged", "rules"),
        ("handled", "handler"),
        ("reworked", "inspector"),
        ("handled", "handler"),
        ("verified", "inspector"),
        ("closed", "operator"),
    ]
    assert await town.unbalanced() == []
    inbox = (await town.books()).inbox
    assert (inbox.accepted, inbox.cased, inbox.merged, inbox.in_flight) == (2, 1, 1, 0)


async def test_the_same_heap_on_another_day_is_another_case(town: Town) -> None:
    rules = rulebook()
    today = submission(category="06010")
    tomorrow = submission(
        category="06010",
        happened_at=today.happened_at + rules.matching.rules[-1].within + timedelta(days=1),
    )

    receipts = [(await town.accept(one)).receipt for one in (today, tomorrow)]
    await town.relay()
    await town.decide(await town.stream())

    cases = {(await town.standing(receipt)).case_id for receipt in receipts}
    assert len(cases) == 2
    assert await town.unbalanced() == []
