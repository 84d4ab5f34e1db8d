"""The planted bugs still fit the product; that they are caught is for `make chaos-power`."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
from psycopg import AsyncConnection, sql

from tests.chaos.bugs import BUGS, PLANTED
from tests.chaos.bugs.patching import NothingToPatch, reword, swap
from tests.chaos.judge import CHECKS
from tests.chaos.judge.equations import EQUATIONS
from tests.chaos.kinds import KINDS


def test_every_bug_finds_in_the_product_what_it_changes() -> None:
    tried = subprocess.run(
        [sys.executable, "-m", "tests.chaos.bugs"], capture_output=True, text=True, check=False
    )

    assert tried.returncode == 0, tried.stdout + tried.stderr


@pytest.mark.parametrize("name", [name for name, bug in BUGS.items() if bug.sql])
async def test_the_sql_of_a_bug_fits_the_schema(name: str, conn: AsyncConnection) -> None:
    await conn.execute(sql.SQL(BUGS[name].sql))  # pyright: ignore[reportArgumentType]


def test_there_are_more_than_twenty_bugs() -> None:
    assert len(BUGS) > 20


@pytest.mark.parametrize("name", PLANTED)
def test_a_bug_is_provoked_by_faults_that_exist(name: str) -> None:
    assert set(PLANTED[name].provoked_by) <= KINDS.keys()


@pytest.mark.parametrize("name", PLANTED)
def test_a_bug_is_caught_by_checks_that_the_judge_makes(name: str) -> None:
    made = " ".join((*CHECKS, *EQUATIONS))

    assert [words for words in PLANTED[name].caught_by if words not in made] == []


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_is_planted_somewhere_and_should_be_caught_by_something(name: str) -> None:
    assert BUGS[name].processes or BUGS[name].sql
    assert BUGS[name].caught_by


def test_a_patch_that_finds_nothing_is_an_error() -> None:
    product = SimpleNamespace(QUERY="SELECT 1")

    with pytest.raises(NothingToPatch):
        swap(product, "renamed", None)
    with pytest.raises(NothingToPatch):
        reword(product, "QUERY", "FOR UPDATE", "")


def test_a_reworded_function_is_changed_for_those_who_imported_it_by_name() -> None:
    def query() -> str:
        return "SELECT 1 FOR UPDATE"

    product = SimpleNamespace(query=query)

    reword(product, "query", " FOR UPDATE", "")

    assert query() == "SELECT 1"
