"""A run as small as can be in which everything is right: what the judge's tests spoil.

The product makes it, and the judge knows nothing of the product: each is held against the other.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from app.database import connect
from dispatch import actions
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.destinations import add_destination
from dispatch.postgres.inbox import accept_many, add_photo
from dispatch.postgres.log import mark_carried, number
from dispatch.report import Channel, Submission
from maps.board import WHOLE_CITY
from maps.postgres.log import read_board
from maps.wire import snapshot_text
from tests.chaos.clients import DEVICES, PORTAL
from tests.chaos.judge import Judge, Verdict
from tests.makers import CITY, PARTS, rulebook, spot, submission

PHOTO: Final = b"a photo"
BEGAN: Final = timedelta(hours=3)
"""So long ago it was all decided; the quickest limit of Littletown is two hours."""


@dataclass(frozen=True)
class SmallRun:
    """The database and the books of a run that is over."""

    url: str
    folder: Path

    def ask(self, sql: str) -> Any:
        """The first value that the database answers."""
        with psycopg.connect(self.url) as conn:
            return (conn.execute(sql.encode()).fetchone() or (None,))[0]

    def spoil(self, sql: str, parameters: Sequence[Any] | None = None) -> None:
        """Change the database past all that protects it."""
        with psycopg.connect(self.url) as conn:
            conn.execute("SET session_replication_role = replica")
            conn.execute(sql.encode(), parameters)

    def rewrite(self, case_id: int, seq: int, **changes: Any) -> None:
        """Tell an event differently, and chain the whole history of its case anew."""
        previous = bytes(32)
        history = f"SELECT json_agg(canon ORDER BY seq) FROM case_event WHERE case_id = {case_id}"
        for place, canon in enumerate(self.ask(history), 1):
            told = json.loads(canon) | (changes if place == seq else {})
            text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            previous = hashlib.sha256(previous + text.encode()).digest()
            self.spoil(
                "UPDATE case_event SET canon = %s, hash = %s, at = %s"
                " WHERE case_id = %s AND seq = %s",
                [text, previous, told["at"], case_id, place],
            )
        self.spoil("UPDATE cases SET head = %s WHERE id = %s", [previous, case_id])

    def lines(self, book: str) -> list[dict[str, Any]]:
        """A book's lines."""
        text = (self.folder / f"{book}.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def write(self, book: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write a book anew."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (self.folder / f"{book}.jsonl").write_text(text)

    def change(self, book: str, **changes: Any) -> None:
        """Change every line of a book."""
        self.write(book, [line | changes for line in self.lines(book)])

    def add(self, book: str, **changes: Any) -> None:
        """Add a line to a book: its first one with changes."""
        lines = self.lines(book)
        self.write(book, [*lines, lines[0] | changes])

    def verdict(self, *, looked_s_ago: float = 90.0) -> Verdict:
        """What the judge says who looked once, so long ago."""
        judge = Judge(self.url, self.folder)
        judge.sample()
        return judge.verdict(time.time() + looked_s_ago)


async def make_small_run(url: str, folder: Path) -> SmallRun:
    """Two cases of one and two reports, one overdue, one rejected, one alarm: all as it must be."""
    run = SmallRun(url, folder)
    async with await connect(url) as conn:
        await _prepare(conn)
        sent = [*_reports(), _alarm(run)]
        async with conn.transaction():
            accepted = await accept_many(conn, sent)
        async with conn.transaction():
            ids = [one.report_id for one in accepted]
            began_at = datetime.now(UTC) - BEGAN
            await actions.decide(PostgresBook(conn), ids, rulebook(), now=began_at)
        await _let_fall_due(conn)
        async with conn.transaction():
            _, entries = await number(conn)
            await mark_carried(conn, entries[-1].position)
        _keep_phone_books(run, sent, [one.receipt for one in accepted])
        await _add_photo(run, conn, accepted[0].receipt)
        await _deliver(run, conn)
        async with conn.transaction():
            board = await read_board(conn, WHOLE_CITY)
    (folder / "screen.json").write_bytes(snapshot_text(board, datetime.now(UTC)))
    return run


async def _prepare(conn: AsyncConnection) -> None:
    for part, content in PARTS.items():
        await conn.execute(
            "INSERT INTO city_part (part, version, content, sha256) VALUES (%s, 1, %s, '')",
            [part, Jsonb(content)],
        )
    async with conn.transaction():
        await add_destination(conn, "sink", "http://127.0.0.1:9/", None)


def _reports() -> list[Submission]:
    """Three of one device, of which two are of one incident; one from outside through a portal."""
    return [
        submission(source=DEVICES[0], device_seq=1, category="01001"),
        submission(source=DEVICES[0], device_seq=2, category="06010"),
        submission(source=DEVICES[0], device_seq=3, category="06010", at=spot(35.0)),
        submission(source=PORTAL, at=spot(9_000.0), channel=Channel.OPEN311),
    ]


def _alarm(run: SmallRun) -> Submission:
    """An alarm at another place, and the batch of samples that it came from."""
    window = "S00001|river-high|2026-11-23T08:00:00+00:00"
    measured = {"t": time.time(), "key": 1, "samples": 250, "bad": 0, "over": [window]}
    planned = {**measured, "status": None, "refused": None}
    run.write("sensors", [planned, {**planned, "status": 202, "refused": 0}])
    return submission(
        source="sensor:river-high",
        client_key=hashlib.sha256(window.encode()).hexdigest(),
        category="01001",
        channel=Channel.SENSOR,
        at=spot(150.0, 150.0),
    )


async def _let_fall_due(conn: AsyncConnection) -> None:
    async with conn.transaction():
        found = await conn.execute(
            "SELECT case_id, kind, due_at FROM deadline WHERE due_at < now() ORDER BY case_id"
        )
        due = [(case_id, kind, at) for case_id, kind, at in await found.fetchall()]
        await actions.fall_due(PostgresBook(conn), due, city=CITY, now=datetime.now(UTC))


def _keep_phone_books(run: SmallRun, sent: list[Submission], receipts: list[str]) -> None:
    """Each report accepted, repeated, and tried with other bytes; and one that was spoilt."""
    planned: list[dict[str, Any]] = []
    attempts: list[dict[str, Any]] = []
    for one, receipt in zip(sent, receipts, strict=True):
        if one.channel is Channel.SENSOR:
            continue
        line = {"t": time.time(), "source": one.source, "key": one.client_key}
        planned.append({**line, "body": one.body_sha256.hex()})
        first = {**line, "status": 201, "receipt": receipt, "attempt": 1, "kind": "fresh"}
        again = {**first, "status": 200, "attempt": 2, "kind": "resend"}
        other = {**first, "status": 409, "attempt": 3, "kind": "other-bytes", "receipt": None}
        attempts += [first, again, other]
    run.write("planned", planned)
    run.write("phones", attempts)
    spoilt = {"source": PORTAL, "key": "1", "body": "", "how": "cut off", "status": 422}
    run.write("malformed", [spoilt])
    run.write("faults", [])


async def _add_photo(run: SmallRun, conn: AsyncConnection, receipt: str) -> None:
    sha256 = hashlib.sha256(PHOTO)
    await add_photo(
        conn,
        receipt,
        sha256=sha256.digest(),
        media_type="image/jpeg",
        original=PHOTO,
        display=PHOTO,
        added_by=PORTAL,
    )
    run.write("photos", [{"receipt": receipt, "sha256": sha256.hexdigest(), "status": 201}])


async def _deliver(run: SmallRun, conn: AsyncConnection) -> None:
    await conn.execute("UPDATE delivery SET state = 'sent', sent_at = now(), attempts = 1")
    found = await conn.execute("SELECT dedup, payload FROM outbox ORDER BY id")
    lines: list[dict[str, Any]] = []
    for dedup, payload in await found.fetchall():
        body = hashlib.sha256(payload.encode()).hexdigest()
        came = {"t": time.time(), "key": dedup, "body": body, "event_id": dedup}
        lines.append({**came, "n": 1, "answer": "200"})
    run.write("sink", lines)
