"""The previous release is replaced by this one, process by process, while phones report."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app.services.control import VARIABLES
from tests.chaos.releases import NoPreviousRelease, previous_revision
from tests.chaos.upgrade import run


@pytest.mark.long
def test_nothing_is_lost_while_each_process_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():  # the servers are the run's own
        monkeypatch.delenv(variable, raising=False)
    try:
        revision = previous_revision()
    except NoPreviousRelease as err:
        pytest.skip(f"nothing to upgrade from: {err}")

    told = run(revision, seconds=2.0)

    assert told["ok"], told


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", folder, *who, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder: Path, file: str) -> str:
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(file)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", file)
    return git(folder, "rev-parse", "HEAD")


def test_without_tags_the_newest_migration_divides_the_releases(repository: Path) -> None:
    commit(repository, "app/migrations/0001_a.sql")
    before = commit(repository, "app/web.py")
    commit(repository, "app/migrations/0002_b.sql")
    commit(repository, "app/clock.py")

    assert git(repository, "rev-parse", previous_revision(repository)) == before


def test_the_last_tag_is_the_previous_release_and_a_tagged_one_is_not_its_own(
    repository: Path,
) -> None:
    commit(repository, "app/migrations/0001_a.sql")
    git(repository, "tag", "v0.1.0")
    commit(repository, "app/web.py")
    git(repository, "tag", "v0.2.0")

    assert previous_revision(repository) == "v0.1.0"


def test_without_history_there_is_no_previous_release(tmp_path: Path) -> None:
    with pytest.raises(NoPreviousRelease, match="no tag"):
        previous_revision(tmp_path)
