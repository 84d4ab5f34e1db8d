"""How many failed logins are borne: per person, per address and in all. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(minutes=15)
PER_LOGIN: Final = 8
PER_ADDRESS: Final = 30
IN_ALL: Final = 600
_REMEMBERED: Final = 20_000
"""Logins and addresses kept in mind at most; the ones that failed longest ago are forgotten."""


@dataclass(slots=True)
class _Window:
    began_at: datetime
    failures: int = 0


@dataclass(slots=True)
class Throttle:
    """Counts failures in windows of a quarter of an hour; forgets everything on restart."""

    _windows: OrderedDict[str, _Window] = field(default_factory=OrderedDict[str, _Window])

    def wait(self, login: str, address: str, now: datetime) -> timedelta:
        """How long this login from this address must wait; zero when it may try."""
        waits = (
            self._wait(f"login {login}", PER_LOGIN, now),
            self._wait(f"address {address}", PER_ADDRESS, now),
            self._wait("all", IN_ALL, now),
        )
        return max(waits)

    def failed(self, login: str, address: str, now: datetime) -> None:
        """Count a failed try."""
        for name in (f"login {login}", f"address {address}", "all"):
            window = self._windows.pop(name, None)
            if window is None or now - window.began_at >= WINDOW:
                window = _Window(now)
            window.failures += 1
            self._windows[name] = window
        while len(self._windows) > _REMEMBERED:
            self._windows.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        """Take back what was counted before it was known to be the person; forget the rest."""
        self._windows.pop(f"login {login}", None)
        for name in (f"address {address}", "all"):
            if window := self._windows.get(name):
                window.failures = max(0, window.failures - 1)

    def _wait(self, name: str, most: int, now: datetime) -> timedelta:
        window = self._windows.get(name)
        if window is None or window.failures < most:
            return timedelta(0)
        return max(timedelta(0), window.began_at + WINDOW - now)
