"""The kinds of faults: what each may strike, how often it comes, and within which bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ENGINES: Final = ("pglog", "kafka")
PROCESSES: Final = (
    "web-1",
    "web-2",
    "worker-1",
    "worker-2",
    "clock-1",
    "clock-2",
    "notifier-1",
    "notifier-2",
)
"""The product's processes; a name up to its dash is the command that runs there."""

DOORS: Final = ("web-1", "web-2")
CLIENT_ROUTES: Final = (*(f"clients>{door}" for door in DOORS), "notifiers>sink")
SERVER_ROUTES: Final = tuple(f"{one}>{to}" for one in PROCESSES for to in ("postgres", "redis"))


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault.

    *weight* is its share of a plan, *spans* are least and most of what it varies (seconds unless
    the name says otherwise), *overlap* is how often the next fault comes before it is over.
    """

    name: str
    weight: int
    targets: tuple[str, ...]
    spans: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    engines: tuple[str, ...] = ENGINES
    overlap: float = 0.5


_ALL: Final = (
    # Our processes; the sink is a receiver's and dies as well.
    Kind("process-killed", 40, (*PROCESSES, "sink")),
    Kind("process-frozen", 12, PROCESSES, {"for_s": (1.0, 4.0)}, overlap=0.7),
    Kind("all-killed", 6, ("product",)),
    Kind("deployed", 2, ("product",), overlap=1.0),
    # PostgreSQL.
    Kind("postgres-immediate", 6, ("postgres",)),
    Kind("postgres-killed", 6, ("postgres",)),
    Kind("postgres-backend-killed", 4, ("postgres",)),
    Kind("postgres-backend-ended", 8, ("postgres",)),
    Kind("postgres-down", 4, ("postgres",), {"for_s": (2.5, 3.5)}),
    Kind("postgres-slow", 4, ("postgres",), {"for_s": (1.0, 3.0), "delay_s": (0.05, 0.3)}),
    Kind("postgres-frozen", 4, ("postgres",), {"for_s": (0.5, 2.0)}),
    Kind("postgres-crowded", 4, ("postgres",), {"for_s": (1.0, 3.0)}),
    # Redis.
    Kind("redis-flushed", 6, ("redis",)),
    Kind("redis-gone", 4, ("redis",), {"for_s": (1.0, 4.0)}, overlap=0.8),
    # What carries the streams; for the log in PostgreSQL its tables stand for the broker.
    Kind("broker-destroyed", 6, ("broker",)),
    Kind("broker-truncated", 6, ("broker",)),
    Kind("broker-killed", 6, ("broker",), {"for_s": (0.2, 3.0)}, engines=("kafka",)),
    Kind("broker-restarted", 4, ("broker",), engines=("kafka",)),
    Kind("leader-moved", 6, ("broker",), engines=("kafka",)),
    # The network between any two.
    Kind("network-cut", 12, (*SERVER_ROUTES, *CLIENT_ROUTES)),
    Kind("network-refused", 6, (*SERVER_ROUTES, *CLIENT_ROUTES), {"for_s": (1.0, 4.0)}),
    Kind(
        "network-delayed",
        8,
        (*SERVER_ROUTES, *CLIENT_ROUTES),
        {"for_s": (1.0, 5.0), "delay_s": (0.05, 1.0)},
        overlap=0.8,
    ),
    Kind(
        "network-half-open",
        10,
        (*SERVER_ROUTES, *CLIENT_ROUTES),
        {"for_s": (1.0, 8.0)},
        overlap=0.8,
    ),
    Kind("broker-cut", 4, ("broker",), {"for_s": (0.0, 3.0)}, engines=("kafka",)),
    Kind("broker-half-open", 4, ("broker",), {"for_s": (1.0, 5.0)}, engines=("kafka",)),
    # The machine.
    Kind("disk-full", 4, ("postgres",), {"for_s": (1.0, 4.0)}),
    Kind("clock-jumped", 4, ("postgres",), {"for_s": (2.0, 5.0), "hours": (-120.0, 2.0)}),
    # What people change while it runs.
    Kind("grid-changed", 2, ("city",), overlap=1.0),
    Kind("calendar-changed", 2, ("city",), overlap=1.0),
    Kind("rule-changed", 2, ("city",), overlap=1.0),
)
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _ALL}
