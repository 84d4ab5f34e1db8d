"""Which department answers for a category in a cell, as a person asks it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from app.city.loading import load_pack
from tests.app.city.makers import append_row, change_text, write_pack
from tests.app.grid.typed import told, typed

pytestmark = pytest.mark.usefixtures("environment")
CELL = "990101001002003"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_pack(tmp_path)


def test_a_duty_is_named_with_its_row_and_versions(pack: Path, database_url: str):
    load_pack(pack, database_url)

    found = told("responsible", CELL, "06010")

    assert found["department"] == {
        "code": "SANI",
        "name": {"zh": "环卫中心", "en": "Sanitation"},
    }
    assert (found["why"]["step"], found["why"]["row"]) == ("jurisdiction", 2)
    assert found["why"]["because"]["zh"] == "职责表第 2 行：全市，类别 06010"
    assert found["rules_before"] == []
    assert found["versions"] == {
        "jurisdiction": 1, "routing": 1, "catalogue": 1, "areas": 1, "grid": 1,
    }  # fmt: skip


def test_the_narrowest_area_decides(pack: Path, database_url: str):
    append_row(pack / "jurisdiction.csv", ["06010", "990101001002", "POLICE"])
    load_pack(pack, database_url)

    assert told("responsible", CELL, "06010")["department"]["code"] == "POLICE"
    assert told("responsible", "990101001001003", "06010")["department"]["code"] == "SANI"


def test_without_a_duty_the_body_of_the_territory_answers(pack: Path, database_url: str):
    change_text(pack / "jurisdiction.csv", "06010,,SANI\n", "")
    load_pack(pack, database_url)

    found = told("responsible", CELL, "06010")

    assert found["department"]["code"] == "OFFICE001"
    assert (found["why"]["step"], found["why"]["area"]) == ("territory", "990101001")


def test_a_rule_of_the_night_is_named_beside_it_and_decides_at_night(pack: Path, database_url: str):
    load_pack(pack, database_url)

    at_any_time = told("responsible", CELL, "06028")
    by_night = told("responsible", CELL, "06028", "--at", "2099-11-27T23:00")
    by_day = told("responsible", CELL, "06028", "--at", "2099-11-27T09:00")

    assert at_any_time["department"]["code"] == "SANI"
    [rule] = at_any_time["rules_before"]
    assert (rule["name"], rule["department"], rule["asks"]) == ("night-noise", "POLICE", ["hour"])
    assert (by_night["department"]["code"], by_night["why"]["step"]) == ("POLICE", "rule")
    assert (by_day["department"]["code"], by_day["rules_before"]) == ("SANI", [])


def test_people_read_both_languages(pack: Path, database_url: str):
    load_pack(pack, database_url)

    shown = typed("responsible", CELL, "06028")

    assert shown.exit_code == 0
    assert "SANI 环卫中心 Sanitation" in shown.stdout
    assert "unless rule night-noise holds (hour): POLICE" in shown.stdout
    assert "夜间噪声由公安处置" in shown.stdout


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["990101001009001", "06010"], "grid version 1 has no cell '990101001009001'"),
        ([CELL, "99999"], "has no category '99999' that a report can name"),
        ([CELL, "06010", "--at", "night"], "'night' is no time; write it like 2027-01-01T08:30"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(
    pack: Path, database_url: str, words: list[str], problem: str
):
    load_pack(pack, database_url)

    done = typed("responsible", *words)

    assert done.exit_code == 1
    assert problem in done.stderr


def test_where_nobody_answers_it_says_what_to_do(pack: Path, database_url: str):
    load_pack(pack, database_url)
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE city_part SET content = '[]' WHERE part IN ('jurisdiction', 'areas')")

    done = typed("responsible", CELL, "06010")

    assert done.exit_code == 1
    assert f"nobody answers for '06010' in {CELL}; add a line" in done.stderr
