"""Many people and a clock: whatever they do in whatever order, the workflow stays sound."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg import AsyncConnection

from app.database import connect
from app.http.cases import resource_of
from app.policy import Actor, Role, reach
from dispatch import actions
from dispatch.case import MOVES, Case, Move, Order, State
from dispatch.corrections import correct
from dispatch.deadlines import Limits
from dispatch.ledger import equations
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import StoredEvent, deadlines_of, history, read_case
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.ledger import read_books
from dispatch.postgres.log import due_now
from dispatch.workflow.clocks import is_stage, limit_of
from dispatch.workflow.correction import Correction
from dispatch.workflow.errors import MoveRefused
from dispatch.workflow.given import Given
from dispatch.workflow.moves import Need
from dispatch.workflow.offers import offered
from dispatch.workflow.variant import STAGE_MINUTES, Terms, Variant
from tests.dispatch.workflow.replaying import Rounds, replayed, rounds
from tests.makers import CITY, DEPARTMENTS, NOON, label, rulebook, submission

T = TypeVar("T")
AREAS = frozenset({CITY})
PEOPLE = [
    Actor("ou", frozenset({Role.OPERATOR}), None, AREAS),
    Actor("ying", frozenset({Role.INSPECTOR}), None, AREAS),
    Actor("yun", frozenset({Role.INSPECTOR}), None, AREAS),
    Actor("chen", frozenset({Role.DISPATCHER}), None, AREAS),
    Actor("li", frozenset({Role.HANDLER}), "sanitation"),
    Actor("shui", frozenset({Role.HANDLER}), "water"),
    Actor("huo", frozenset({Role.HANDLER}), "fire"),
    Actor("sun", frozenset({Role.SUPERVISOR}), None, AREAS),
    # Somebody of many roles, who could do everything alone if only roles were asked.
    Actor("wan", frozenset({*Role} - {Role.ANYONE}), "sanitation", AREAS),
]
LIMITS = [
    {"row": row, "category": category, "condition": "usual", "name": label("Usual"),
     "milestone": milestone, "amount": amount, "unit": unit, "default": True}
    for row, category, milestone, amount, unit in (
        (1, "*", "stop", 5, "urgent_hour"), (2, "*", "resolve", 2, "work_day"),
        (3, "01001", "resolve", 3, "work_hour"),
    )
]  # fmt: skip
VARIANT = Variant.of({"off": [], "photo": [], "names": {}, "minutes": STAGE_MINUTES})
RULES = rulebook(auto_file=False, limits=Limits.of(LIMITS), variant=VARIANT)
TERMS = Terms(VARIANT, RULES.calendar)
CODES = [one["code"] for one in DEPARTMENTS]
CORRECTIONS = [
    Correction(category="01001"), Correction(category="09009"),
    Correction(lon=113.0013, lat=29.0003), Correction(category="06010", lon=113.0003, lat=29.0013),
]  # fmt: skip
SPOT = (113.0003, 29.0003)
"""The nine places of a history are enough to tell it."""
SELDOM = {
    Given.CHECK_ASKED, Given.SUSPENDED, Given.EXTENSION_ASKED, Given.PARTS_OPEN, Given.LATE,
    Given.APPEALED, Given.MERGED,
}  # fmt: skip
"""What is true of a case for a while only: what it makes possible is done while it is."""
ENDING = (7, 31, 34)
SPANS = st.sampled_from([timedelta(minutes=m) for m in (0, 1, 20, 60, 300, 1500, 4400)])


class Life(RuleBasedStateMachine):
    """One case after the other in one database, moved by whoever may, refused to all others.

    All lives share *loop* and *conn*: a machine under load may refuse one of many connections, and
    then a life would end for no fault of the workflow.
    """

    loop: asyncio.Runner
    conn: AsyncConnection
    made: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.case_id = self.other = 0
        self.done: Counter[Move] = Counter()

    def do(self, what: Awaitable[T]) -> T:
        async def waited() -> T:
            return await what

        return self.loop.run(waited())

    @initialize()
    def somebody_reports_first(self) -> None:
        self.somebody_reports()
        self.other = self.case_id
        self.somebody_reports()

    @precondition(lambda self: self.case_id and self.case().state is State.VOID)
    @rule()
    def somebody_reports(self) -> None:
        async def reported() -> int:
            async with self.conn.transaction():
                # Far from all others, so that it is a case of its own.
                await self.conn.execute("UPDATE cases SET reported_at = '2000-01-01'")
                [told] = await accept_many(self.conn, [submission(at=SPOT)])
                await actions.decide(PostgresBook(self.conn), [told.report_id], RULES, now=self.now)
            found = await self.conn.execute("SELECT max(id) FROM cases")
            [case_id] = await found.fetchone() or (0,)
            return case_id

        self.case_id = self.do(reported())

    def time_passes(self, span: timedelta) -> None:
        """The clock process looks after it, as it does every few seconds."""
        self.now += span

        async def fallen_due() -> None:
            async with self.conn.transaction():
                due = await due_now(self.conn, self.now)
                await actions.fall_due(PostgresBook(self.conn), due, city=CITY, now=self.now)

        self.do(fallen_due())

    @rule(
        who=st.none() | st.sampled_from(PEOPLE), department=st.sampled_from(CODES),
        passes=SPANS, span=SPANS, tie=st.integers(0, len(Move)),
    )  # fmt: skip
    def somebody_does_what_is_offered(
        self, who: Actor | None, department: str, passes: timedelta, span: timedelta, tie: int
    ) -> None:
        """What was done least in this life, by somebody or by whoever can."""
        self.time_passes(passes)
        people = PEOPLE if who is None else [who]
        offers = [(move, one) for one in people for move in self.do(self.offers(one))]
        if offers:
            move, one = min(offers, key=lambda offer: self.turn(offer[0], tie))
            told = CORRECTIONS[(tie + sum(self.done.values())) % len(CORRECTIONS)]
            until = self.until(span)
            order = Order(move, "because", department, until=until, correction=told)
            severity = 4 if self.case().severity < 4 else 3
            self.order(one, replace(order, severity=severity, case=self.other))

    def turn(self, move: Move, tie: int) -> tuple[bool, int, bool, int]:
        """What was done least comes first, what is seldom possible before what often is.

        What leads nowhere comes last, but now and then a case comes to its end.
        """
        step, place = MOVES[move], (list(Move).index(move) + tie) % len(Move)
        ends = step.target is State.VOID
        last = not ends if tie in ENDING else ends or move is Move.GRADE
        seldom = bool(step.given & SELDOM) or Need.DEADLINE in step.needs
        return last, self.done[move], not seldom, place

    @rule(
        who=st.sampled_from(PEOPLE), move=st.sampled_from(list(Move)),
        reason=st.sampled_from(["", "because"]),
        department=st.sampled_from([None, *CODES]), span=st.none() | SPANS,
        behind=st.sampled_from([None, None, 0, 1]), told=st.none() | st.sampled_from(CORRECTIONS),
        severity=st.sampled_from([None, 1, 2, 3, 4]),
        other=st.sampled_from(["other", "itself", "nobody", None]),
    )  # fmt: skip
    def somebody_tries_anything(
        self, who: Actor, move: Move, reason: str, department: str | None, span: timedelta | None,
        behind: int | None, told: Correction | None, severity: int | None, other: str | None,
    ) -> None:  # fmt: skip
        version = None if behind is None else self.case().version - behind
        until = None if span is None else self.now + span
        order = Order(move, reason, department, version, until, correction=told)
        twins = {"other": self.other, "itself": self.case_id, "nobody": 404}
        self.order(who, replace(order, severity=severity, case=twins.get(other or "")))

    def until(self, span: timedelta) -> datetime:
        """A time after whatever is due next."""
        return max(self.now, self.case().due_at or self.now) + span + timedelta(minutes=1)

    def case(self) -> Case:
        return self.do(read_case(self.conn, self.case_id))

    async def offers(self, who: Actor) -> tuple[Move, ...]:
        case = await read_case(self.conn, self.case_id)

        def allows(move: Move) -> bool:
            action = f"case.move.{move}"
            return reach(who, action).covers(resource_of(case, action))

        return offered(
            case, actor=who.name, by=who.department, variant=VARIANT,
            deadlines=await deadlines_of(self.conn, case.id), now=self.now, allows=allows,
        )  # fmt: skip

    def order(self, who: Actor, order: Order) -> None:
        """What the door does: ask the policy, then act. What is refused must change nothing."""
        before, offers = self.case(), self.do(self.offers(who))
        action = f"case.move.{order.move}"
        if not reach(who, action).covers(resource_of(before, action)):
            assert order.move not in offers
            return
        try:
            self.do(self.moved(who, replace(order, by=who.department)))
        except MoveRefused:
            assert self.case() == before
        else:
            assert order.move in offers
            assert before.state in MOVES[order.move].origins
            self.done[order.move] += 1
            self.made[order.move] += 1

    async def moved(self, who: Actor, order: Order) -> None:
        async with self.conn.transaction():
            book = PostgresBook(self.conn)
            if order.move is Move.CORRECT:
                await correct(book, self.case_id, order, RULES, actor=who.name, now=self.now)
                return
            await actions.move(
                book, self.case_id, order, actor=who.name, city=CITY,
                now=self.now, terms=TERMS,
            )  # fmt: skip

    @invariant()
    def the_history_makes_the_case(self) -> None:
        if self.case_id:
            case = self.case()
            assert replayed(case, self.do(history(self.conn, case.id))) == case

    @invariant()
    def the_history_makes_the_deadlines(self) -> None:
        if self.case_id:
            told = rounds(self.do(history(self.conn, self.case_id)))
            assert self.do(self.stored_rounds()) == told

    @invariant()
    def no_clock_is_lost(self) -> None:
        """Who has to act has a clock that runs, or had one that fired; who is done has none."""
        if not self.case_id:
            return
        case, stored = self.case(), self.do(self.stored_rounds())
        newest = {kind: turns[-1][1] for kind, turns in stored.items()}
        running = {kind for kind, state in newest.items() if state == "pending"}
        limit = limit_of(case).keys()
        assert {kind for kind in running if not is_stage(kind)} <= limit
        # By another limit a case may be late before the clock process has looked at it.
        to_come = {kind for kind in running if stored[kind][-1][0] > self.now}
        if case.state in (State.VERIFIED, State.CLOSED, State.VOID):
            assert not to_come
        elif case.state is State.HANDLED:
            assert to_come <= {"stage.verify"}
        elif case.suspended_at is None:
            assert {newest[kind] for kind in limit} <= {"pending", "fired"}
        for turns in stored.values():
            assert [state for _, state in turns[:-1]].count("pending") == 0

    async def stored_rounds(self) -> Rounds:
        found = await self.conn.execute(
            "SELECT kind, due_at, state FROM deadline WHERE case_id = %s ORDER BY kind, round",
            [self.case_id],
        )
        made: Rounds = {}
        for kind, due_at, state in await found.fetchall():
            made.setdefault(kind, []).append((due_at, state))
        return made

    @invariant()
    def the_way_to_the_end_was_the_right_one(self) -> None:
        if self.case_id:
            judge_way(self.do(history(self.conn, self.case_id)))

    @invariant()
    def the_books_balance(self) -> None:
        lines = equations(self.do(read_books(self.conn)))
        assert [line for line in lines if not line.holds] == []


def judge_way(events: list[StoredEvent]) -> None:
    """Soundness, told from the history alone."""
    workers, handler, open_parts = set[str](), "", 0
    milestones = dict[str, Any]()
    verified = filed = False
    for event in events:
        began = event.fields.get("began", {})
        assert isinstance(began, dict)
        told = {kind: due for kind, due in began.items() if not kind.startswith("stage.")}
        match event.kind:
            case "handled" | "self_handled":
                assert open_parts == 0
                handler, verified = event.actor, False
            case "part_finished":
                workers.add(event.actor)
                open_parts -= 1
            case "part_released":
                open_parts -= 1
            case "involved":
                open_parts += 1
            case "filed":
                filed = True
            case "assigned":
                assert filed
            case "verified":
                assert event.actor not in workers | {handler}
                verified = True
            case "reworked" | "reopened":
                verified = False
            case "closed":
                assert verified
            case _:
                pass
        # Only these give time, stop it or let it go on; all others leave the limit where it was.
        giving = ("extended", "resumed", "reworked", "reopened", "corrected", "separated")
        assert not told or event.kind in giving
        if event.kind in ("reworked", "separated"):
            assert told.items() <= milestones.items()
        due = event.fields.get("due", {})
        assert isinstance(due, dict)
        milestones |= {**due, **told}


@pytest.fixture
def made(database_url: str) -> Iterator[Counter[str]]:
    with asyncio.Runner() as Life.loop:
        Life.conn, Life.made = Life.loop.run(connect(database_url)), Counter()
        yield Life.made
        Life.loop.run(Life.conn.close())


def lives(count: int, steps: int) -> None:
    """Always the same ones, so that what they reach does not depend on luck."""
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=count,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_people_do_the_workflow_stays_sound(made: Counter[str]) -> None:
    lives(6, 60)

    assert len(made) > len(Move) / 2


@pytest.mark.long
def test_in_many_lives_it_stays_sound_and_every_move_is_reached(made: Counter[str]) -> None:
    lives(25, 60)

    assert {*Move} - {*made} == set()
