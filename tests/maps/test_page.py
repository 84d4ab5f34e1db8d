"""What can be told of the page without a browser: words in both languages, nothing from outside."""

import json
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from app.http.map import SHEETS
from dispatch.kinds import KINDS
from maps.assets import STATIC, Assets

APP = STATIC / "app"
OWN = [path for path in sorted(APP.rglob("*")) if path.suffix in (".js", ".css", ".svg")]
PAGES = sorted(STATIC.glob("*.html"))
WORD = re.compile(r'^  "([a-z_.0-9]+)": "((?:[^"\\]|\\.)*)",$', re.MULTILINE)


def table(language: str) -> dict[str, str]:
    text = (APP / "i18n" / f"{language}.js").read_text(encoding="utf-8")
    found = WORD.findall(text)
    assert len(found) == text.count('":'), "a line of the table has another form"
    return dict(found)


def named(pattern: str) -> set[str]:
    scripts = [path.read_text(encoding="utf-8") for path in OWN if path.suffix == ".js"]
    return {key for script in scripts for key in re.findall(pattern, script)}


def test_both_languages_have_the_same_words() -> None:
    assert table("zh").keys() == table("en").keys()


def test_both_languages_fill_the_same_blanks() -> None:
    chinese, english = table("zh"), table("en")

    blanks = {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in chinese.items()}

    assert blanks == {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in english.items()}


def test_every_word_the_page_asks_for_is_there() -> None:
    asked = named(r'\bt\("([a-z_.0-9]+)"')

    assert asked
    assert asked <= table("zh").keys()


def test_no_word_is_kept_that_nobody_asks_for() -> None:
    groups = {key.split("${")[0].rstrip(".") for key in named(r"`([a-z_]+\.\$\{)")}
    groups |= named(r'wordOf\("([a-z_]+)"')
    groups |= {"panel"}
    unused = {
        key
        for key in table("zh").keys() - named(r'"([a-z_.0-9]+)"')
        if key.rsplit(".", 1)[0] not in groups
    }

    assert unused == set()


def test_every_text_of_the_history_gets_what_it_has_a_blank_for() -> None:
    panel = (APP / "views" / "panel.js").read_text(encoding="utf-8")
    [given] = re.findall(r"t\(`event\.\$\{event\.kind\}`, \{([^}]*)\}\)", panel)
    passed = {name.partition(":")[0].strip() for name in given.split(",")}

    for language in ("zh", "en"):
        texts = {key: text for key, text in table(language).items() if key.startswith("event.")}
        asked = {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in texts.items()}
        assert asked["event.graded"] == {"severity"}
        assert {key: blanks - passed for key, blanks in asked.items() if blanks - passed} == {}


def test_what_an_event_tells_fills_its_text() -> None:
    """A blank that is a field must be one of that kind of event."""
    by_page = {"milestone", "until", "department", "change"}  # told in the words of the reader

    for key, text in table("en").items():
        kind = key.removeprefix("event.")
        if key.startswith("event.") and kind in KINDS:
            blanks = set(re.findall(r"\{(\w+)\}", text)) - by_page
            assert blanks <= {field.name for field in fields(KINDS[kind])}, key


def test_the_page_takes_only_a_change_since_for_a_change_since() -> None:
    """The server tells the two apart when it knows what was seen: 412 and 409."""
    acts = (APP / "acts.js").read_text(encoding="utf-8")

    assert '"if-match": `"${detail.case.version}"`' in acts
    assert re.findall(r"stale = .*error\.status === (\d+)", acts) == ["412"]


def test_every_sheet_tells_times_by_the_clocks_of_the_city() -> None:
    sheet = (APP / "sheet.js").read_text(encoding="utf-8")
    words = (APP / "i18n.js").read_text(encoding="utf-8")

    assert "setZone(person.timezone" in sheet
    assert "timeText(at, timezone = zone)" in words


@pytest.mark.parametrize("path", [*OWN, *PAGES], ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")

    assert not re.search(r"https?:|[\"'(=]//\w", text)


@pytest.mark.parametrize("path", [*OWN, *PAGES], ids=lambda path: path.name)
def test_nothing_is_inline_that_the_policy_would_refuse(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=[\"']|javascript:", text)
    assert "unsafeHTML" not in text
    assert "innerHTML" not in text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_file_a_page_names_is_there(page: Path) -> None:
    assets = Assets()
    text = page.read_text("utf-8")
    named = re.findall(r'(?:src|href)="/static/\{build\}/([^"]+)"', text)
    pages = ["login", *(path.removeprefix("/") for path in SHEETS)]
    named = [name.replace("{page}", one) for name in named for one in pages]

    assert named
    assert [name for name in named if assets.find(name) is None] == []


def test_every_module_a_module_imports_is_there() -> None:
    missing = [
        f"{path.name}: {target}"
        for path in OWN
        if path.suffix == ".js"
        for target in re.findall(r'^import .*?"([^"]+)";$', path.read_text("utf-8"), re.M | re.S)
        if not (path.parent / target.split('"')[-1]).is_file()
    ]

    assert missing == []


def test_the_build_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1", encoding="utf-8")
    before = Assets(tmp_path).build

    (tmp_path / "a.js").write_text("2", encoding="utf-8")

    assert Assets(tmp_path).build != before


def test_the_board_of_the_page_keeps_the_same_law_as_ours() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine: the page's board is tested in the browser only")
    script = Path(__file__).with_name("board_law.mjs")

    run = subprocess.run(
        [node, str(script), str(APP / "board.js")], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["histories"] >= 500
