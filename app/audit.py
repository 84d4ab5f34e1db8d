"""Proving that histories were not changed: every chain walked, every case at its last event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from psycopg import AsyncConnection, IsolationLevel

from dispatch.events import GENESIS, link

_EVENTS: Final = """
    SELECT e.case_id, e.seq, e.canon, e.hash, c.version, c.head
      FROM case_event e
      JOIN cases c ON c.id = e.case_id
     ORDER BY e.case_id, e.seq
"""
_BARE: Final = """
    SELECT id FROM cases c WHERE NOT EXISTS (SELECT 1 FROM case_event e WHERE e.case_id = c.id)
"""


@dataclass(slots=True)
class Proof:
    """What the walk found; *broken* names case, event and what is wrong with it."""

    events: int = 0
    cases: int = 0
    broken: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])

    def as_json(self) -> dict[str, object]:
        """What `citygrid audit verify --json` prints."""
        faults = [{"case": c, "event": seq, "problem": text} for c, seq, text in self.broken]
        return {"ok": not faults, "events": self.events, "cases": self.cases, "broken": faults}


async def verify_chains(conn: AsyncConnection) -> Proof:
    """Walk every history in one snapshot. *conn* must not be inside a transaction."""
    proof = Proof()
    await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    try:
        async with conn.transaction():
            await _walk(conn, proof)
            found = await conn.execute(_BARE)
            proof.broken += [(row[0], 0, "has no history") for row in await found.fetchall()]
    finally:
        await conn.set_isolation_level(None)
    return proof


async def _walk(conn: AsyncConnection, proof: Proof) -> None:
    case_id, seq, head = 0, 0, GENESIS
    last: tuple[int, int, bytes] | None = None
    async with conn.cursor(name="histories") as cursor:
        await cursor.execute(_EVENTS)
        async for row in cursor:
            if row[0] != case_id:
                _finish(proof, last, head)
                case_id, seq, head = row[0], 0, GENESIS
                proof.cases += 1
            proof.events += 1
            head = link(head, row[2])
            if row[1] != seq + 1:
                proof.broken.append((case_id, row[1], f"follows event {seq}"))
            if bytes(row[3]) != head:
                proof.broken.append((case_id, row[1], "is not what was hashed"))
                head = bytes(row[3])
            seq = row[1]
            last = (case_id, row[4] - seq, bytes(row[5]))
    _finish(proof, last, head)


def _finish(proof: Proof, last: tuple[int, int, bytes] | None, head: bytes) -> None:
    """Hold the end of a history against the case: *last* is case, events missing, head."""
    if last and (last[1] != 0 or last[2] != head):
        proof.broken.append((last[0], 0, "does not stand at its last event"))
