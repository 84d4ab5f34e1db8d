"""What the cases of alarms are yet to be told of, and the notes in their histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

# A report that nobody has decided yet has no case: its notes wait.
_CLAIM: Final = """
    SELECT n.alarm, n.seq, e.kind AS change, e.level, a.device, a.rule,
           standing_case(i.case_id) AS case_id
      FROM alarm_note n
      JOIN alarm_event e ON e.alarm = n.alarm AND e.seq = n.seq
      JOIN alarm a ON a.key = n.alarm
      JOIN inbox i ON i.id = a.report
     WHERE n.state = 'pending'
       AND i.state <> 'accepted'
     ORDER BY n.alarm, n.seq
     LIMIT %(limit)s
       FOR UPDATE OF n SKIP LOCKED
"""

_SETTLE: Final = """
    UPDATE alarm_note n
       SET state = %(state)s
      FROM unnest(%(alarms)s::text[], %(seqs)s::integer[]) AS r(alarm, seq)
     WHERE n.alarm = r.alarm
       AND n.seq = r.seq
"""


@dataclass(frozen=True, slots=True)
class Note:
    """A change of an alarm, and the case it is to be told to: None where there is none."""

    alarm: str
    seq: int
    change: str
    level: int
    device: str
    rule: str
    case_id: int | None


async def claim_notes(conn: AsyncConnection, limit: int = 50) -> list[Note]:
    """Notes that wait and can be made; locked, those that somebody else holds are left to them."""
    async with conn.cursor(row_factory=class_row(Note)) as cur:
        await cur.execute(_CLAIM, {"limit": limit})
        return await cur.fetchall()


async def settle_notes(conn: AsyncConnection, notes: Sequence[Note], *, noted: bool) -> None:
    """They stand in the histories of their cases, or there is nothing that they matter to."""
    values = {
        "state": "noted" if noted else "void",
        "alarms": [note.alarm for note in notes],
        "seqs": [note.seq for note in notes],
    }
    await conn.execute(_SETTLE, values)
