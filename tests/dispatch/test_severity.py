"""Severity by rules: what they ask, in which order they hold, and what the case keeps of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import AsyncConnection
from pyproj import Geod

from dispatch import actions
from dispatch.context import CityWarning, kinds_in_force
from dispatch.decide import Opened, decide
from dispatch.errors import BrokenSeverityRule
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import read_case
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.warnings import lift_warning, set_warning, warnings_in_force
from dispatch.severity import Grading
from dispatch.sites import Site, Sites
from grid.naming import Label
from tests.makers import CITY, COMMUNITY, NOON, label, report, rulebook, spot, submission

LON, LAT = spot(30, 30)
SCHOOL = {"row": 1, "kind": "school", "name": label("Mill School")}
SITES = [SCHOOL | {"lon": spot(90, 30)[0], "lat": spot(90, 30)[1]}]


def a_rule(when: str, **change: Any) -> dict[str, Any]:
    row = {"row": 1, "name": "a-rule", "when": when, "because": label("because")}
    return row | (change or {"raise": 1})


def opened(*rules: dict[str, Any], warnings: Any = (), **told: Any) -> Opened:
    rows = [rule | {"row": n, "name": f"rule-{n}"} for n, rule in enumerate(rules, 1)]
    book = rulebook(grading=Grading.of(rows, SITES))
    decision = decide(
        report(**told), book.grid.place(*spot()), [], book, case_id=1, now=NOON, warnings=warnings
    )
    assert isinstance(decision, Opened)
    return decision


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("near.school <= 61", True),
        ("near.school < 59", False),
        ('near["school"] > 59.0 && near.school < 61', True),
        ('category == "06010" && channel == "api"', True),
        ("hour == 12 && weekday == 1", True),
        ("attributes.burning == 'yes'", True),
        ("severity == 3", True),
        ('"heat" in alarms', False),
    ],
)
def test_a_rule_holds_by_place_time_channel_and_attributes(when: str, holds: bool) -> None:
    case = opened(a_rule(when), attributes={"burning": "yes"}).case

    assert case.severity == (2 if holds else 3)


def test_rules_are_applied_in_order_and_the_case_says_which_held_and_why() -> None:
    case = opened(
        a_rule("true", **{"raise": 3}),
        a_rule("false", set=1),
        a_rule("true", set=2),
        a_rule("attributes.colour == 'red'", set=4),
        a_rule("near.school < 100 && severity == 3", **{"raise": 1}),
    ).case

    why: Any = case.why["severity"]
    assert case.severity == 1
    assert [(one["name"], one["from"], one["to"]) for one in why["rules"]] == [
        ("rule-1", 3, 1), ("rule-3", 1, 2), ("rule-5", 2, 1),
    ]  # fmt: skip
    assert why["rules"][0]["because"] == label("because")
    assert [one["name"] for one in why["undecided"]] == ["rule-4"]
    assert why["near"]["school"]["metres"] == pytest.approx(60, abs=1)


def test_without_rules_a_case_is_as_severe_as_its_category_and_says_no_more() -> None:
    case = opened().case

    assert case.severity == 3
    assert "severity" not in case.why


def test_a_warning_counts_in_its_area_and_until_it_ends() -> None:
    def warned(area: str, ends: int) -> CityWarning:
        return CityWarning(1, "rainstorm", area, NOON, NOON + timedelta(minutes=ends))

    assert kinds_in_force([warned(COMMUNITY, 1)], [COMMUNITY, CITY], NOON) == {"rainstorm"}
    assert kinds_in_force([warned("990198", 1)], [COMMUNITY, CITY], NOON) == frozenset()
    assert kinds_in_force([warned(CITY, 0)], [COMMUNITY, CITY], NOON) == frozenset()
    rule = a_rule('"rainstorm" in alarms', set=1)
    assert opened(rule, warnings=[warned(CITY, 1)]).case.severity == 1


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("near.hospital < 100", "no site of kind 'hospital'; there are school"),
        ("colour == 'red'", "unknown fact 'colour'"),
        ("near.school +", "line 1"),
        ("near.school.startsWith('x')", None),
        ("'rain' in near", "no site of kind 'rain'"),
        ("alarms == 'rain'", "alarms is a list"),
    ],
)
def test_a_rule_that_could_never_be_followed_is_refused(when: str, said: str | None) -> None:
    with pytest.raises(BrokenSeverityRule) as refused:
        Grading.of([a_rule(when)], SITES)

    assert said is None or said in refused.value.reason


PLACES = st.tuples(st.floats(-179, 179), st.floats(-80, 80))


@given(st.lists(PLACES, min_size=1, max_size=20), PLACES)
def test_the_nearest_site_is_the_one_by_the_geodesic(
    places: list[tuple[float, float]], here: tuple[float, float]
) -> None:
    sites = Sites(Site("any", Label("", str(n)), *place) for n, place in enumerate(places))
    geod = Geod(ellps="WGS84")
    metres = [geod.inv(*here, *place)[2] for place in places]

    told, site = sites.nearest(*here)["any"]

    assert told == pytest.approx(min(metres), abs=1e-6)
    assert metres[int(site.name.en)] == pytest.approx(min(metres), abs=1e-6)
    assert np.isfinite(told)


async def test_a_warning_of_the_database_makes_the_next_case_severe_until_it_is_lifted(
    conn: AsyncConnection,
) -> None:
    rules = rulebook(grading=Grading.of([a_rule('"heat" in alarms', set=1)], []))
    made = await set_warning(
        conn, kind="heat", area=CITY, since=NOON - timedelta(hours=1),
        until=NOON + timedelta(hours=1), note="", by="chen",
    )  # fmt: skip

    async def severity(at: tuple[float, float]) -> int:
        async with conn.transaction():
            [told] = await accept_many(conn, [submission(at=at)])
            await actions.decide(PostgresBook(conn), [told.report_id], rules, now=NOON)
        found = await conn.execute("SELECT max(id) FROM cases")
        [case_id] = await found.fetchone() or (0,)
        return (await read_case(conn, case_id)).severity

    warned = await severity(spot(20, 20))
    lifted = await lift_warning(conn, made.id, at=NOON, by="chen")
    after = await severity(spot(150, 150))

    assert (warned, after) == (1, 3)
    assert lifted is not None
    assert lifted.until == NOON
    assert await warnings_in_force(conn, NOON) == []
    assert await lift_warning(conn, made.id, at=NOON, by="chen") is None
