from dataclasses import replace

import numpy as np
import pytest
from psycopg import AsyncConnection
from pyproj import Geod
from shapely import LineString, Point, box

from grid.components.component import ComponentState
from grid.components.postgres import (
    ComponentChanges,
    compare_components,
    component_versions,
    count_components,
    nearest_components,
    store_components,
)
from tests.grid.components.makers import component

HERE = (112.8, 30.8)
COVER, DRAIN = "99010101001000001", "99010101003000001"


async def store(conn: AsyncConnection, *components: object) -> None:
    async with conn.transaction():
        await store_components(conn, components)  # pyright: ignore[reportArgumentType]


async def test_a_first_survey_is_all_new_and_then_the_same(conn: AsyncConnection):
    survey = [component(COVER), component(DRAIN)]

    assert await compare_components(conn, survey) == ComponentChanges(2, 0, 0)
    await store(conn, *survey)
    assert not await compare_components(conn, survey)


async def test_what_changed_gets_a_version_and_what_is_missing_ends(conn: AsyncConnection):
    await store(conn, component(COVER), component(DRAIN))
    broken = component(COVER, state=ComponentState.BROKEN)

    assert await compare_components(conn, [broken]) == ComponentChanges(0, 1, 1)
    await store(conn, broken)

    first, second = await component_versions(conn, COVER)
    assert (first.state, second.state) == ("intact", "broken")
    assert first.ended_at is not None
    assert second.ended_at is None
    [drain] = await component_versions(conn, DRAIN)
    assert drain.ended_at is not None


async def test_what_comes_back_goes_on_counting(conn: AsyncConnection):
    for survey in ([component(COVER)], [], [component(COVER)]):
        await store(conn, *survey)

    versions = await component_versions(conn, COVER)
    assert [one.version for one in versions] == [1, 2]
    assert versions[1].ended_at is None


async def test_the_same_survey_again_writes_nothing(conn: AsyncConnection):
    await store(conn, component(COVER))
    await store(conn, component(COVER))

    assert len(await component_versions(conn, COVER)) == 1


async def test_an_unknown_component_has_no_versions(conn: AsyncConnection):
    assert await component_versions(conn, "nothing") == []


async def test_the_nearest_manhole_is_found_and_measured(conn: AsyncConnection):
    near, far = Point(112.8001, 30.8), Point(112.8003, 30.8)
    await store(conn, component(COVER, geometry=far), component(DRAIN, geometry=near))

    both = await nearest_components(conn, *HERE)
    covers = await nearest_components(conn, *HERE, categories=["01001"])

    assert [one.id for one in both] == [DRAIN, COVER]
    _, _, metres = Geod(ellps="WGS84").inv(*HERE, 112.8001, 30.8)
    assert both[0].distance_m == pytest.approx(metres, abs=1e-3)
    assert [one.id for one in covers] == [COVER]


async def test_what_is_too_far_removed_or_ended_is_not_near(conn: AsyncConnection):
    gone = component(DRAIN, state=ComponentState.REMOVED)
    away = component("99010101001000002", geometry=Point(112.81, 30.8))
    await store(conn, component(COVER))
    await store(conn, gone, away)

    assert await nearest_components(conn, *HERE) == []
    assert [one.id for one in await nearest_components(conn, *HERE, radius_m=2000)] == [away.id]


async def test_lines_and_areas_are_measured_to_their_nearest_point(conn: AsyncConnection):
    railing = component(
        "99010102017000001", geometry=LineString([(112.79, 30.8001), (112.81, 30.8001)])
    )
    green = component("99010104013000001", geometry=box(112.799, 30.799, 112.801, 30.801))
    await store(conn, railing, green)

    found = await nearest_components(conn, *HERE)

    assert [one.id for one in found] == [green.id, railing.id]
    assert found[0].distance_m == 0
    assert found[1].distance_m == pytest.approx(11.1, abs=0.1)


async def test_the_index_and_a_plain_search_agree(conn: AsyncConnection):
    rng = np.random.default_rng(1)
    places = np.array(HERE) + rng.uniform(-0.002, 0.002, (300, 2))
    survey = [
        component(f"99010101001{n:06d}", geometry=Point(*place))
        for n, place in enumerate(places.tolist(), start=1)
    ]
    await store(conn, *survey)
    _, _, metres = Geod(ellps="WGS84").inv(
        np.full(300, HERE[0]), np.full(300, HERE[1]), places[:, 0], places[:, 1]
    )

    found = await nearest_components(conn, *HERE, radius_m=1_000, count=20)

    assert [one.id for one in found] == [survey[n].id for n in np.argsort(metres)[:20]]


async def test_components_in_a_drawn_area_are_counted_by_category(conn: AsyncConnection):
    moved = replace(component("99010101001000002"), geometry=Point(112.9, 30.8))
    await store(conn, component(COVER), component(DRAIN), moved)

    assert await count_components(conn, box(112.79, 30.79, 112.81, 30.81)) == {
        "01001": 1,
        "01003": 1,
    }
