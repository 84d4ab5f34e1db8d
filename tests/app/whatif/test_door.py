"""What if at the doors: who may, what is taken, one at a time, and what comes out."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.database import connect
from app.http import whatif as door_module
from app.identity.postgres import open_session
from app.settings import Settings
from app.whatif.order import PACK, RESULT, Order, write_order
from app.whatif.trials import Trials
from app.whatif.working import work
from tests.app.town import address_of, serving
from tests.app.whatif.past_city import PAST, RUBBISH

RUBBISH_TO_POLICE = """\
[[rule]]
name = "rubbish-tried"
when = 'category == "06010"'
department = "POLICE"
because_zh = "试行"
because_en = "On trial"
"""
PEOPLE = {
    "supervisor.city": (["supervisor"], ["990101"]),
    "supervisor.first": (["supervisor"], ["990101001001"]),
    "supervisor.nowhere": (["supervisor"], []),
    "dispatcher.city": (["dispatcher"], ["990101"]),
    "auditor.city": (["auditor"], []),
    "admin": (["administrator"], []),
}
PERSON = """
    INSERT INTO person (login, name_zh, name_en, roles, areas)
    VALUES (%(login)s, %(login)s, %(login)s, %(roles)s, %(areas)s)
        ON CONFLICT DO NOTHING
