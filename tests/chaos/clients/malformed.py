"""Reports that no door may take: each must be answered 4xx and never stored. Pure."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.chaos.clients.door import Message
from tests.chaos.clients.reports import Report

_Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Malformed:
    """A spoilt report; *how* says what was done to it."""

    how: str
    message: Message


def _changed(**changes: Any) -> Callable[[_Told], bytes]:
    return lambda told: json.dumps({**told, **changes}).encode()


def _without(name: str) -> Callable[[_Told], bytes]:
    return lambda told: json.dumps({k: v for k, v in told.items() if k != name}).encode()


_SPOILT: Final[Mapping[str, Callable[[_Told], bytes]]] = {
    "no category": _without("category"),
    "no datum": _without("datum"),
    "unknown category": _changed(category="99999"),
    "unknown datum": _changed(datum="mars"),
    "unknown field": _changed(priority="high"),
    "elsewhere": _changed(lon=0.0, lat=0.0),
    "not a number": _changed(lon=float("nan")),
    "infinite": _changed(lat=float("inf")),
    "number too large": lambda told: (
        json.dumps({**told, "lon": 7}).encode().replace(b'"lon": 7', b'"lon": 1e400000')
    ),
    "NUL in a text": _changed(description="a\x00b"),
    "half a surrogate": _changed(description="\ud800"),
    "wrong type": _changed(device_seq="seven"),
    "happened next year": _changed(happened_at="2999-01-01T00:00:00Z"),
    "time without zone": _changed(happened_at="2026-01-01T00:00:00"),
    "cut off": lambda told: json.dumps(told).encode()[:-7],
    "not UTF-8": lambda told: json.dumps(told).encode() + b"\xff\xfe",
    "a list": lambda told: json.dumps([told]).encode(),
    "nothing": lambda _told: b"",
    "deeply nested": lambda _told: b"[" * 5000,
}


WAYS: Final = (*_SPOILT, "no key", "key is no UUID")
"""Everything that can be done to a report."""


def spoil(report: Report, rng: random.Random) -> Malformed:
    """The JSON report, spoilt in any of the `WAYS`."""
    return spoil_by(report, rng.choice(WAYS))


def spoil_by(report: Report, how: str) -> Malformed:
    """The JSON report, spoilt in this one of the `WAYS`."""
    old = report.message
    if how in _SPOILT:
        body = _SPOILT[how](json.loads(old.body))
        return Malformed(how, Message(old.method, old.path, old.headers, body))
    headers = {name: value for name, value in old.headers.items() if name != "Idempotency-Key"}
    if how == "key is no UUID":
        headers["Idempotency-Key"] = "1"
    return Malformed(how, Message(old.method, old.path, headers, old.body))
