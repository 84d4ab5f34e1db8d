"""A real MQTT broker for tests: mosquitto in a folder of its own, to be stopped and killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from app.services.server import any_free_port

_CONFIGURATION: Final = """\
listener {port} 127.0.0.1
persistence true
persistence_location {folder}/
max_queued_messages 0
max_inflight_messages 1000
allow_anonymous {anonymous}
log_dest file {folder}/log
user {user}
{more}
"""
_PATIENCE_S: Final = 60.0


class Broker:
    """Keeps its port and what it has persisted from one start to the next."""

    def __init__(self, folder: Path, *, anonymous: bool = True, more: str = "") -> None:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        if not Path(program).exists():
            pytest.skip("no mosquitto here: `make setup` installs it")
        folder.mkdir(parents=True, exist_ok=True)
        self._command, self.port = [program, "-c", str(folder / "conf")], any_free_port()
        text = _CONFIGURATION.format(
            port=self.port,
            folder=folder,
            anonymous=str(anonymous).lower(),
            user="root" if os.geteuid() == 0 else "nobody",
            more=more,
        )
        (folder / "conf").write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return once it listens."""
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        give_up = time.monotonic() + _PATIENCE_S
        while not _listens(self.port):
            assert self._process.poll() is None, "mosquitto ended"
            assert time.monotonic() < give_up, "mosquitto does not listen"
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it; by SIGTERM it persists what it holds."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_PATIENCE_S)
            self._process = None

    def restart(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.stop(number)
        self.start()

    def publish(self, topic: str, payloads: Iterable[bytes], *, patience_s: float = 90.0) -> bool:
        """Publish each of *payloads*, lines without breaks, with QoS 1; False when it did not end.

        True says that the broker has confirmed every one of them.
        """
        command = ["mosquitto_pub", "-p", str(self.port), "-q", "1", "-t", topic, "-l"]
        try:
            done = subprocess.run(
                command,
                input=b"\n".join(payloads) + b"\n",
                timeout=patience_s,
                capture_output=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
