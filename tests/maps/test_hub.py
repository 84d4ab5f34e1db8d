"""One source, many screens: joined, encoded once, bounded."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dispatch.case import State
from maps.board import WHOLE_CITY, Scope
from maps.errors import PatchesMissing
from maps.hub import Hub, Viewer
from maps.patch import Patch
from tests.maps.makers import make_marker

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
WATER = Scope(departments=frozenset({"water"}))


def patch(position: int, case_id: int = 1, **changes: Any) -> Patch:
    return Patch(position, make_marker(id=case_id, version=position, **changes))


async def read(viewer: Viewer) -> list[tuple[str, dict[str, Any]]]:
    text = await asyncio.wait_for(viewer.take(), 5)
    assert text is not None
    events: list[tuple[str, dict[str, Any]]] = []
    for block in text.decode().strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        events.append((lines["event"], json.loads(lines["data"])))
    return events


async def test_the_changes_of_one_case_within_a_tick_arrive_as_its_last() -> None:
    hub = Hub()
    viewer = hub.join(WHOLE_CITY)

    hub.take([patch(1), patch(2, 2), patch(3, state=State.HANDLED)])
    hub.flush(NOW)

    [(event, frame)] = await read(viewer)
    assert (event, frame["first"], frame["last"]) == ("patch", 1, 3)
    assert [(case["id"], case["state"]) for case in frame["shown"]] == [
        (1, "handled"),
        (2, "assigned"),
    ]


async def test_viewers_of_one_scope_are_handed_the_same_bytes() -> None:
    hub = Hub()
    one, other = hub.join(WHOLE_CITY), hub.join(WHOLE_CITY)

    hub.take([patch(1)])
    hub.flush(NOW)

    assert await one.take() == await other.take()


async def test_a_viewer_is_not_shown_a_case_outside_the_scope() -> None:
    hub = Hub()
    viewer = hub.join(WATER)

    hub.take([patch(1, 1, department="water"), patch(2, 2, department="roads")])
    hub.flush(NOW)

    [(_, frame)] = await read(viewer)
    assert [case["id"] for case in frame["shown"]] == [1]
    assert frame["gone"] == [[2, 2]]


async def test_a_viewer_that_does_not_keep_up_is_told_to_start_over_and_ends() -> None:
    hub = Hub(room=3)
    viewer = hub.join(WHOLE_CITY)

    for position in range(1, 6):
        hub.take([patch(position)])
        hub.flush(NOW)

    assert await read(viewer) == [("reset", {})]
    assert await viewer.take() is None


def test_what_the_hub_already_knows_is_skipped() -> None:
    hub = Hub()
    hub.take([patch(1), patch(2)])

    hub.take([patch(1), patch(2), patch(3)])

    assert hub.position == 3


def test_a_hole_is_refused_and_the_hub_stays_where_it_was() -> None:
    hub = Hub(position=4)

    with pytest.raises(PatchesMissing):
        hub.take([patch(6)])

    assert hub.position == 4


def test_who_comes_back_gets_what_was_sent_meanwhile_but_not_what_is_still_to_be_sent() -> None:
    hub = Hub()
    hub.take([patch(1), patch(2), patch(3)])
    hub.flush(NOW)
    hub.take([patch(4)])

    missed = hub.since(1)

    assert missed is not None
    assert [p.position for p in missed] == [2, 3]


def test_who_was_away_too_long_is_told_so() -> None:
    hub = Hub(kept=2)
    hub.take([patch(1), patch(2), patch(3)])
    hub.flush(NOW)

    assert hub.since(0) is None
    assert hub.since(3) == ()


async def test_a_beat_tells_how_fresh_the_data_is_and_what_is_missing() -> None:
    hub = Hub(position=9)
    viewer = hub.join(WHOLE_CITY)

    hub.beat(NOW, datetime(2026, 11, 23, 7, 59, 30, tzinfo=UTC), ["redis_away"])

    assert await read(viewer) == [
        (
            "beat",
            {
                "position": 9,
                "at": "2026-11-23T08:00:00.000Z",
                "current_at": "2026-11-23T07:59:30.000Z",
                "degraded": ["redis_away"],
                "situations": 0,
            },
        )
    ]


async def test_when_the_hub_starts_again_elsewhere_everybody_starts_over() -> None:
    hub = Hub(position=9)
    viewer = hub.join(WHOLE_CITY)

    hub.restart(3)

    assert await read(viewer) == [("reset", {})]
    assert (hub.position, hub.viewers) == (3, 0)


async def test_streams_end_when_the_process_goes_down_also_those_that_come_late() -> None:
    hub = Hub()
    early = hub.join(WHOLE_CITY)

    hub.end()
    late = hub.join(WHOLE_CITY)

    assert await early.take() is None
    assert await late.take() is None
