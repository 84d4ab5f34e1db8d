"""Questions: periods by the clocks of the city, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.evaluation.asking import WrongQuestion, check_period, moment_of, month_of
from app.evaluation.bulletin import before_that
from app.evaluation.comma import harmless
from dispatch.evaluation.counts import Period

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
NOW = datetime(2026, 11, 27, 17, 30, tzinfo=ZoneInfo(SHANGHAI))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_ends_it_is_this_month_so_far():
    period = check_period(None, None, None, NOW)

    assert period == Period(datetime(2026, 11, 1, tzinfo=NOW.tzinfo), NOW, NOW)


def test_nothing_is_known_later_than_the_end_unless_it_is_asked_for_and_nothing_later_than_now():
    begin, until = NOW - timedelta(days=9), NOW - timedelta(days=2)
    tomorrow = NOW + timedelta(days=1)

    assert check_period(begin, until, None, NOW).known_at == until
    assert check_period(begin, until, NOW - timedelta(days=1), NOW).known_at < NOW
    assert check_period(begin, until, tomorrow, NOW).known_at == NOW
    assert check_period(begin, tomorrow, None, NOW).known_at == NOW


@pytest.mark.parametrize(
    ("begin", "until", "known", "field"),
    [(0, 0, None, "until"), (-2, -3, None, "until"), (1, 2, None, "from"),
     (-4000, -1, None, "from"), (-9, -2, -3, "as_of")],
)  # fmt: skip
def test_what_is_no_period_is_refused(begin: int, until: int, known: int | None, field: str):
    days = [None if n is None else NOW + timedelta(days=n) for n in (begin, until, known)]

    with pytest.raises(WrongQuestion) as refused:
        check_period(days[0], days[1], days[2], NOW)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("text", "timezone", "moment"),
    [
        ("2026-11-01", SHANGHAI, at("2026-10-31T16:00")),
        ("2026-11-01T08:30", SHANGHAI, at("2026-11-01T00:30")),
        ("2026-11-01T08:30Z", SHANGHAI, at("2026-11-01T08:30")),
        ("2026-11-01T08:30+08:00", NEW_YORK, at("2026-11-01T00:30")),
        ("2026-03-08", NEW_YORK, at("2026-03-08T05:00")),
        ("2026-03-08T02:30", NEW_YORK, at("2026-03-08T07:00")),  # the clocks skip it
        ("2026-02-30", SHANGHAI, None),
        ("20261101", SHANGHAI, at("2026-10-31T16:00")),
        ("0001-01-01", SHANGHAI, None),
        ("9999-12-31T23:00-12:00", SHANGHAI, None),
        ("now", SHANGHAI, None),
    ],
)
def test_a_day_is_its_midnight_and_a_time_is_that_of_the_city(
    text: str, timezone: str, moment: datetime | None
):
    assert moment_of(text, timezone) == moment


def test_a_month_ends_where_the_next_begins_also_when_the_clocks_change():
    assert month_of("2026-12", SHANGHAI) == (at("2026-11-30T16:00"), at("2026-12-31T16:00"))
    assert month_of("2026-03", NEW_YORK) == (at("2026-03-01T05:00"), at("2026-04-01T04:00"))
    assert [month_of(text, SHANGHAI) for text in ("2026-13", "9999-12", "2026", "x")] == [None] * 4


def test_before_a_month_is_the_month_before_and_else_as_long_a_time():
    march = month_of("2026-03", SHANGHAI)
    assert march is not None
    week = Period(at("2026-03-08T00:00"), at("2026-03-15T00:00"), at("2026-04-01T00:00"))

    before = before_that(Period(*march, known_at=march[1]), SHANGHAI)

    assert (before.begin, before.until) == month_of("2026-02", SHANGHAI)
    assert before_that(week, SHANGHAI) == Period(
        at("2026-03-01T00:00"), at("2026-03-08T00:00"), at("2026-03-08T00:00")
    )


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"), ("\r=1", "'\r'=1"), (" =1", "' =1"), ("＝1", "'＝1"),
        ("a;=1", "a;'=1"), ("a,-1", "a,'-1"), ("水务局", "水务局"), ("a-b=c", "a-b=c"), ("", ""),
    ],
)  # fmt: skip
def test_no_text_begins_like_a_formula(text: str, safe: str):
    assert harmless(text) == safe
