"""The language of filters without any door: read, checked, asked of things in memory."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.sta.asking import asked_in_sql
from app.http.sta.checking import check_condition
from app.http.sta.choosing import chosen
from app.http.sta.evaluating import evaluated
from app.http.sta.expressions import Call, Expression, Literal, Path
from app.http.sta.functions import FUNCTIONS
from app.http.sta.graph import Graph, graph_of
from app.http.sta.kinds import TYPES
from app.http.sta.options import options_of, schema_of
from app.http.sta.parsing import parse_filter, parse_order
from app.http.sta.tokens import BadExpression
from app.problems import Problem
from dispatch.postgres.registry import Registered
from dispatch.sensing.sensors import Sensors
from tests.makers import NOON, PARTS

DAY = timedelta(days=1)


def a_graph() -> Graph:
    sensors = Sensors.of(PARTS["sensors"])
    return graph_of(sensors, Registered(), language="zh", since=NOON)


GRAPH = a_graph()


def value_of(text: str, **properties: Any) -> Any:
    """What an expression gives of a thing with these properties."""
    getter = lambda path: lambda one: one.get(str(path))  # noqa: E731
    return evaluated(parse_filter(text), getter)(properties)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 add 2 mul 3", 7),
        ("(1 add 2) mul 3", 9),
        ("7 sub 3 sub 2", 2),
        ("-2 sub -3", 1),
        ("7 mod 4", 3),
        ("7 div 2", 3.5),
        ("7 div 0", None),
        ("1 eq 1 or 1 eq 2 and false", True),
        ("not false and false", False),
        ("not 1 eq 2", True),
        ("'it''s' eq 'it''s'", True),
        ("concat('a','b') eq 'ab'", True),
        ("substring('station', 3)", "tion"),
        ("substring('station', 1, 2)", "ta"),
        ("substring('station', -5, -1)", ""),
        ("indexof('station', 'tio')", 3),
        ("substringof('tat','station')", True),
        ("length(trim(' 水位 '))", 2),
        ("toupper('ab')", "AB"),
        ("year(2026-11-23T08:00:00+08:00)", 2026),
        ("hour(2026-11-23T08:00:00+08:00)", 0),
        ("hour(2026-11-23T08:00:00 08:00)", 0),
        ("date(2026-11-23T08:00:00Z)", date(2026, 11, 23)),
        ("2026-11-23T00:00:00Z add duration'P1DT12H'", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("2026-11-23T00:00:00Z sub 2026-11-22T00:00:00Z eq duration'P1D'", True),
        ("maxdatetime() add duration'P9D'", None),
        ("-duration'PT1.5S'", timedelta(seconds=-1.5)),
        ("round(-2.5)", -3),
        ("floor(2.5) add ceiling(2.5)", 5),
        ("fractionalseconds(2026-11-23T00:00:00.250Z)", 0.25),
        ("geo.length(geography'LINESTRING(113 29,113 29.001)')", pytest.approx(110.85, abs=0.1)),
        ("st_relate(geography'POINT(1 1)', geography'POINT(1 1)', 'T********')", True),
        ("st_relate(geography'POINT(1 1)', geography'POINT(1 1)', 'nonsense')", None),
        ("st_contains(geography'POLYGON((0 0,2 0,2 2,0 0))', geography'POINT(1 0.5)')", True),
        ("x in (1, 2)", False),
        ("y in (1, 2)", True),
        ("x eq null and null eq x", True),
        ("x ne 5", True),
        ("x lt 5 or x ge 5", False),
        ("y mul 'aa'", None),
        ("z mul 1000000000", None),
        ("z eq 5", False),
        ("z ge 2026-11-22T00:00:00Z", True),
    ],
)
def test_an_expression_gives(text: str, value: Any):
    assert value_of(text, y=2, z="2026-11-23T08:00:00+08:00") == value


@pytest.mark.parametrize(
    "text",
    ["", "(", "1 eq", "eq 1", "a b", "'x", "f(1)", "length(", "1,2", "a eq 1)", "2026-13-01",
     "geography'POINT(1'", "geography'POLYGON EMPTY'", "duration'P'", "duration'P1Y'", "1e999",
     "x in 5", "x in ()", "\0", "x eq \ud800", "not", "25:00:00 eq 1", "a eq #"],
)  # fmt: skip
def test_what_is_no_expression_is_refused_with_its_place(text: str):
    with pytest.raises(BadExpression) as refused:
        parse_filter(text)

    assert "at character" in refused.value.problem
    assert refused.value.remedy


@pytest.mark.parametrize(
    "text",
    ["name", "name eq 5", "name gt location", "length(5) eq 1", "length() eq 1", "name add 1 eq 1",
     "not name", "name and true", "location eq location or 1 add 'a' eq 1", "name/inner eq 1",
     "Things/Datastreams/Observations/result gt 1", "nothing eq 1", "st_within(name, location)"],
)  # fmt: skip
def test_what_makes_no_sense_of_locations_is_refused_before_any_is_looked_at(text: str):
    with pytest.raises(BadExpression):
        check_condition(parse_filter(text), schema_of(TYPES["Location"]))


def test_an_order_names_properties_and_ways():
    assert parse_order("name, properties/a desc,id asc") == [
        (Path(("name",)), False),
        (Path(("properties", "a")), True),
        (Path(("id",)), False),
    ]


def test_expands_of_the_same_link_are_joined():
    pairs = [("$expand", "Datastreams/Sensor,Datastreams/ObservedProperty($select=name),Locations")]

    options = options_of(pairs, TYPES["Thing"])

    assert options.expand is not None
    assert list(options.expand) == ["Datastreams", "Locations"]
    assert list(options.expand["Datastreams"].expand or {}) == ["Sensor", "ObservedProperty"]


NAMES = st.sampled_from(
    ["name", "result", "phenomenonTime", "id", "@iot.id", "properties/a", "location", "feature",
     "Datastream/name", "Thing/Locations/location", "Datastreams/Sensor/name", "observedArea",
     "FeatureOfInterest/feature", "nothing", "resultTime", "unitOfMeasurement/symbol", "time"]
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from([None, True, False, "", "it's", NOON, NOON.date(), NOON.time(), DAY]),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
)
OPERATORS = ["and", "or", "eq", "ne", "gt", "ge", "lt", "le", "add", "sub", "mul", "div", "mod"]
EXPRESSIONS = st.recursive(
    NAMES.map(lambda one: Path(tuple(one.split("/")))) | VALUES.map(Literal),
    lambda inner: st.one_of(
        st.builds(lambda name, a, b: Call(name, (a, b)), st.sampled_from(OPERATORS), inner, inner),
        st.builds(lambda name, a: Call(name, (a,)), st.sampled_from(["not", "negative"]), inner),
        st.builds(
            lambda name, told: Call(name, tuple(told)),
            st.sampled_from(sorted(FUNCTIONS)),
            st.lists(inner, max_size=3),
        ),
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(TYPES)), EXPRESSIONS)
def test_an_expression_that_passes_the_checks_can_be_asked(name: str, expression: Expression):
    # Refused in words it may be; anything else is a defect.
    with suppress(BadExpression):
        check_condition(expression, schema_of(TYPES[name]))
        if name == "Observation":
            asked_in_sql(expression, GRAPH)
        else:
            chosen(GRAPH, name, GRAPH.all(name), expression)


WORDS = st.sampled_from(
    ["(", ")", ",", "'", "$filter=", ";", "=", " eq ", " and ", " not ", "name", "result", "1",
     "'x'", "geography'POINT(1 2)'", "duration'PT1H'", "2026-11-23T00:00:00Z", "@iot.id", "/", "-",
     "Datastreams", "Observations", "$expand=", "$top=1", " desc", "length(", "st_within(", "水"]
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=12).map("".join) | st.text(max_size=40)


@given(st.sampled_from(sorted(TYPES)), st.sampled_from(["filter", "orderby", "expand"]), TEXTS)
def test_any_text_is_options_or_a_problem(name: str, option: str, text: str):
    told: list[Problem] = []
    try:
        options_of([(f"${option}", text)], TYPES[name])
    except Problem as problem:
        told.append(problem)

    assert all(one.status == 400 and one.faults[0].remedy for one in told)
