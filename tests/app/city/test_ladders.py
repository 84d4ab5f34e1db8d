"""Ladders in a city pack: every fault is told with its ladder and field."""

from __future__ import annotations

import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from psycopg import AsyncConnection

from app.city.checking import check_pack
from app.city.faults import Faults
from app.city.ladders import Known, read_ladders
from app.city.loading import load
from dispatch.escalation.ladder import Ladders
from dispatch.postgres.escalations import list_people
from tests.app.city.makers import change_text, write_pack

LADDERS = """\
[quiet]
begin = "22:00"
end = "07:00"
through = [1]

[[ladder]]
name = "rubbish"
category = "06"
severity = [1, 3]
area = "990101001"

[[ladder.step]]
at = "15 min not taken"
tell = ["handler", "on_duty"]
by = ["log"]
repeat_minutes = 5
most = 4

[[ladder.step]]
at = "80 %"
tell = ["dispatcher"]
by = ["log", "gateway:sms"]
take_over = "POLICE"
supervise_zh = "请尽快处置"
supervise_en = "Please hurry"
supervise_minutes = 60

[[ladder]]
name = "rest"
category = "*"

[[ladder.step]]
at = "100%"
tell = ["operator"]
by = ["log"]
"""
KNOWN = Known({"06", "06010", "*"}, {"990101001"}, {"POLICE"}, [], supervises=True)
Place = tuple[str, int | None, str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pack(tmp_path)
    (tmp_path / "escalation.toml").write_text(LADDERS, encoding="utf-8")
    return tmp_path


def faults(folder: Path) -> list[tuple[Place, str]]:
    return [((one.file, one.row, one.field), one.problem) for one in check_pack(folder).faults]


def test_ladders_are_kept_as_they_are_written(folder: Path):
    assert faults(folder) == []

    part = check_pack(folder).sound().parts["escalation"]
    ladders = Ladders.of(part, ZoneInfo("Asia/Shanghai"))

    first, second = ladders.ladders
    assert (first.name, first.category, sorted(first.severities), first.area) == (
        "rubbish", "06", [1, 3], "990101001"
    )  # fmt: skip
    assert [step.name for step in first.steps] == ["15 min not taken", "80%"]
    assert (first.steps[0].most, first.steps[1].take_over) == (4, "POLICE")
    assert (second.area, second.severities, ladders.quiet is not None) == (None, frozenset(), True)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('category = "06"', 'category = "99"', (1, "category")),
        ('category = "06"', "category = 6", (1, "category")),
        ('area = "990101001"', 'area = "nowhere"', (1, "area")),
        ("severity = [1, 3]", "severity = [0]", (1, "severity")),
        ("severity = [1, 3]", "severity = 1", (1, "severity")),
        ("severity = [1, 3]", "severities = [1]", (1, "severities")),
        ('name = "rest"', 'name = "rubbish"', (2, "name")),
        ('name = "rest"', "", (2, "name")),
        ('at = "80 %"', 'at = "80"', (1, "step.2.at")),
        ('at = "80 %"', 'at = "5000%"', (1, "step.2.at")),
        ('at = "80 %"', 'at = "15 min not taken"', (1, "step.2.at")),
        ('at = "80 %"', "at = 80", (1, "step.2.at")),
        ('tell = ["dispatcher"]', 'tell = ["mayor"]', (1, "step.2.tell")),
        ('tell = ["dispatcher"]', "tell = []", (1, "step.2.tell")),
        ('tell = ["dispatcher"]', 'tell = "dispatcher"', (1, "step.2.tell")),
        ('"gateway:sms"', '"pigeon"', (1, "step.2.by")),
        ('"gateway:sms"', "7", (1, "step.2.by")),
        ("repeat_minutes = 5", "repeat_minutes = 0", (1, "step.1.repeat_minutes")),
        ("repeat_minutes = 5", "repeat_minutes = 2.5", (1, "step.1.repeat_minutes")),
        ("repeat_minutes = 5", "", (1, "step.1.most")),
        ("most = 4", "", (1, "step.1.most")),
        ("most = 4", "most = 1000", (1, "step.1.most")),
        ('take_over = "POLICE"', 'take_over = "NAVY"', (1, "step.2.take_over")),
        ('supervise_en = "Please hurry"', "", (1, "step.2.supervise_en")),
        ("supervise_minutes = 60", "supervise_minutes = -1", (1, "step.2.supervise_minutes")),
        ('by = ["log"]\nrepeat', 'by = ["log"]\nloud = true\nrepeat', (1, "step.1.loud")),
        ('begin = "22:00"', 'begin = "25:00"', (None, "quiet.begin")),
        ('end = "07:00"', 'end = "22:00"', (None, "quiet.end")),
        ("through = [1]", "through = [9]", (None, "quiet.through")),
        ("[quiet]", "[silence]", (None, "silence")),
        ("[[ladder.step]]\nat = \"100%\"", "[[ladder.rung]]\nat = \"100%\"", (2, "step")),
    ],
)  # fmt: skip
def test_a_wrong_ladder_is_told(old: str, new: str, place: tuple[int | None, str]):
    assert old in LADDERS
    noted = Faults()

    read_ladders(tomllib.loads(LADDERS.replace(old, new)), KNOWN, noted)

    assert place in [(one.row, one.field) for one in noted.found]


