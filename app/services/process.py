"""A process that is known by pid and start time, so that a reused pid is never mistaken for it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.machine import boot_id
from app.services.accounts import Account

# Starts the command in the background and says its pid: the server is nobody's child, so it
# outlives whoever started it and leaves no zombie behind.
_LAUNCH = '"$@" >&2 & echo $!'


@dataclass(frozen=True, slots=True)
class Process:
    """One process of this boot: its pid and its start in clock ticks since the boot *boot*."""

    pid: int
    started: int
    boot: str

    @classmethod
    def find(cls, pid: int) -> Process | None:
        """The process that holds *pid* now; None when there is none or it is a zombie."""
        started = _start_ticks(pid)
        return None if started is None else cls(pid, started, boot_id())

    def alive(self) -> bool:
        """Tell whether this very process still runs."""
        return Process.find(self.pid) == self

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens when it is gone or its pid has a new owner."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive():  # asked after the handle was opened: the handle cannot change hands
                signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return
        finally:
            os.close(handle)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; True when it has ended within *seconds*."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if not self.alive():
                return True
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            return bool(poll.poll(seconds * 1000)) or not self.alive()
        finally:
            os.close(handle)


def this_process() -> Process:
    """The process that runs this code."""
    found = Process.find(os.getpid())
    assert found is not None, "a running process is always in /proc"
    return found


def launch(
    command: Sequence[str],
    *,
    account: Account,
    environment: Mapping[str, str],
    cwd: Path,
    log: Path,
) -> Process | None:
    """Start *command* in its own session as *account*, its output appended to *log*.

    *environment* is added to that of the account. None when it ended before it could be looked at.
    """
    with log.open("ab") as output:
        shell = subprocess.Popen(
            ["/bin/sh", "-c", _LAUNCH, "launch", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=cwd,
            env={**account.environment(), **environment},
            start_new_session=True,
            **account.switch(),
        )
        with shell:
            assert shell.stdout is not None, "stdout was asked for as a pipe"
            pid = int(shell.stdout.readline())
    return Process.find(pid)


def _start_ticks(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the name before may hold anything
    return None if state in "ZX" else int(fields[18])


def pids_working_in(folder: Path) -> list[int]:
    """Living processes whose current folder is *folder*, as far as this account may look."""
    return [pid for pid in _pids() if _current_folder(pid) == str(folder) and Process.find(pid)]


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _current_folder(pid: int) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:  # ended meanwhile, or somebody else's
        return None


def until(deadline: float, pause_s: float = 0.05) -> bool:
    """Pause once; False when the monotonic *deadline* has passed."""
    if time.monotonic() >= deadline:
        return False
    time.sleep(pause_s)
    return True
