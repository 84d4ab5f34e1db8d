"""A process loads what it needs to run, and nothing of what other commands need."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from app.__main__ import COMMANDS, main

LOOK = """
import sys
from app.__main__ import main
sys.argv = ["citygrid", sys.argv[1], "--help"]
try:
    main()
except SystemExit:
    print(*sorted(name.partition(".")[0] for name in sys.modules))
"""


def loaded_by(command: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, command], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("command", ["web", "worker", "clock", "notifier"])
def test_a_process_does_not_load_what_reads_city_packs(command: str) -> None:
    assert loaded_by(command).isdisjoint({"geopandas", "pandas", "pyogrio", "folium"})


def test_only_those_that_read_the_streams_load_faust() -> None:
    assert "faust" in loaded_by("worker")
    assert "faust" not in loaded_by("notifier")


def test_every_command_is_where_the_command_line_says() -> None:
    for name in COMMANDS:
        done = CliRunner().invoke(main, [name, "--help"])
        assert done.exit_code == 0, done.output


def test_a_name_that_nobody_has_is_answered_with_the_likely_one() -> None:
    done = CliRunner().invoke(main, ["wroker"])

    assert done.exit_code == 2
    assert "worker" in done.output
