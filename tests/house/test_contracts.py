"""The import contracts hold, and they would notice when they do not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT

ROOMS = ["app", "maps", "streams", "dispatch", "grid", "geo"]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def small_house(tmp_path: Path) -> Path:
    """Our contracts on six empty rooms, two of them with a postgres module."""
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
    (tmp_path / "grid" / "postgres.py").write_text("import asyncio\nimport psycopg\n")
    deep = tmp_path / "dispatch" / "postgres"
    deep.mkdir()
    (deep / "__init__.py").touch()
    (deep / "inbox.py").write_text("import psycopg\nimport geo\n")
    return tmp_path


def test_the_contracts_hold():
    done = lint(ROOT)

    assert done.returncode == 0, done.stdout


def test_postgres_modules_may_touch_the_database(small_house: Path):
    done = lint(small_house)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("geo/shift.py", "import grid", "imports only what stands below"),
        ("maps/live.py", "import streams", "imports only what stands below"),
        ("streams/relay.py", "import maps", "imports only what stands below"),
        ("dispatch/actions.py", "import app", "imports only what stands below"),
        ("streams/relay.py", "import psycopg", "Only postgres modules"),
        ("dispatch/actions.py", "from psycopg import sql", "Only postgres modules"),
        ("geo/index.py", "import socket", "Pure rooms"),
        ("grid/locate.py", "import asyncio", "Pure rooms"),
        ("dispatch/actions.py", "from redis.asyncio import Redis", "Pure rooms"),
    ],
)
def test_a_breach_is_noticed(small_house: Path, module: str, line: str, contract: str):
    (small_house / module).write_text(f"{line}\n")

    done = lint(small_house)

    broken = [told for told in done.stdout.splitlines() if " BROKEN" in told]
    assert done.returncode == 1
    assert len(broken) == 1
    assert contract in broken[0]
