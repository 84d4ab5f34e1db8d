"""The tour shows what is there: its files, the functions it names, and its excerpts."""

import re
from typing import NamedTuple

import pytest

from tests.house.repository import ROOT

TOUR = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
STOP = re.compile(r"^## ", re.MULTILINE)
LINKED_FILE = re.compile(r"\]\(\.\./([\w./]+)\)")
NAMED_FILE = re.compile(r"`([\w/]+/[\w./]+\.(?:py|js|md|sql))`")
NAMED_FUNCTION = re.compile(r"`(?:(\w+)\.)?(\w+)\(\)`")
EXCERPT = re.compile(r"^```(?:python|js)\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Stop(NamedTuple):
    """One section: its title, its text, and the code of all files it links to."""

    title: str
    text: str
    code: str


def stops() -> list[Stop]:
    sections = STOP.split(TOUR)[1:]
    return [Stop(one.partition("\n")[0], one, code_of(one)) for one in sections]


def code_of(section: str) -> str:
    files = [ROOT / name for name in LINKED_FILE.findall(section)]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())


def is_defined(name: str, code: str) -> bool:
    python, javascript = rf"\bdef {name}\(", rf"^\s+(?:async )?{name}\([^)]*\) \{{"
    return re.search(f"{python}|{javascript}", code, re.MULTILINE) is not None


each_stop = pytest.mark.parametrize("stop", stops(), ids=lambda stop: stop.title)


def test_it_passes_about_ten_stops():
    assert 9 <= len(stops()) <= 14


def test_every_file_it_names_is_there():
    named = [*LINKED_FILE.findall(TOUR), *NAMED_FILE.findall(TOUR)]

    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).is_file()] == []


@each_stop
def test_every_function_of_a_stop_is_defined_in_its_files(stop: Stop):
    named = NAMED_FUNCTION.findall(stop.text)

    assert named
    missing = [name for _, name in named if not is_defined(name, stop.code)]
    missing += [owner for owner, _ in named if owner and f"class {owner}" not in stop.code]
    assert not missing


@each_stop
def test_the_excerpts_of_a_stop_stand_in_its_files_word_for_word(stop: Stop):
    excerpts = EXCERPT.findall(stop.text)

    assert [lines for lines in excerpts if lines not in stop.code] == []


def test_there_are_excerpts():
    assert len(EXCERPT.findall(TOUR)) >= 10
