"""From the kind of a fault to what does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from tests.chaos.faults import broker, change, clock, network, postgres, processes, redis
from tests.chaos.plan import Fault
from tests.chaos.world import World

Strike = Callable[[World, Fault], Awaitable[None]]

STRIKES: Final[Mapping[str, Strike]] = {
    "process-killed": processes.kill,
    "process-frozen": processes.freeze,
    "all-killed": processes.kill_all,
    "deployed": processes.deploy,
    "postgres-immediate": postgres.stop_at_once,
    "postgres-killed": postgres.kill_everything,
    "postgres-backend-killed": postgres.kill_one_backend,
    "postgres-backend-ended": postgres.end_one_backend,
    "postgres-down": postgres.stay_away,
    "postgres-slow": postgres.be_slow,
    "postgres-frozen": postgres.freeze,
    "postgres-crowded": postgres.crowd,
    "redis-flushed": redis.flush,
    "redis-gone": redis.be_gone,
    "broker-destroyed": broker.destroy,
    "broker-truncated": broker.truncate,
    "broker-killed": broker.kill,
    "broker-restarted": broker.restart,
    "leader-moved": broker.move_leader,
    "broker-cut": broker.cut,
    "broker-half-open": broker.half_open,
    "network-cut": network.cut,
    "network-refused": network.refuse,
    "network-delayed": network.delay,
    "network-half-open": network.half_open,
    "disk-full": postgres.fill_disk,
    "clock-jumped": clock.jump,
    "grid-changed": change.change,
    "calendar-changed": change.change,
    "rule-changed": change.change,
}
"""Each returns when its harm is over, and leaves the servers running."""


async def strike(world: World, fault: Fault) -> None:
    """Do the fault, all of it."""
    await STRIKES[fault.kind](world, fault)
