"""Samples that are wrong in every way we know, each with the reason by which it must be counted."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Make = Callable[[random.Random, datetime], bytes]


@dataclass(frozen=True)
class Bad:
    """A line that is no good sample, and the word it is counted by."""

    reason: str
    line: bytes


def told(now: datetime, **changes: Any) -> dict[str, Any]:
    """A good sample of W1."""
    return {"device": "W1", "at": now.isoformat(), "value": 1.5} | changes


def _json(now: datetime, **changes: Any) -> bytes:
    return json.dumps(told(now, **changes)).encode()


def _raw(now: datetime, value: str) -> bytes:
    """A sample with *value* as it stands, also where that is no JSON."""
    return json.dumps(told(now, value="@")).replace('"@"', value).encode()


def _cut(chance: random.Random, now: datetime) -> bytes:
    whole = _json(now)
    return whole[: chance.randrange(1, len(whole) - 1)]


KINDS: Final[list[tuple[str, Make]]] = [
    ("malformed", _cut),
    ("malformed", lambda c, n: bytes(c.randrange(128, 256) for _ in range(c.randint(1, 40)))),
    ("malformed", lambda c, n: _raw(n, c.choice(["NaN", "Infinity", "-Infinity", "1e999"]))),
    ("malformed", lambda c, n: _raw(n, "9" * c.randint(400, 900))),
    ("malformed", lambda c, n: _json(n, value=c.choice(["NaN", "1", None, True, [], {}, "∞"]))),
    ("malformed", lambda c, n: _json(n, device=c.choice([7, None, [], {}, "", "W" * 65]))),
    ("malformed", lambda c, n: _json(n, at=c.choice(["", "now", 1, "2026-13-01T00:00:00Z"]))),
    ("malformed", lambda c, n: _json(n, at=n.replace(tzinfo=None).isoformat())),
    ("malformed", lambda c, n: _json(n, **{f"extra{c.randrange(9)}": 1})),
    ("malformed", lambda c, n: _json(n)[:-1] + b', "value": 2}'),
    ("malformed", lambda c, n: b"[" * c.randint(1, 3000)),
    ("malformed", lambda c, n: b'{"device":' * c.randint(1, 300)),
    ("malformed", lambda c, n: c.choice([b"null", b"[]", b'"W1"', b"7", b"true", b"{}"])),
    ("malformed", lambda c, n: _json(n).replace(b"W1", b"W\xc3\x28")),
    ("malformed", lambda c, n: _json(n).replace(b"W1", b"\\ud800")),
    ("malformed", lambda c, n: b"W1;" + str(c.random()).encode()),
    ("size", lambda c, n: _json(n, device="W" * c.randint(4200, 6000))),
    ("unknown", lambda c, n: _json(n, device=f"made-up-{c.randrange(10**6)}")),
    ("unknown", lambda c, n: _json(n, device=c.choice(["w1", "W1 ", "'; --", "..", "W\u0000"]))),
    ("unit", lambda c, n: _json(n, unit=c.choice(["s", "kg", "furlong", "((", "m2", "10*999999"]))),
    ("too_late", lambda c, n: _json(n, at="1970-01-01T00:00:00Z")),
    ("too_late", lambda c, n: _json(n, at=(n - timedelta(days=c.randint(4, 20_000))).isoformat())),
    ("future", lambda c, n: _json(n, at=(n + timedelta(days=c.randint(1, 90_000))).isoformat())),
    ("datum", lambda c, n: _json(n, lon=121.0, lat=31.0)),
    ("datum", lambda c, n: _json(n, lon=121.0, lat=31.0, datum=c.choice(["mars", ""]))),
    ("position", lambda c, n: _json(n, lon=c.uniform(-170, -60), lat=10.0, datum="wgs84")),
    ("position", lambda c, n: _json(n, lon=121.0, datum="wgs84")),
]  # fmt: skip


def bad_samples(count: int, seed: int) -> Iterator[Bad]:
    """So many, always the same for one seed, each of a line without a break."""
    chance, now = random.Random(seed), datetime.now(UTC)
    for _ in range(count):
        reason, make = chance.choice(KINDS)
        yield Bad(reason, make(chance, now).replace(b"\n", b" ").strip() or b"?")


def reasons(samples: list[Bad]) -> Counter[str]:
    return Counter(one.reason for one in samples)


def bad_envelopes(count: int, seed: int) -> Iterator[bytes]:
    """Messages of the topic of samples that are no envelopes."""
    chance = random.Random(seed)
    for number in range(count):
        at_ms = 1_764_000_000_000 + number
        columns: dict[str, Any] = {"devices": ["W1"], "at_ms": [at_ms], "values": [1.5]}
        event = {"specversion": "1.0", "type": "citygrid.observations", "data": columns}
        match chance.randrange(11):
            case 0:
                columns["values"] = [1.5, 2.5]
            case 1:
                columns["values"] = ["1.5"]
            case 2:
                columns["at_ms"] = [chance.choice([-1, 10**18, 1.5, "now", None])]
            case 3:
                columns["devices"] = [chance.choice([7, None, {}])]
            case 4:
                columns["devices"] = []
            case 5:
                event["type"] = "citygrid.nonsense"
            case 6:
                event["specversion"] = "0.3"
            case 7:
                yield json.dumps(event).encode()[: chance.randrange(5, 60)]
                continue
            case 8:
                yield bytes(chance.randrange(256) for _ in range(chance.randint(1, 80))) + b"\xff"
                continue
            case 9:
                yield json.dumps(event).replace("1.5", chance.choice(["NaN", "1e999"])).encode()
                continue
            case _:
                yield b"[" * chance.randint(1, 5000)
                continue
        yield json.dumps(event).encode()
