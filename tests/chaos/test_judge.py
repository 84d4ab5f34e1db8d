"""The judge notices: each wrong is forged on a small run, and exactly its checks object."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any, Final
from uuid import uuid4

import pytest

from app.services.postgres import create_database, drop_database
from tests.chaos.judge import CHECKS, Judge
from tests.chaos.small_run import SmallRun, make_small_run

LOST = "every acknowledged report is in the inbox"
DOUBLED = "no key has two rows in the inbox"
RECEIPT = "an acknowledged report always has one receipt, its own"
UNANSWERED = "every planned report was accepted in the end"
INVENTED = "no report was invented or changed"
OTHER_BYTES = "other bytes under a known key are refused"
ANSWERS = "every answer of the doors is as promised"
MALFORMED = "malformed reports are refused and not stored"
OUTCOME = "every report has exactly one outcome in the histories of cases"
EVIDENCE = "histories name reports by the hash of their bytes"
SEQUENCE = "the sequence numbers of devices have no hole"
PHOTOS = "acknowledged photos are there"
CHAIN = "the chains of all histories are unbroken"
STATE = "every case is what its history makes of it"
MERGED = "reports of one incident were merged into one case"
LIMITS = "deadlines are due when their limits say"
MILESTONES = "every milestone has its deadline"
FIRED_ONCE = "every fired deadline has exactly one event 'overdue'"
EARLY = "no deadline fired early"
FORGOTTEN = "no deadline was forgotten"
TOLD = "every event is one outbox row with a position"
DELIVERED = "every effect was delivered to the sink"
SETTLED = "every delivery is marked as sent, and only what the sink has"
UNKNOWN = "the sink got no effect but ours, byte for byte"
REPEATED = "no effect was delivered again without a reason"
ALARM = "every window that crossed a threshold became an alarm"
FALSE_ALARM = "no alarm was invented"
SAMPLES = "every batch of samples was taken in the end"
BOOKS = "the books were true in every snapshot"
UNDECIDED = "nothing is undecided for more than a minute"
DEAD = "no good report is dead"
SCREEN = "the screen shows what the database has"
MEMORY = "the memory of every process is flat"

_COPY: Final = """
    INSERT INTO inbox (receipt, source, client_key, body_sha256, channel, category, position, datum,
                       happened_at, body, state, reason, decided_at)
    SELECT 'another', source, {key}, body_sha256, channel, category, position, datum,
           happened_at, body, state, reason, decided_at
      FROM inbox
     WHERE state = 'rejected'
