"""A run that is asked to stop takes along what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from tests.chaos.stopping import SIGNALS

_RUN = """
import asyncio
from tests.chaos.stopping import end_tidily

async def run() -> None:
    try:
        print("at work", flush=True)
        await asyncio.sleep(60)
    finally:
        print("tidied up", flush=True)

end_tidily()
asyncio.run(run())
"""


@contextmanager
def _running() -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", _RUN], stdout=subprocess.PIPE, text=True) as made:
        try:
            yield made
        finally:
            made.kill()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_run_that_is_asked_to_stop_tidies_up(number: signal.Signals) -> None:
    with _running() as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "at work\n"
        os.kill(run.pid, number)

        assert run.stdout.read() == "tidied up\n"
        assert run.wait(timeout=30) == 128 + number
