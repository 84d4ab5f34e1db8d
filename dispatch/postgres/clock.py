"""The one clock that counts, and what is known about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection

from dispatch.clock_trust import Anchor, Judgement, Known, Reading, Trust

# Everything in one statement: no reading without what it is held against. The rows are those of
# the moment before the clock is read. Without anchors a person has just said that the clock is
# right, or no machine has looked yet; then the doors have, when they took the newest report.
_READ: Final = """
    SELECT clock_timestamp(), t.state, t.drift_s, t.decided_by, a.boottime_s, a.database_at,
           coalesce((SELECT max(database_at) FROM clock_anchor),
                    CASE WHEN t.state = 'trusted' AND t.decided_by <> '' THEN t.since END,
                    (SELECT received_at FROM inbox ORDER BY id DESC LIMIT 1))
      FROM clock_trust t
      LEFT JOIN clock_anchor a ON a.boot_id = %s
"""

_STANDING: Final = """
    SELECT state, since, drift_s, decided_by,
           (SELECT extract(epoch FROM clock_timestamp() - max(database_at))::float8
              FROM clock_anchor)
      FROM clock_trust
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where this process runs: *boot_id* names the machine since it was started.

    *uptime_s* tells for how many seconds it has run, those asleep included; nobody can set that.
    """

    boot_id: str
    uptime_s: Callable[[], float]


async def now(conn: AsyncConnection) -> datetime:
    """The database's time, aware UTC: machines and phones may be wrong, this one is everybody's."""
    found = await conn.execute("SELECT clock_timestamp()")
    row = await found.fetchone()
    if row is None:
        raise TypeError("SELECT gives a row")
    moment: datetime = row[0]
    return moment


async def read_clock(conn: AsyncConnection, machine: Machine) -> tuple[Known, Reading]:
    """A reading of the database's clock, and what was known about it just before."""
    before_s = machine.uptime_s()
    found = await conn.execute(_READ, [machine.boot_id])
    row = await found.fetchone()
    after_s = machine.uptime_s()
    if row is None:
        raise TypeError("clock_trust has a row")
    at, state, drift_s, decided_by, boottime_s, anchored_at, latest_at = row
    anchor = None if boottime_s is None else Anchor(boottime_s, anchored_at)
    known = Known(Trust(state), drift_s, decided_by, anchor, latest_at)
    return known, Reading(machine.boot_id, before_s, after_s, at)


async def lock_trust(conn: AsyncConnection) -> None:
    """Let nobody else change what is known until the transaction ends; reading goes on."""
    await conn.execute("SELECT FROM clock_trust FOR UPDATE")


async def save_judgement(
    conn: AsyncConnection, judged: Judgement, *, known: Known, machine: Machine
) -> bool:
    """Write what a machine found; True when the trust has changed. Call `lock_trust` before."""
    if judged.anchor is not None:
        await conn.execute(
            """
            INSERT INTO clock_anchor AS a (boot_id, boottime_s, database_at)
            VALUES (%s, %s, %s)
                ON CONFLICT (boot_id) DO UPDATE
               SET boottime_s = excluded.boottime_s, database_at = excluded.database_at
            """,
            [machine.boot_id, judged.anchor.boottime_s, judged.anchor.database_at],
        )
    if judged.trust is not known.trust:
        await _set_trust(conn, judged.trust, judged.drift_s, machine.boot_id)
        return True
    if judged.drift_s != known.drift_s:
        await conn.execute("UPDATE clock_trust SET drift_s = %s", [judged.drift_s])
    return False


async def trust_clock(conn: AsyncConnection, person: str) -> None:
    """What the database's clock says now is right: each machine takes its next reading as such."""
    await lock_trust(conn)
    await conn.execute("DELETE FROM clock_anchor")
    await _set_trust(conn, Trust.TRUSTED, 0.0, person)


async def _set_trust(conn: AsyncConnection, trust: Trust, drift_s: float, who: str) -> None:
    # Since when it should be by the machine's reckoning; a clock that jumped tells nonsense.
    await conn.execute(
        """
        UPDATE clock_trust
           SET state = %(state)s, drift_s = %(drift)s, decided_by = %(who)s,
               since = clock_timestamp() - make_interval(secs => %(drift)s)
        """,
        {"state": trust, "drift": drift_s, "who": who},
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How the clock stands.

    *drift_s* is how far it is ahead of what was expected. *unproven_s* are the seconds since a
    machine last found it right, None when none ever did.
    """

    trust: Trust
    since: datetime
    drift_s: float
    decided_by: str
    unproven_s: float | None


async def read_standing(conn: AsyncConnection) -> Standing:
    """How the clock stands now."""
    found = await conn.execute(_STANDING)
    row = await found.fetchone()
    if row is None:
        raise TypeError("clock_trust has a row")
    state, since, drift_s, decided_by, unproven_s = row
    return Standing(Trust(state), since, drift_s, decided_by, unproven_s)
