"""Where the commands of `citygrid grid` are typed, and a pack with patrols."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.city.makers import append_row, write_pack
from tests.app.city.test_patrols import GRIDS, SHIFTS


@pytest.fixture
def environment(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database and a home of the test's own; lines are long enough for any table."""
    monkeypatch.setenv("CITY_DATABASE_URL", database_url)
    monkeypatch.setenv("CITY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return database_url


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack with duty grids and shifts."""
    folder = tmp_path / "yunxi"
    folder.mkdir()
    write_pack(folder)
    line = ["inspector2", "赵六", "Zhao Liu", "inspector", "", "990101001"]
    append_row(folder / "people.csv", line)
    (folder / "duty_grids.csv").write_text(GRIDS, encoding="utf-8")
    (folder / "duty_shifts.csv").write_text(SHIFTS, encoding="utf-8")
    return folder