@pytest.mark.parametrize("text", ["ladder = 7", "[ladder]\nname = 'x'", "quiet = 1", "at ="])
def test_what_is_no_file_of_ladders_is_told(folder: Path, text: str):
    (folder / "escalation.toml").write_text(text, encoding="utf-8")

    [((file, _, _), _)] = faults(folder)
    assert file == "escalation.toml"


def test_an_order_that_the_city_has_switched_off_is_refused(folder: Path):
    change_text(folder / "city.toml", "[merge]", '[workflow]\noff = ["supervise"]\n\n[merge]')

    [(where, problem)] = faults(folder)
    assert where == ("escalation.toml", 1, "step.2.supervise_zh")
    assert "without supervision orders" in problem


def test_a_role_that_nobody_has_and_an_address_that_is_missing_are_hints(folder: Path):
    hints = [one.problem for one in check_pack(folder).hints if one.file == "escalation.toml"]

    assert hints == [
        "nobody in people.csv is handler",
        "1 who may be told have no phone, operator1 among them",
    ]


def test_a_pack_without_the_file_says_nothing_of_ladders(folder: Path):
    (folder / "escalation.toml").unlink()

    assert "escalation" not in check_pack(folder).sound().parts


def with_addresses(folder: Path, mail: str, phone: str, language: str) -> None:
    path = folder / "people.csv"
    head, first, *rest = path.read_text(encoding="utf-8").splitlines()
    lines = [f"{head},mail,phone,language", f"{first},{mail},{phone},{language}"]
    path.write_text("\n".join([*lines, *(f"{one},,," for one in rest)]), encoding="utf-8")


async def test_how_people_are_reached_is_loaded(folder: Path, conn: AsyncConnection):
    with_addresses(folder, "wang@city.example", "+86 138 0000", "en")

    await load(conn, check_pack(folder).sound())

    walker, operator = await list_people(conn)
    assert (operator.mail, operator.phone, operator.language) == (
        "wang@city.example", "+86 138 0000", "en"
    )  # fmt: skip
    assert (walker.mail, walker.phone, walker.language) == (None, None, None)
    again = await load(conn, check_pack(folder).sound())
    assert not [change for change in again if change.is_change]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (("wang", "", ""), "mail"),
        (("wang@city.example\x0bx", "", ""), "mail"),
        (("", "call me", ""), "phone"),
        (("", "", "fr"), "language"),
    ],
)
def test_a_wrong_address_is_told(folder: Path, told: tuple[str, str, str], field: str):
    with_addresses(folder, *told)

    assert {(where[0], where[2]) for where, _ in faults(folder)} == {("people.csv", field)}
