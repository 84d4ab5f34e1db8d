"""The people of an evaluation: who reports, and what everybody is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from app.policy import Reach, Role
from dispatch.actions import CLOCK
from dispatch.decide import RULES
from grid.naming import Label

OF_OURS: Final = {RULES: Label("按规则自动", "by rule"), CLOCK: Label("时钟", "the clock")}

_INSPECTORS: Final = "SELECT login FROM person WHERE %(role)s = ANY(roles) ORDER BY login"
_PHONES: Final = "SELECT source FROM api_key WHERE %(role)s = ANY(roles) ORDER BY source"
# An inspector of several areas belongs to somebody's reach when all of them do.
_INSPECTORS_WITHIN: Final = """
    WITH RECURSIVE reached AS (
           SELECT code FROM area WHERE code = ANY(%(areas)s)
            UNION
           SELECT a.code FROM area a JOIN reached r ON a.parent = r.code)
    SELECT login
      FROM person
     WHERE %(role)s = ANY(roles)
       AND areas <> '{}'
       AND areas <@ ARRAY(SELECT code FROM reached)
     ORDER BY login
"""
_NAMES: Final = """
    SELECT login, name_zh, name_en
      FROM person
     WHERE login = ANY(%(logins)s)
     UNION ALL
    SELECT source, label, label
      FROM api_key
     WHERE source = ANY(%(logins)s)
"""


async def reporters(conn: AsyncConnection[Any], reach: Reach) -> list[str]:
    """Inspectors within a reach; for the whole city also the keys of their phones."""
    told = {"role": Role.INSPECTOR.value, "areas": sorted(reach.areas)}
    async with conn.cursor(row_factory=tuple_row) as cursor:
        queries = (_INSPECTORS, _PHONES) if reach.city else (_INSPECTORS_WITHIN,)
        found: list[str] = []
        for query in queries:
            await cursor.execute(query, told)
            found += [source for (source,) in await cursor.fetchall()]
    return found


async def read_names(conn: AsyncConnection[Any], logins: Sequence[str]) -> dict[str, Label]:
    """What people and keys are called, and what of ours acts by itself."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_NAMES, {"logins": logins})
        rows = await cursor.fetchall()
    return {login: Label(zh, en) for login, zh, en in rows} | OF_OURS
