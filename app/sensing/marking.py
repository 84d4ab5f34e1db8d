"""Letting time go on in the log: so that silence is noticed, also of an area that is wholly silent.

One worker at a time writes clock marks for all areas. They tell the time of the database, which is
everybody's, and only while that is believed: a mark from a wrong hour would make all that devices
send in it too late.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from psycopg import AsyncConnection

from app.database import connect, wake_ups
from dispatch.clock_trust import Known, Reading, Trust, may_judge
from dispatch.postgres.clock import Machine, read_clock
from dispatch.rulebook import Rulebook
from streams.loops import keep_at
from streams.observations import clock_mark
from streams.ports import Carrier
from streams.topics import OBSERVATIONS

SOURCE: Final = "citygrid/worker"
_LEADER: Final = 1836020585
"""Advisory lock of the one worker that marks; the number has no meaning."""


class Marker:
    """The marks of one worker process, at work only while no other process marks."""

    def __init__(
        self,
        database_url: str,
        machine: Machine,
        rules: Callable[[], Awaitable[Rulebook]],
        carrier: Carrier,
        *,
        every_s: float,
    ) -> None:
        self._url, self._machine, self._rules = database_url, machine, rules
        self._carrier, self._every_s = carrier, every_s
        self._conn: AsyncConnection | None = None
        self._leads = False

    async def run(self) -> None:
        """Mark every *every_s* seconds until cancelled."""
        try:
            await keep_at("marks", self.turn, wake_ups(self._url, every_s=self._every_s))
        finally:
            await self.close()

    async def close(self) -> None:
        """Let another one mark."""
        if self._conn:
            await self._conn.close()

    async def turn(self) -> int:
        """Write a mark for each area in which there are sensors; 0, for there is no more to do."""
        if self._conn is None or self._conn.closed:
            self._conn, self._leads = await connect(self._url), False
        self._leads = self._leads or await _lead(self._conn)
        if not self._leads:
            return 0
        known, reading = await read_clock(self._conn, self._machine)
        if is_believed(known, reading):
            mark = clock_mark(SOURCE, reading.database_at)
            areas = sorted({sensor.area for sensor in (await self._rules()).alarms.sensors})
            await self._carrier.carry(OBSERVATIONS, [(area.encode(), mark) for area in areas])
        return 0


def is_believed(known: Known, reading: Reading) -> bool:
    """Whether time may go on by this reading; a machine without a clock process knows no better."""
    if known.anchor is None:
        return known.trust is Trust.TRUSTED
    return may_judge(known, reading)


async def _lead(conn: AsyncConnection) -> bool:
    """Whether this connection is the one that marks; it stays so until it is closed."""
    found = await conn.execute("SELECT pg_try_advisory_lock(%s)", [_LEADER])
    return await found.fetchone() == (True,)
