"""Sending in order, against a door of our own making that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from aiohttp import web

from app.replay.reading import Incident
from app.replay.sending import Open311Door, play

START = datetime(2024, 9, 1, tzinfo=UTC)


class FickleDoor:
    """Answers 503 first, then hangs up, then accepts; keeps what it took, by key."""

    def __init__(self) -> None:
        self.taken: dict[str, dict[str, str]] = {}
        self.moods = ["busy", "rude"]
        self.under_way: set[str] = set()
        self.overlaps = 0

    async def requests(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        mood = self.moods.pop() if self.moods else "kind"
        if mood == "busy":
            return web.json_response([{"code": 503}], status=503)
        if mood == "rude":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        category = form["service_code"]
        self.overlaps += category in self.under_way
        self.under_way.add(category)
        await asyncio.sleep(0)
        self.under_way.discard(category)
        if category == "99":
            return web.json_response([{"code": 400, "description": "no such service"}], status=400)
        self.taken[request.headers["Idempotency-Key"]] = form
        return web.json_response([{"service_request_id": uuid4().hex}], status=201)

    async def services(self, _: web.Request) -> web.Response:
        return web.json_response([{"service_code": "01", "service_name": "Noise"}])


@pytest.fixture
async def fickle() -> AsyncIterator[tuple[FickleDoor, Open311Door]]:
    there = FickleDoor()
    application = web.Application()
    application.router.add_post("/open311/v2/requests.json", there.requests)
    application.router.add_get("/open311/v2/services.json", there.services)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    door = Open311Door(f"http://127.0.0.1:{runner.addresses[0][1]}", "key")
    yield there, door
    await door.close()
    await runner.cleanup()


def incident(n: int, category: str = "01") -> Incident:
    return Incident(uuid4(), str(n), category, START + timedelta(minutes=n), 113.0, 29.0)


async def test_every_incident_is_sent_until_it_is_taken(
    fickle: tuple[FickleDoor, Open311Door],
) -> None:
    there, door = fickle
    incidents = [incident(n) for n in range(5)]

    played = await play(incidents, door, speed=None, ends_at=START + timedelta(days=9))

    assert played.accepted == 5
    assert list(there.taken) == [str(one.key) for one in incidents]


async def test_one_category_is_never_under_way_twice(
    fickle: tuple[FickleDoor, Open311Door],
) -> None:
    there, door = fickle

    await play([incident(n, "01") for n in range(30)], door, speed=None, ends_at=START)

    assert there.overlaps == 0


async def test_the_last_incident_happens_when_the_replay_ends_and_spans_are_kept(
    fickle: tuple[FickleDoor, Open311Door],
) -> None:
    there, door = fickle
    ends_at = datetime(2026, 11, 23, tzinfo=UTC)

    await play([incident(0), incident(90)], door, speed=None, ends_at=ends_at)

    moments = [datetime.fromisoformat(form["requested_datetime"]) for form in there.taken.values()]
    assert moments == [ends_at - timedelta(minutes=90), ends_at]


async def test_names_of_services_become_codes(fickle: tuple[FickleDoor, Open311Door]) -> None:
    there, door = fickle
    await door.learn_services()

    await play([incident(0, "Noise")], door, speed=None, ends_at=START)

    assert [form["service_code"] for form in there.taken.values()] == ["01"]


async def test_a_refusal_is_final_and_told(fickle: tuple[FickleDoor, Open311Door]) -> None:
    _, door = fickle

    played = await play([incident(0, "99")], door, speed=None, ends_at=START)

    assert (played.accepted, dict(played.refusals)) == (0, {"no such service": 1})
