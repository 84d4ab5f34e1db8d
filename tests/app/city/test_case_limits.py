"""The 519 filing conditions of a real city: all of them load, and each gives a case its time."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from psycopg import AsyncConnection

from app.city.checking import check_pack
from app.city.loading import load
from app.rulebook import load_rulebook
from dispatch import actions
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.inbox import accept_many
from dispatch.rulebook import Rulebook
from tests.app.city.makers import change_text, write_pack
from tests.dispatch.holidays_cn import CHINA
from tests.dispatch.minutes import Marked, instant_of, minute_of
from tests.dispatch.test_calendar import local
from tests.makers import submission

pytestmark = pytest.mark.realdata
SPOT = (112.8005, 30.8005)
Table = list[dict[str, Any]]


def read_conditions(shared_data: Path) -> Table:
    """One row for each condition, its category and its number within that added."""
    source = shared_data / "cn_catalogue" / "yuncheng_case_limits.csv"
    with source.open(encoding="utf-8-sig", newline="") as file:
        rows: Table = list(csv.DictReader(file))
    numbers: Counter[str] = Counter()
    for row in rows:
        row["category"] = ("C" if row["kind"] == "部件" else "E") + row["code4"]
        numbers[row["category"]] += 1
        row["condition"] = f"c{numbers[row['category']]}"
    return rows


def write_table(path: Path, rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_city(folder: Path, conditions: Table) -> Path:
    """A pack with these categories, conditions and limits and the holidays of China."""
    write_pack(folder)
    (folder / "routing.toml").unlink()  # its rule is about a category that this city has not
    change_text(folder / "city.toml", "GB/T 47678.5-2026", "a city's own")
    change_text(folder / "jurisdiction.csv", "06010,,SANI\n06028,,SANI\n", "*,,SANI\n")
    write_table(folder / "catalogue.csv", _catalogue(conditions))
    write_table(folder / "limits.csv", [_limit(row) for row in conditions])
    days = [{**day, "name_zh": "节", "name_en": "day"} for day in CHINA["days"]]
    write_table(folder / "calendar.csv", days)
    return folder


def _catalogue(conditions: Table) -> list[dict[str, str]]:
    firsts = {row["category"]: row for row in reversed(conditions)}
    return [
        {"kind": "matter", "class": category[:3], "class_zh": row["class_name"],
         "class_en": f"Class {category[:3]}", "code": category, "name_zh": row["name"],
         "name_en": f"Category {category}", "severity": "3", "reportable": "true", "keywords": ""}
        for category, row in sorted(firsts.items())
    ]  # fmt: skip


def _limit(row: dict[str, Any]) -> dict[str, str]:
    stops = row["limit_text"].endswith("制止")
    return {
        "category": row["category"], "condition": row["condition"],
        "name_zh": row["filing_condition"], "name_en": f"Condition {row['condition']}",
        "closing_zh": row["close_condition"], "closing_en": f"Closed by {row['condition']}",
        "milestone": "stop" if stops else "resolve", "amount": row["limit_n"],
        "unit": row["limit_unit"], "default": str(row["condition"] == "c1").lower(),
    }  # fmt: skip


@pytest.fixture
def conditions(shared_data: Path) -> Table:
    return read_conditions(shared_data)


@pytest.fixture
async def city(conn: AsyncConnection, tmp_path: Path, conditions: Table) -> Rulebook:
    """The city loaded as a pack, and its rulebook as workers read it."""
    pack = check_pack(write_city(tmp_path, conditions)).sound()
    await load(conn, pack)
    return await load_rulebook(conn, tmp_path / "cache")


async def open_cases(
    conn: AsyncConnection, city: Rulebook, which: Sequence[tuple[str, str]], opened_at: datetime
) -> dict[tuple[str, str], datetime | None]:
    """A case for each category and condition, all in one place at other times; when it is due."""
    told = [
        submission(
            at=SPOT, category=category, condition=condition,
            happened_at=opened_at - timedelta(hours=n),
        )
        for n, (category, condition) in enumerate(which)
    ]  # fmt: skip
    book = PostgresBook(conn)
    async with conn.transaction():
        ids = [one.report_id for one in await accept_many(conn, told)]
        while (await actions.decide(book, ids, city, now=opened_at)).more:
            pass
    found = await conn.execute(
        """
        SELECT c.category, c.why->'limit'->>'condition', c.due_at
          FROM cases c
         WHERE c.opened_at = %s
        """,
        [opened_at],
    )
    return {(category, condition): due for category, condition, due in await found.fetchall()}


async def test_a_case_of_each_condition_is_due_when_counting_every_minute_says(
    conn: AsyncConnection, city: Rulebook, conditions: Table
):
    opened_at = local("2026-09-24 16:40")  # Thursday before Mid-Autumn and the National Day
    oracle = Marked.of(CHINA)

    due = await open_cases(
        conn, city, [(row["category"], row["condition"]) for row in conditions], opened_at
    )

    assert len(due) == 519
    assert due == {
        (row["category"], row["condition"]): instant_of(
            oracle.add(minute_of(opened_at), Fraction(row["limit_n"]), row["limit_unit"])
        )
        for row in conditions
    }


BY_HAND = [
    # Urgent hours and days run through nights, weekends and holidays.
    ("C0101", "c1", "2 urgent_hour", "2026-09-24 23:10", "2026-09-25 01:10"),
    ("C0126", "c1", "4 urgent_hour", "2026-02-13 22:00", "2026-02-14 02:00"),
    ("C0178", "c2", "1 urgent_hour", "2026-06-18 17:59", "2026-06-18 18:59"),
    ("E0122", "c1", "1 urgent_hour", "2026-12-31 23:30", "2027-01-01 00:30"),  # a stop 制止
    ("E0501", "c1", "1 urgent_hour", "2026-10-01 12:30", "2026-10-01 13:30"),
    ("E0102", "c1", "1 urgent_day", "2026-10-02 09:15", "2026-10-03 09:15"),
    ("E0101", "c1", "2 urgent_day", "2026-02-14 20:00", "2026-02-16 20:00"),
    ("E0198", "c1", "2 urgent_day", "2026-09-25 00:00", "2026-09-27 00:00"),
    # Two hours until noon, two from 14:00; and four from 14:00 end with the day.
    ("C0101", "c2", "4 work_hour", "2026-06-01 10:00", "2026-06-01 16:00"),
    ("C0103", "c2", "4 work_hour", "2026-06-05 14:00", "2026-06-05 18:00"),
    # One hour before the National Day, one on Thursday 8 October.
    ("C0137", "c5", "2 work_hour", "2026-09-30 17:00", "2026-10-08 09:30"),
    # Saturday 10 October is worked.
    ("C0138", "c3", "2 work_hour", "2026-10-09 17:00", "2026-10-10 09:30"),
    # Half an hour of a Saturday that is worked, the rest on Monday.
    ("C0139", "c5", "2 work_hour", "2026-05-09 17:30", "2026-05-11 10:00"),
    # Reported on Labour Day: begins on Wednesday 6 May, 3.5 hours until noon, half an hour after.
    ("C0102", "c2", "4 work_hour", "2026-05-02 10:00", "2026-05-06 14:30"),
    ("C0104", "c5", "1 work_day", "2026-06-04 11:00", "2026-06-05 11:00"),
    ("C0106", "c2", "1 work_day", "2026-06-05 11:00", "2026-06-08 11:00"),  # over a weekend
    # Saturday is free: begins on Sunday 20 September, which is worked, and ends on Monday.
    ("C0110", "c2", "1 work_day", "2026-09-19 10:00", "2026-09-21 08:30"),
    # Saturday 14 February is worked (1), the Spring Festival lasts until the 23rd, Tuesday (2).
    ("C0101", "c3", "2 work_day", "2026-02-13 16:00", "2026-02-24 16:00"),
    # Thursday (1), Mid-Autumn from Friday, Monday (2), Tuesday (3).
    ("C0137", "c6", "3 work_day", "2026-09-23 09:00", "2026-09-29 09:00"),
    # Friday (1), Qingming until Monday, Tuesday to Thursday (2 to 4).
    ("C0128", "c1", "4 work_day", "2026-04-02 15:00", "2026-04-09 15:00"),
    # Wednesday, Thursday (2), Labour Day until Tuesday, Wednesday to Friday (5).
    ("C0101", "c4", "5 work_day", "2026-04-28 08:30", "2026-05-08 08:30"),
    # At noon sharp it waits until 14:00. Friday (1), Sunday to Thursday (6), Monday 28th (7).
    ("C0140", "c3", "7 work_day", "2026-09-17 12:00", "2026-09-28 14:00"),
    # To Thursday (3), Monday to Wednesday (6), 8 to 10 October (9), Monday (10).
    ("C0154", "c4", "10 work_day", "2026-09-21 17:00", "2026-10-12 17:00"),
    # To Friday (4), 9th to 14th (10), 24th to 28th, a Saturday that is worked (15).
    ("C0402", "c2", "15 work_day", "2026-02-02 10:30", "2026-02-28 10:30"),
    # To Friday (4), Sunday 26th, Monday (6), 5 to 8 February (10), 10th to 14th (15).
    ("E0101", "c2", "15 work_day", "2025-01-20 09:00", "2025-02-14 09:00"),
]


async def test_cases_are_due_when_somebody_with_a_calendar_on_the_wall_says(
    conn: AsyncConnection, city: Rulebook, conditions: Table
):
    said = {(row["category"], row["condition"]): row for row in conditions}

    for category, condition, limit, opened, due in BY_HAND:
        row = said[category, condition]
        assert f"{row['limit_n']} {row['limit_unit']}" == limit
        found = await open_cases(conn, city, [(category, condition)], local(opened))
        assert found == {(category, condition): local(due)}