"""
TEXT = {"content-type": "text/plain"}
ZIP = {"content-type": "application/zip"}


@dataclass(frozen=True)
class Door:
    url: str
    settings: Settings
    trials: Trials

    async def logged_in(self, login: str) -> httpx.AsyncClient:
        """A browser of this person."""
        async with await connect(self.settings.database_url) as conn:
            token = await open_session(conn, login, datetime.now(UTC))
        return httpx.AsyncClient(base_url=self.url, cookies={"city_session": token}, timeout=60)


@pytest.fixture
async def door(past_city: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with await connect(past_city) as conn:
        for login, (roles, areas) in PEOPLE.items():
            await conn.execute(PERSON, {"login": login, "roles": roles, "areas": areas})
    settings = Settings(database_url=past_city, home=tmp_path / "home", port=0)
    async with serving(settings) as server:
        app: Any = server.config.app
        yield Door(address_of(server), settings, app.state.wiring.trials)


def routing(browser: httpx.AsyncClient, text: str = RUBBISH_TO_POLICE) -> Any:
    return browser.post("/api/whatif?part=routing", content=text.encode(), headers=TEXT)


async def test_a_supervisor_tries_a_rule_on_the_cases_of_the_own_areas(door: Door):
    async with await door.logged_in("supervisor.first") as browser:
        begun = await routing(browser)
        await door.trials.ended()
        told = (await browser.get(f"/api/whatif/{begun.json()['id']}")).json()
        table = await browser.get(f"/api/whatif/{told['id']}/changed.csv")
        latest = (await browser.get("/api/whatif")).json()
    async with await door.logged_in("supervisor.city") as other:
        theirs = await other.get(f"/api/whatif/{told['id']}")
        none = (await other.get("/api/whatif")).json()

    # The first community are the two columns in the west.
    here = [one for one in PAST if one[1] < 2]
    assert begun.status_code == 202
    assert told["stage"] == "done"
    assert (told["done"], told["total"]) == (len(here), len(here))
    result = told["result"]
    assert result["cases"] == len(here)
    moved = [one for one in result["changed_cases"] if one["category"] == RUBBISH]
    assert [one["after"]["department"] for one in moved] == ["POLICE", "POLICE"]
    rows = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert len(rows) == result["changed"]
    assert latest["trial"]["id"] == told["id"]
    assert (theirs.status_code, none) == (404, {"trial": None})


async def test_only_one_trial_runs_and_it_can_be_stopped(door: Door):
    async with await door.logged_in("admin") as browser:
        begun = await browser.post("/api/whatif?grid=1")
        again = await routing(browser)
        stopped = await browser.delete(f"/api/whatif/{begun.json()['id']}")
        table = await browser.get(f"/api/whatif/{begun.json()['id']}/changed.csv")

    assert begun.status_code == 202
    assert again.status_code == 409
    assert "已有一次推演" in again.json()["details"]["zh"]
    assert stopped.json()["stage"] == "stopped"
    assert table.status_code == 409


async def test_a_process_that_dies_is_a_trial_that_failed(past_city: str, tmp_path: Path):
    trials = Trials(Settings(database_url="postgresql://nobody@127.0.0.1:1/none", home=tmp_path))
    trial = trials.begin(Order(grid=1), b"", "li")
    folder = trial.folder

    await trials.ended()

    assert trial.stage == "failed"
    await trials.close()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("login", "status"),
    [("dispatcher.city", 403), ("auditor.city", 403), ("supervisor.nowhere", 403), (None, 401)],
)
async def test_nobody_else_may(door: Door, login: str | None, status: int):
    stranger = httpx.AsyncClient(base_url=door.url)
    async with await door.logged_in(login) if login else stranger as browser:
        answers = [
            await routing(browser),
            await browser.get("/api/whatif"),
            await browser.get("/api/whatif/x"),
            await browser.delete("/api/whatif/x"),
        ]

    assert {answer.status_code for answer in answers} == {status}


@pytest.mark.parametrize(
    ("query", "headers", "body", "status", "field"),
    [
        ("part=people", TEXT, b"x", 422, "part"),
        ("part=routing&grid=none", TEXT, b"x", 422, "grid"),
        ("grid=0", TEXT, b"", 422, "grid"),
        ("grid=99999999999999999999", TEXT, b"", 422, "grid"),
        ("part=pack&grid=1", ZIP, b"x", 422, "grid"),
        ("part=routing&from=yesterday", TEXT, b"x", 422, "from"),
        ("part=routing&from=2026-02-02&until=2026-02-02", TEXT, b"x", 422, "until"),
        ("part=routing&sort=up", TEXT, b"x", 422, "sort"),
        ("part=routing&part=limits", TEXT, b"x", 422, "part"),
        ("part=routing", TEXT, b"", 422, "body"),
        ("part=routing", ZIP, b"x", 415, None),
        ("", TEXT, b"x", 415, None),
        ("part=routing", {**TEXT, "content-encoding": "gzip"}, b"x", 415, None),
    ],
)
async def test_what_cannot_be_tried_is_refused_before_anything_begins(
    door: Door, query: str, headers: dict[str, str], body: bytes, status: int, field: str | None
):
    async with await door.logged_in("admin") as browser:
        answer = await browser.post(f"/api/whatif?{query}", content=body, headers=headers)

    assert answer.status_code == status
    assert [one["field"] for one in answer.json().get("errors", ())] == ([field] if field else [])
    assert door.trials.last is None


async def test_more_than_a_part_can_have_is_not_read(door: Door):
    async with await door.logged_in("admin") as browser:
        answer = await routing(browser, "#" * (door_module.PART_LIMIT + 1))

    assert answer.status_code == 413
    assert door.trials.last is None


def zipped(**files: bytes) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return memory.getvalue()


def packed(folder: Path) -> bytes:
    return zipped(**{file.name: file.read_bytes() for file in folder.iterdir()})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK is no zip", "cannot be unpacked"),
        (zipped(**{"../evil": b"x"}), "outside its folder"),
        (zipped(**{"city.toml": bytes(16 * 1024**2)}), "absurd size"),
        (zipped(**{"readme.txt": b"x"}), "city.toml"),
    ],
    ids=["no zip", "a path that leads out", "a bomb", "no pack"],
)
async def test_an_archive_that_is_none_is_told_in_the_result(
    past_city: str, tmp_path: Path, content: bytes, said: str
):
    write_order(tmp_path, Order(part=PACK), content)

    await work(tmp_path, Settings(database_url=past_city, home=tmp_path))

    result = json.loads((tmp_path / RESULT).read_text(encoding="utf-8"))
    assert not result["ok"]
    assert said in json.dumps(result)


async def test_faults_of_a_part_are_told_with_file_row_and_field(past_city: str, tmp_path: Path):
    wrong = RUBBISH_TO_POLICE.replace("category ==", "weather ==")
    write_order(tmp_path, Order(part="routing"), wrong.encode())

    await work(tmp_path, Settings(database_url=past_city, home=tmp_path))

    [fault] = json.loads((tmp_path / RESULT).read_text(encoding="utf-8"))["faults"]
    assert (fault["file"], fault["row"], fault["field"]) == ("routing.toml", 1, "when")


async def test_a_whole_pack_is_tried(past_city: str, tmp_path: Path, pack: Path):
    write_order(tmp_path, Order(part=PACK), packed(pack))

    await work(tmp_path, Settings(database_url=past_city, home=tmp_path))

    result = json.loads((tmp_path / RESULT).read_text(encoding="utf-8"))
    assert (result["ok"], result["cases"], result["changed"]) == (True, len(PAST), 0)


async def test_the_page_is_for_who_is_logged_in(door: Door):
    async with await door.logged_in("supervisor.city") as browser:
        page = await browser.get("/whatif")
    async with httpx.AsyncClient(base_url=door.url) as stranger:
        sent = await stranger.get("/whatif")

    assert page.status_code == 200
    assert "whatif.js" in page.text
    assert (sent.status_code, sent.headers["location"]) == (303, "/login")
