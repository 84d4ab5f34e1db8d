"""Loops beside the main work, in a process of their own."""

import signal
import subprocess
import sys

PROGRAM = """
import asyncio
from app.background import running

async def loop():
    {body}

async def main():
    async with running(loop()):
        await asyncio.sleep({main_s})

asyncio.run(main())
"""


def run(body: str, main_s: float) -> int:
    program = PROGRAM.format(body=body, main_s=main_s)
    return subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode


def test_a_loop_that_ends_by_a_defect_ends_the_process() -> None:
    assert run("raise ZeroDivisionError", main_s=50) == -signal.SIGTERM


def test_loops_end_with_the_main_work() -> None:
    assert run("await asyncio.sleep(50)", main_s=0.01) == 0
