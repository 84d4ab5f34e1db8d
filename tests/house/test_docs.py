"""The documents speak of what is there, and the two READMEs say the same."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from app.__main__ import main
from app.policy import Role
from app.settings import Settings
from dispatch.case import State
from dispatch.report import Outcome
from tests.house.documents import (
    anchors,
    blocks,
    documents,
    first_column,
    headings,
    links,
    read,
)
from tests.house.repository import ROOT

README, README_ZH, RUNBOOK = "README.md", "README.zh-CN.md", "docs/runbook.md"
each_document = pytest.mark.parametrize(
    "page", documents(), ids=lambda page: str(page.relative_to(ROOT))
)


def commands(group: Any, path: str = "citygrid") -> list[str]:
    """Every command of the command line, as it is typed."""
    context: Any = None  # none of our groups asks for it
    named: list[str] = []
    for name in group.list_commands(context):
        one = group.get_command(context, name)
        named += commands(one, f"{path} {name}") if hasattr(one, "commands") else [f"{path} {name}"]
    return named


@each_document
def test_every_link_leads_somewhere(page: Path):
    broken: list[str] = []
    for link in links(page.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        if ":" in target:
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text("utf-8"))):
            broken.append(link)

    assert not broken


@each_document
def test_every_make_command_is_in_the_makefile(page: Path):
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"(?:`|^|# )make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE))

    unknown = {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)}
    assert {name for name in unknown if not name.startswith("bench-")} == set()


@each_document
def test_every_benchmark_named_can_be_run(page: Path):
    named = re.findall(r"\bbenchmarks\.(\w+)", page.read_text("utf-8"))

    assert [name for name in named if not (ROOT / "benchmarks" / f"{name}.py").exists()] == []


@each_document
def test_every_setting_named_exists(page: Path):
    real = {f"CITY_{name.upper()}" for name in Settings.model_fields}
    real |= {"CITY_SHARED_DATA", "CITY_API_KEY"}  # of the tests, of `citygrid replay`

    named = set(re.findall(r"\bCITY_[A-Z_]+[A-Z]\b", page.read_text("utf-8")))

    assert named - real == set()


@pytest.mark.parametrize("page", [README, README_ZH])
def test_a_readme_names_the_two_commands(page: str):
    typed = "\n".join(blocks(read(page), "sh"))

    assert [f"make {name}" in typed for name in ("demo", "test")] == [True, True]


def test_the_readmes_have_the_same_headings_and_links():
    english, chinese = read(README), read(README_ZH)

    depths = [[depth for depth, _ in headings(text)] for text in (english, chinese)]
    targets = [
        Counter(links(text)) - Counter([README, README_ZH, f"docs/images/map-{language}.png"])
        for text, language in ((english, "en"), (chinese, "zh"))
    ]

    assert depths[0] == depths[1]
    assert targets[0] == targets[1]


def test_the_readmes_tell_the_same_figures_and_commands():
    english, chinese = (figures(read(page)) for page in (README, README_ZH))

    assert len(english) >= 5
    assert english == chinese


def figures(text: str) -> list[list[str]]:
    """Numbers and commands in each row of the table of figures."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [re.findall(r"`[^`]+`|\d+(?:[.,]\d+)*", row) for row in rows[2:]]


def test_the_readmes_make_the_same_number_of_points():
    english, chinese = (
        len(re.findall(r"^(?:- |\d+\. |\|)", read(page), re.MULTILINE))
        for page in (README, README_ZH)
    )

    assert english == chinese


def test_every_command_is_in_the_readme_the_runbook_or_the_page_of_packs():
    told = "".join(read(page) for page in (README, RUNBOOK, "docs/city-pack.md"))

    assert len(commands(get_command(main))) > 15
    assert [one for one in commands(get_command(main)) if one not in told] == []


def test_every_command_in_the_documents_exists():
    real = commands(get_command(main))
    groups = {one.rpartition(" ")[0] for one in real}
    named = {
        typed.strip()
        for page in documents()
        for typed in re.findall(r"(?:`|^)(citygrid(?: [a-z]+)+)", read_page(page), re.MULTILINE)
    }

    unknown = {
        typed
        for typed in named
        if typed not in groups and not any(f"{typed} ".startswith(f"{one} ") for one in real)
    }
    assert unknown == set()


def read_page(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [State, Outcome, Role])
def test_the_glossary_has_every_state_outcome_and_role(words: type[State | Outcome | Role]):
    glossary = read("docs/glossary.md")
    there = {word for cell in first_column(glossary) for word in re.findall(r"[a-z]+", cell)}

    assert [str(word) for word in words if word not in there] == []


def test_every_decision_is_in_the_index():
    records = sorted(path.name for path in (ROOT / "docs/decisions").glob("0*.md"))

    assert sorted(links(read("docs/decisions/README.md"))) == records


def test_every_page_can_be_found_from_the_readme():
    seen: set[Path] = set()
    waiting = [ROOT / README]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        targets = [page.parent / link.partition("#")[0] for link in links(read_page(page))]
        pages = {one.resolve() for one in targets if one.suffix == ".md" and one.exists()}
        waiting += pages - seen

    assert [str(page) for page in documents() if page not in seen] == [str(ROOT / "CHANGELOG.md")]