"""

IN_THE_DATABASE: Final[dict[str, tuple[str, set[str]]]] = {
    "a report is gone": ("DELETE FROM inbox WHERE state = 'rejected'", {LOST}),
    "a key has two rows": (
        "ALTER TABLE inbox DROP CONSTRAINT inbox_source_client_key_key;"
        + _COPY.format(key="client_key"),
        {DOUBLED, BOOKS},
    ),
    "a case stands still and nobody said so": (
        "UPDATE cases SET suspended_at = now() WHERE state = 'assigned' AND id IN"
        " (SELECT min(id) FROM cases WHERE state = 'assigned')",
        {BOOKS},
    ),
    "a helper was involved by nobody": (
        "INSERT INTO case_part (case_id, number, department, state, involved_at)"
        " SELECT min(id), 1, 'water', 'open', now() FROM cases WHERE state = 'assigned'",
        {BOOKS},
    ),
    "a clock runs that nothing began": (
        "INSERT INTO deadline (case_id, kind, due_at)"
        " SELECT min(id), 'stage.verify', now() + interval '1 day' FROM cases"
        " WHERE state = 'assigned'",
        {MILESTONES},
    ),
    "a report came from nowhere": (_COPY.format(key="'nobody'"), {INVENTED}),
    "other bytes are stored": (
        "UPDATE inbox SET body_sha256 = 'x' WHERE state = 'rejected'",
        {INVENTED},
    ),
    "a case names another report's bytes": (
        "UPDATE inbox SET body_sha256 = 'x' WHERE state = 'cased' AND device_seq = 1",
        {INVENTED, EVIDENCE},
    ),
    "a report is in another case than its history says": (
        "UPDATE inbox SET case_id = (SELECT max(id) FROM cases) WHERE state = 'merged'",
        {OUTCOME},
    ),
    "a device skipped a number": (
        "UPDATE inbox SET device_seq = 9 WHERE device_seq = 3",
        {SEQUENCE},
    ),
    "a photo is gone": ("DELETE FROM photo", {PHOTOS}),
    "a history was changed": (
        'UPDATE case_event SET canon = replace(canon, \'"lat":"29\', \'"lat":"30\')'
        " WHERE kind = 'reported' AND case_id = 1",
        {CHAIN},
    ),
    "an event's columns say something else": (
        "UPDATE case_event SET actor = 'nobody' WHERE kind = 'filed' AND case_id = 1",
        {CHAIN},
    ),
    "the head of a chain is another": (
        "UPDATE cases SET head = sha256('x') WHERE id = 1",
        {CHAIN, BOOKS},
    ),
    "a case is with another department": (
        "UPDATE cases SET department = 'fire' WHERE id = 1",
        {STATE, SCREEN},
    ),
    "a report was counted twice": (
        "UPDATE cases SET reports = reports + 1 WHERE id = 1",
        {STATE, SCREEN, BOOKS},
    ),
    "an overdue case does not say so": (
        "UPDATE cases SET overdue = false WHERE overdue",
        {STATE, SCREEN, BOOKS},
    ),
    "a case was closed without work": (
        "UPDATE cases SET state = 'closed', closed_at = now() WHERE category = '06010'",
        {STATE, SCREEN, BOOKS},
    ),
    "two cases are of one incident": (
        "UPDATE cases SET position = (SELECT min(position) FROM cases WHERE category = '01001')"
        " WHERE category = '01001'",
        {MERGED, SCREEN},
    ),
    "a deadline slipped by a time zone": (
        "UPDATE deadline SET due_at = due_at + interval '8 h' WHERE state = 'pending'",
        {MILESTONES},
    ),
    "a deadline fired and was forgotten": (
        "UPDATE deadline SET state = 'pending', ended_at = NULL WHERE state = 'fired'",
        {FIRED_ONCE, FORGOTTEN, BOOKS},
    ),
    "a deadline fired before its time": (
        "UPDATE deadline SET due_at = now() + interval '1 h' WHERE state = 'fired'",
        {EARLY, FIRED_ONCE, MILESTONES},
    ),
    "an event was not told": (
        "DELETE FROM outbox WHERE dedup = 'case-1-1'",
        {TOLD, UNKNOWN, BOOKS},
    ),
    "an event has no position": (
        "UPDATE outbox SET position = NULL WHERE position = 1",
        {TOLD, BOOKS},
    ),
    "the head of the log is beyond it": ("UPDATE log_head SET position = position + 1", {BOOKS}),
    "more was carried than there is": ("UPDATE log_carried SET position = 999", {BOOKS}),
    "nobody is owed an event": ("DELETE FROM delivery WHERE dedup = 'case-1-1'", {BOOKS}),
    "an event was not sent": (
        "UPDATE delivery SET state = 'pending', sent_at = NULL WHERE dedup = 'case-1-1'",
        {SETTLED},
    ),
    "a report is undecided": (
        "UPDATE inbox SET state = 'accepted', reason = NULL, decided_at = NULL"
        " WHERE state = 'rejected'",
        {UNDECIDED},
    ),
    "a good report is dead": (
        "UPDATE inbox SET state = 'dead' WHERE state = 'rejected'",
        {DEAD},
    ),
}


def _without_first(book: str) -> Callable[[SmallRun], None]:
    return lambda run: run.write(book, run.lines(book)[1:])


def _changed(book: str, **changes: Any) -> Callable[[SmallRun], None]:
    return lambda run: run.change(book, **changes)


def _added(book: str, **changes: Any) -> Callable[[SmallRun], None]:
    return lambda run: run.add(book, **changes)


def _called_a_repeat(run: SmallRun) -> None:
    first, *others = run.lines("phones")
    run.write("phones", [first | {"status": 200}, *others])


def _all_again(run: SmallRun) -> None:
    lines = run.lines("sink")
    run.write("sink", [*lines, *(line | {"n": 2, "t": line["t"] + 2} for line in lines)])


def _screen_of_yesterday(run: SmallRun) -> None:
    file = run.folder / "screen.json"
    shown = json.loads(file.read_text())
    shown["cases"][0]["version"] -= 1
    file.write_text(json.dumps(shown))


def _grown(run: SmallRun) -> None:
    sizes = [{"t": n, "name": "web-1", "pid": 7, "rss_mb": 100 + n} for n in range(0, 400, 5)]
    run.write("memory", sizes)


OVER: Final = "S00002|river-high|2026-11-23T08:00:00+00:00"

IN_THE_BOOKS: Final[dict[str, tuple[Callable[[SmallRun], None], set[str]]]] = {
    "two receipts for one key": (_added("phones", receipt="another", status=200), {RECEIPT}),
    "a receipt of somebody else": (
        _changed("phones", receipt="another"),
        {RECEIPT},
    ),
    "a planned report was never accepted": (_added("planned", key="another"), {UNANSWERED}),
    "other bytes were taken": (_added("phones", kind="other-bytes", status=200), {OTHER_BYTES}),
    "a good report was answered 500": (_added("phones", status=500, attempt=4), {ANSWERS}),
    "a first attempt was called a repeat": (_called_a_repeat, {ANSWERS}),
    "a repeat was called new": (_added("phones", attempt=4), {ANSWERS}),
    "a malformed report was answered 500": (
        _changed("malformed", status=500),
        {MALFORMED},
    ),
    "an effect never came": (_without_first("sink"), {DELIVERED, SETTLED}),
    "an effect came that is none": (_added("sink", key="case-99-1"), {UNKNOWN}),
    "an effect came with other bytes": (_changed("sink", body="00"), {UNKNOWN}),
    "effects came again for no reason": (_all_again, {REPEATED}),
    "a window became no alarm": (_added("sensors", over=[OVER], status=202), {ALARM}),
    "an alarm is of no window": (
        _changed("sensors", over=[]),
        {FALSE_ALARM},
    ),
    "good samples were refused": (_added("sensors", status=202, refused=3), {SAMPLES}),
    "a batch was answered 422": (_added("sensors", status=422), {SAMPLES}),
    "a batch was never taken": (_added("sensors", key=2), {SAMPLES}),
    "a screen shows an older case": (_screen_of_yesterday, {SCREEN}),
    "there was no screen": (lambda run: (run.folder / "screen.json").unlink(), {SCREEN}),
    "a process grew": (_grown, {MEMORY}),
}


def _due(run: SmallRun, category: str) -> datetime:
    return run.ask(f"SELECT min(due_at) FROM cases WHERE category = '{category}'").astimezone(UTC)


def _one_hour_more(run: SmallRun) -> None:
    due = _due(run, "01001") + timedelta(hours=1)
    run.rewrite(1, 1, due={"resolve": _text(due)})
    run.spoil(f"UPDATE deadline SET due_at = '{_text(due)}' WHERE case_id = 1")


def _at_night(run: SmallRun) -> None:
    due = _due(run, "06010").replace(hour=19)
    run.rewrite(2, 1, due={"resolve": _text(due)})
    run.spoil(f"UPDATE deadline SET due_at = '{_text(due)}' WHERE case_id = 2")


def _early_by_the_citys_clock(run: SmallRun) -> None:
    due = _due(run, "01001")
    run.rewrite(1, 4, at=_text(due - timedelta(seconds=5)))


def _early_at_the_sink(run: SmallRun) -> None:
    due = _due(run, "01001")
    lines = [
        {**x, "t": due.timestamp() - 5} if x["key"] == "case-1-4" else x for x in run.lines("sink")
    ]
    run.write("sink", lines)


def _text(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


IN_BOTH: Final[dict[str, tuple[Callable[[SmallRun], None], set[str]]]] = {
    "an urgent limit has an hour more": (_one_hour_more, {LIMITS, FIRED_ONCE}),
    "a working day ends at night": (_at_night, {LIMITS}),
    "a deadline fired early by the city's clock": (_early_by_the_citys_clock, {EARLY}),
    "a deadline was told early": (_early_at_the_sink, {EARLY}),
}


@pytest.fixture(scope="module")
def right(
    database_server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallRun]:
    """A run in which all is right; its books and its database are copied, never changed."""
    name = f"test_{uuid4().hex[:12]}"
    url = create_database(database_server_url, name, template)
    yield asyncio.run(make_small_run(url, tmp_path_factory.mktemp("right")))
    drop_database(database_server_url, name)


@pytest.fixture
def books(right: SmallRun, tmp_path: Path) -> SmallRun:
    """The run with books of its own, to be spoilt."""
    return SmallRun(right.url, Path(copytree(right.folder, tmp_path / "books")))


@pytest.fixture
def run(books: SmallRun, database_server_url: str) -> Iterator[SmallRun]:
    """The run with books and a database of its own, to be spoilt."""
    name = f"test_{uuid4().hex[:12]}"
    url = create_database(database_server_url, name, books.url.rpartition("/")[2])
    yield SmallRun(url, books.folder)
    drop_database(database_server_url, name)


def objections(run: SmallRun, **how: float) -> dict[str, str]:
    return {check.name: check.detail for check in run.verdict(**how).broken}


def test_a_run_in_which_all_is_right_is_approved(books: SmallRun) -> None:
    assert objections(books) == {}


@pytest.mark.parametrize("wrong", IN_THE_DATABASE)
def test_a_wrong_in_the_database_is_noticed(run: SmallRun, wrong: str) -> None:
    sql, expected = IN_THE_DATABASE[wrong]
    run.spoil(sql)

    assert objections(run).keys() == expected


@pytest.mark.parametrize("wrong", IN_THE_BOOKS)
def test_a_wrong_in_the_books_is_noticed(books: SmallRun, wrong: str) -> None:
    spoil, expected = IN_THE_BOOKS[wrong]
    spoil(books)

    assert objections(books).keys() == expected


@pytest.mark.parametrize("wrong", IN_BOTH)
def test_a_wrong_that_is_chained_anew_is_noticed(run: SmallRun, wrong: str) -> None:
    spoil, expected = IN_BOTH[wrong]
    spoil(run)

    assert objections(run).keys() == expected


def test_every_check_has_objected() -> None:
    forged = [*IN_THE_DATABASE.values(), *IN_THE_BOOKS.values(), *IN_BOTH.values()]

    assert set[str]().union(*(expected for _, expected in forged)) == set(CHECKS)


def test_repeats_at_a_fault_of_the_notifier_have_a_reason(books: SmallRun) -> None:
    _all_again(books)
    at = books.lines("sink")[0]["t"] + 1
    killed = {"t": at, "kind": "process-killed", "target": "notifier-1", "ended": at}
    books.write("faults", [killed])

    assert objections(books) == {}


def test_samples_may_be_lost_with_their_log(books: SmallRun) -> None:
    books.add("sensors", over=[OVER], status=202)
    destroyed = {
        "t": books.lines("sensors")[0]["t"] + 5,
        "kind": "broker-destroyed",
        "target": "broker",
    }
    books.write("faults", [destroyed])

    assert objections(books) == {}


def test_a_report_may_be_undecided_for_a_while(run: SmallRun) -> None:
    run.spoil(IN_THE_DATABASE["a report is undecided"][0])

    assert objections(run, looked_s_ago=20.0) == {}


def test_a_snapshot_that_could_not_be_taken_proves_nothing(books: SmallRun) -> None:
    judge = Judge(books.url.replace("test_", "no_such_"), books.folder)

    snapshot = judge.sample()
    judge.close()

    assert not snapshot.taken
    assert not snapshot.holds
    assert "does not exist" in snapshot.problem


def test_a_run_without_snapshots_is_not_approved(books: SmallRun) -> None:
    verdict = Judge(books.url, books.folder).verdict(time.time())

    assert [check.name for check in verdict.broken] == [BOOKS]


def test_a_wrong_seen_on_the_way_counts_though_it_was_put_right(run: SmallRun) -> None:
    judge = Judge(run.url, run.folder)
    run.spoil("UPDATE log_head SET position = position + 1")
    judge.sample()
    run.spoil("UPDATE log_head SET position = position - 1")
    judge.sample()

    verdict = judge.verdict(time.time())

    assert [check.name for check in verdict.broken] == [BOOKS]
    assert verdict.figures["snapshots_true"] == verdict.figures["snapshots_wrong"] == 1
