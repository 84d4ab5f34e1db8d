"""Those who stand outside do what the judge believes of them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.identity.postgres import add_key
from app.processes import free_port
from tests.app.town import PHONE, PORTAL, Town, running_town, store_grid_of_town
from tests.chaos.clients import DEVICES, ROLES
from tests.chaos.clients.books import Book, read_book
from tests.chaos.clients.door import Doors, Message
from tests.chaos.clients.malformed import WAYS, spoil_by
from tests.chaos.clients.reports import Report, Spot, make_report, with_other_bytes
from tests.chaos.clients.screen import Board, MissedPatches
from tests.chaos.clients.sending import receipt_of
from tests.makers import spot


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with running_town(database_url, home=tmp_path) as running:
        yield running


def a_report(town: Town, source: str = PHONE) -> Report:
    lon, lat = spot()
    rng = random.Random(uuid4().int)
    place = Spot("06010", lon, lat)
    return make_report(source, town.keys[source], place, rng, device_seq=1, happened_at=None)


async def answered(town: Town, message: Message) -> tuple[int, str | None]:
    answer = await Doors([town.url], random.Random(1)).ask(message)
    assert answer is not None
    return answer.status, receipt_of(answer)


@asynccontextmanager
async def started(client: str, run: Path, *arguments: str) -> AsyncGenerator[Process]:
    program = ("-m", f"tests.chaos.clients.{client}", "--run", str(run), *arguments)
    process = await asyncio.create_subprocess_exec(sys.executable, *program)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_every_malformed_report_is_refused_and_none_is_stored(town: Town) -> None:
    answers = {how: await answered(town, spoil_by(a_report(town), how).message) for how in WAYS}

    assert {how: status for how, (status, _) in answers.items() if not 400 <= status < 500} == {}
    assert await town.stored() == 0


@pytest.mark.parametrize("source", [PHONE, PORTAL])
async def test_a_report_is_taken_once_and_other_bytes_are_refused(town: Town, source: str) -> None:
    report = a_report(town, source)

    first = await answered(town, report.message)
    again = await answered(town, report.message)
    other = await answered(town, with_other_bytes(report))

    assert first[0] == 201
    assert again == (200, first[1])
    assert other == (409, None)


async def test_phones_that_reach_no_door_stop_when_asked(tmp_path: Path) -> None:
    asked = asyncio.Event()

    def hang_up(_: StreamReader, writer: StreamWriter) -> None:
        asked.set()
        writer.close()

    (tmp_path / "keys.json").write_text(json.dumps(dict.fromkeys(ROLES, "key")))
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as door:
        way = ("--doors", f"http://127.0.0.1:{door.sockets[0].getsockname()[1]}")
        async with started("phones", tmp_path, *way) as phones, asyncio.timeout(60):
            await asked.wait()

            phones.terminate()

            assert await phones.wait() == 0


async def test_phones_finish_what_they_planned(town: Town, tmp_path: Path) -> None:
    await store_grid_of_town(town.conn)
    keys = {source: await add_key(town.conn, source, [role], "") for source, role in ROLES.items()}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    way = ("--doors", town.url, "--rate", "50")
    async with started("phones", tmp_path, *way) as phones, asyncio.timeout(60):
        while sum(1 for _ in read_book(tmp_path / "planned.jsonl")) < 60:
            await asyncio.sleep(0.1)

        phones.terminate()

        assert await phones.wait() == 0
    planned = {line["key"] for line in read_book(tmp_path / "planned.jsonl")}
    attempts = list(read_book(tmp_path / "phones.jsonl"))
    assert {line["key"] for line in attempts if line["receipt"]} == planned
    assert any(line["kind"] == "hang-up" for line in attempts)
    assert {line["source"] for line in attempts} >= set(DEVICES)
    assert await town.stored() == len(planned)


async def deliver(port: int, key: str) -> int | None:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            answer = await client.post(
                f"http://127.0.0.1:{port}/",
                content=json.dumps({"id": key}),
                headers={"Idempotency-Key": key},
            )
        except httpx.HTTPError:
            return None
        return answer.status_code


async def said_yes_to(port: int, key: str) -> None:
    async with asyncio.timeout(20):
        while await deliver(port, key) != 200:
            await asyncio.sleep(0.05)


async def test_the_sink_has_written_down_what_it_says_yes_to_and_goes_on_counting(
    tmp_path: Path,
) -> None:
    port = free_port()
    for _ in range(2):
        async with started("sink", tmp_path, "--port", str(port)) as sink:
            for number in range(20):
                await said_yes_to(port, f"case-{number}-1")
            sink.kill()
            await sink.wait()

    ledger = list(read_book(tmp_path / "sink.jsonl"))
    [last] = [line for line in ledger if line["key"] == "case-7-1"][-1:]
    yes = [line for line in ledger if line["key"] == "case-7-1" and line["answer"] == "200"]
    assert len(yes) == 2
    assert last["n"] == sum(line["key"] == "case-7-1" for line in ledger)
    assert last["body"] == hashlib.sha256(b'{"id": "case-7-1"}').hexdigest()
    assert last["event_id"] == "case-7-1"


def test_a_torn_line_of_a_killed_writer_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "book").write_bytes(b'{"n": 1}\n{"n": 2, "to')
    book = Book(tmp_path / "book")

    book.write({"n": 3})
    book.close()

    assert [line["n"] for line in read_book(tmp_path / "book")] == [1, 3]


def a_case(case_id: int, version: int) -> dict[str, Any]:
    return {"id": case_id, "version": version}


def test_a_screen_folds_what_is_new_and_ignores_what_it_knows() -> None:
    board = Board(4, [a_case(1, 3), a_case(2, 1)])

    board.advance({"first": 3, "last": 4, "shown": [a_case(1, 9)], "gone": []})
    board.advance({"first": 4, "last": 6, "shown": [a_case(1, 2), a_case(3, 1)], "gone": [(2, 2)]})

    assert board.position == 6
    assert board.cases == {1: a_case(1, 3), 3: a_case(3, 1)}


def test_a_screen_notices_a_hole() -> None:
    with pytest.raises(MissedPatches):
        Board(4, []).advance({"first": 6, "last": 6, "shown": [], "gone": []})
