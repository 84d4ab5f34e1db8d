"""The duplicate rules: bounds, families, texts, the choice, and metres against the geodesic."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from dispatch.matching import Candidate, Likeness, Matching, MergeRule, Sighting

WGS84 = Geod(ellps="WGS84")
LON, LAT = 120.13, 30.26
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)


def case(case_id: int = 1, *, metres: float = 0.0, bearing: float = 90.0, **changed: object):
    """An open case so far from the place of the report."""
    lon, lat, _ = WGS84.fwd(LON, LAT, bearing, metres)
    values = {"category": "06010", "lon": lon, "lat": lat, "reported_at": NOON, **changed}
    return Candidate(case_id=case_id, **values)  # pyright: ignore[reportArgumentType]


def found(*cases: Candidate, rule: MergeRule | None = None, **seen: Any) -> Likeness | None:
    """What a report here and now joins, by the rule, or by that of a city that says nothing."""
    matching = Matching((rule, MergeRule())) if rule else Matching()
    told = {"category": "06010", "lon": LON, "lat": LAT, "at": NOON, **seen}
    return matching.find_same(cases, Sighting(**told))


def same(*cases: Candidate, at: datetime = NOON) -> int | None:
    one = found(*cases, at=at)
    return one.case_id if one else None


@pytest.mark.parametrize("bearing", [0, 45, 90, 180, 225, 270])
def test_fifty_metres_are_close_enough_and_a_centimetre_more_is_not(bearing: float):
    assert same(case(metres=50.0, bearing=bearing)) == 1
    assert same(case(metres=50.01, bearing=bearing)) is None


@pytest.mark.parametrize("later", [timedelta(minutes=30), timedelta(minutes=-30)])
def test_thirty_minutes_before_or_after_are_close_enough_and_a_second_more_is_not(
    later: timedelta,
):
    second = timedelta(seconds=1) if later > timedelta(0) else timedelta(seconds=-1)

    assert same(case(), at=NOON + later) == 1
    assert same(case(), at=NOON + later + second) is None


def test_another_category_is_another_incident():
    assert same(case(category="06011")) is None


def test_without_open_cases_nothing_is_the_same():
    assert same() is None


def test_the_nearest_case_is_taken():
    assert same(case(1, metres=40), case(2, metres=10), case(3, metres=20)) == 2


def test_of_equally_near_cases_the_oldest_is_taken():
    assert same(case(7, metres=10), case(3, metres=10, bearing=270), case(5, metres=10)) == 3


def test_a_case_outside_the_bounds_does_not_hide_one_within():
    too_early = case(1, reported_at=NOON - timedelta(hours=1))

    assert same(too_early, case(2, category="06011"), case(3, metres=49)) == 3


def test_radius_and_span_can_be_chosen():
    far = case(metres=199, reported_at=NOON - timedelta(hours=2))

    wide = MergeRule(radius_m=200.0, within=timedelta(hours=2))

    assert found(far, rule=wide) is not None
    assert found(far) is None


@pytest.mark.parametrize(("lon", "lat"), [(float("nan"), LAT), (LON, float("nan"))])
def test_a_place_that_is_none_is_near_nothing(lon: float, lat: float):
    assert found(case(), lon=lon, lat=lat) is None


@given(st.floats(-179, 179), st.floats(-85, 85), st.floats(0, 360), st.floats(0.1, 1000))
def test_metres_agree_with_the_geodesic(lon: float, lat: float, bearing: float, metres: float):
    there_lon, there_lat, _ = WGS84.fwd(lon, lat, bearing, metres)
    there = Candidate(1, "06010", there_lon, there_lat, NOON)

    slack_m = 0.001 + metres / 1000
    for radius_m, is_same in ((metres + slack_m, True), (metres - slack_m, False)):
        rule = MergeRule(radius_m=radius_m)
        assert (found(there, rule=rule, lon=lon, lat=lat) is not None) is is_same


LAMP, OTHER_LAMP = "99010102001000001", "99010102001000002"
ALIKE = MergeRule(
    "alike", 100, timedelta(hours=1), ("06",), across=True, similarity=0.4, automatic=0.6,
    weighs=frozenset({"place", "text", "component"}),
)  # fmt: skip
CITY = Matching((ALIKE, MergeRule()), {"alike": frozenset({"06010", "06011"})})


def test_a_report_of_one_category_tells_of_a_case_of_another_of_its_family() -> None:
    seen = Sighting("06011", LON, LAT, NOON, text="垃圾堆在桥下没人管")
    known = case(metres=10, text="桥下垃圾堆没人管")

    joined = CITY.find_same([known], seen)

    assert joined is not None
    assert joined.automatic
    assert Matching().find_same([known], seen) is None
    assert CITY.relatives("06011") == {"06010", "06011"}
    assert CITY.relatives("09009") == {"09009"}
    assert (CITY.family("06011"), CITY.family("09009")) == ("alike", "09009")


@pytest.mark.parametrize(
    ("text", "component", "joins"),
    [
        ("垃圾堆在桥下", None, True),
        ("路灯不亮", None, False),  # another matter
        ("", None, False),  # what says nothing is for a person to judge
        ("路灯不亮", LAMP, True),  # the same thing, whatever is said of it
        ("垃圾堆在桥下", OTHER_LAMP, False),
    ],
)
def test_a_rule_can_ask_for_texts_that_are_alike_or_the_same_component(
    text: str, component: str | None, joins: bool
) -> None:
    known = case(metres=10, text="桥下有垃圾堆", component=LAMP)

    one = CITY.find_same([known], Sighting("06010", LON, LAT, NOON, component, text))

    assert (one is not None) is joins


def test_the_most_alike_is_taken_and_not_the_nearest_where_texts_are_weighed() -> None:
    near, far = case(1, metres=1, text="桥下有垃圾袋子"), case(2, metres=9, text="桥下有垃圾堆")

    one = CITY.find_same([near, far], Sighting("06010", LON, LAT, NOON, text="桥下有垃圾堆"))

    assert one is not None
    assert one.case_id == 2


def test_a_rule_that_never_merges_still_suggests_the_most_alike_first() -> None:
    never = MergeRule("never", automatic=None)
    city = Matching((never,))
    cases = [case(1, metres=200), case(2, metres=20), case(3, metres=300), case(4, category="1")]
    seen = Sighting("06010", LON, LAT, NOON)

    assert city.find_same(cases, seen) is None
    assert [one.case_id for one in city.suggestions(cases, seen)] == [2, 1]


def test_every_reason_is_told_in_both_languages() -> None:
    known = case(metres=12, text="rubbish under the bridge", component=LAMP)
    seen = Sighting("06010", LON, LAT, NOON + timedelta(minutes=5), LAMP, "Rubbish, bridge")

    [one] = CITY.suggestions([known], seen)

    assert [reason.zh for reason in one.reasons()] == [
        "相距 12 米", "相隔 5 分钟", f"描述相似 {one.similarity:.0%}", "同一部件",
    ]  # fmt: skip
    assert all(reason.en for reason in one.reasons())
    assert one.score == 1.0


@given(st.lists(st.tuples(st.floats(0, 60), st.integers(0, 40)), max_size=6))
def test_without_rules_of_its_own_a_city_merges_as_it_always_did(told: list[tuple[float, int]]):
    """The nearest case of the category within 50 m and 30 minutes, of equals the oldest."""
    cases = [
        case(n, metres=round(metres, 1), reported_at=NOON - timedelta(minutes=minutes))
        for n, (metres, minutes) in enumerate(told, 1)
    ]
    near = [
        (round(metres, 1), n)
        for n, (metres, minutes) in enumerate(told, 1)
        if round(metres, 1) <= 50 and minutes <= 30
    ]

    assert same(*cases) == (min(near)[1] if near else None)
