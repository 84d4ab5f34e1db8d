"""Acknowledging: somebody who was told of an escalation sees to it, and the history says so."""

from __future__ import annotations

from datetime import datetime

from psycopg import AsyncConnection

from dispatch.case import Case, continued
from dispatch.escalation.errors import AcknowledgedBy, NotTold
from dispatch.escalation.facts import EscalationAcknowledged
from dispatch.ports import Changes
from dispatch.postgres.cases import read_locked
from dispatch.postgres.escalations import Escalation, note_acknowledged, read_escalation
from dispatch.postgres.saving import save


async def acknowledge(
    conn: AsyncConnection, escalation_id: int, person: str, *, city: str, now: datetime
) -> bool:
    """Write that the person has taken notice; False when they had before, and nothing is written.

    *conn* is in a transaction. Raises UnknownEscalation, NotTold, and AcknowledgedBy when somebody
    else was faster.
    """
    case = await _locked(conn, await read_escalation(conn, escalation_id))
    escalation = await read_escalation(conn, escalation_id)
    if person not in escalation.people:
        raise NotTold(person, escalation_id)
    if escalation.acknowledged_by is not None:
        if escalation.acknowledged_by != person:
            raise AcknowledgedBy(escalation_id, escalation.acknowledged_by)
        return False
    entry = continued(case, _event(escalation, person, now))
    changes = Changes(changed={case.id: entry.case}, entries=[entry])
    await save(conn, changes, city=city, now=now)
    await note_acknowledged(conn, escalation_id, person, entry.event.at)
    return True


async def _locked(conn: AsyncConnection, escalation: Escalation) -> Case:
    """Its case, so that neither the clock nor somebody else is at it until the end."""
    return (await read_locked(conn, [escalation.case_id]))[escalation.case_id]


def _event(escalation: Escalation, person: str, now: datetime) -> EscalationAcknowledged:
    return EscalationAcknowledged(
        at=now,
        actor=person,
        ladder=escalation.ladder,
        step=escalation.step,
        run=escalation.run,
        since=escalation.since,
    )
