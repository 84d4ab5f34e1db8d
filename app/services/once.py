"""A program of a server that runs once, to make what the server will keep."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from app.services.accounts import Account
from app.services.errors import ServerDied
from app.services.server import last_words


def run_once(
    name: str, command: Sequence[str | Path], *, folder: Path, account: Account, log: Path
) -> None:
    """Run *command* to its end in *folder*; ServerDied when it fails, all that it said in *log*."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env=account.environment(),
        check=False,
        **account.switch(),
    )
    if done.returncode != 0:
        said = done.stdout + done.stderr
        log.write_text(said)
        raise ServerDied(name, log, last_words(said))
