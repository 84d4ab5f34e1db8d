"""Keys by which devices sign, in PostgreSQL: sealed, at most two living ones for each source."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

from app.identity.sealing import KEY_BYTES, Seal

Connection = AsyncConnection[Any]
MOST_LIVING: Final = 2


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A key of a source, revoked or not, as it is stored."""

    id: str
    source: str
    sealed: bytes
    sealed_by: str
    label: str
    created_at: datetime
    revoked_at: datetime | None

    def secret(self, seal: Seal) -> bytes:
        """What the device signs with; raises OtherKeyFile."""
        return seal.open(self.sealed, _about(self.id, self.source), sealed_by=self.sealed_by)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is shown, once."""

    id: str
    secret: bytes


class TooManyKeys(Exception):
    """The source has as many living keys as it may have."""

    def __init__(self, source: str, ids: Sequence[str]) -> None:
        super().__init__(f"{source} has {len(ids)} living keys ({', '.join(ids)})")
        self.source, self.ids = source, ids


_COLUMNS: Final = "id, source, sealed, sealed_by, label, created_at, revoked_at"
_FIND: Final = f"SELECT {_COLUMNS} FROM device_key WHERE id = %s"
_LIVING: Final = f"""
    SELECT {_COLUMNS}
      FROM device_key
     WHERE source = %s
       AND revoked_at IS NULL
     ORDER BY created_at, id
       FOR UPDATE
"""
_LIST: Final = f"""
    SELECT {_COLUMNS}
      FROM device_key
     WHERE %(source)s::text IS NULL OR source = %(source)s
     ORDER BY source, created_at, id
"""
_REVOKE: Final = """
    UPDATE device_key
       SET revoked_at = %(now)s
     WHERE source = %(source)s
       AND revoked_at IS NULL
       AND (%(id)s::text IS NULL OR id = %(id)s)
 RETURNING id
"""


async def find_key(conn: Connection, key_id: str) -> DeviceKey | None:
    """The key with the id, revoked or not."""
    async with conn.cursor(row_factory=class_row(DeviceKey)) as cursor:
        await cursor.execute(_FIND, [key_id])
        return await cursor.fetchone()


async def list_keys(conn: Connection, source: str | None = None) -> list[DeviceKey]:
    """All keys, or those of one source, the oldest first."""
    async with conn.cursor(row_factory=class_row(DeviceKey)) as cursor:
        await cursor.execute(_LIST, {"source": source})
        return await cursor.fetchall()


async def add_key(conn: Connection, source: str, label: str, seal: Seal, now: datetime) -> NewKey:
    """Another key for a source, the others go on; raises TooManyKeys."""
    living = await _living(conn, source)
    if len(living) >= MOST_LIVING:
        raise TooManyKeys(source, [one.id for one in living])
    return await _store(conn, source, label, seal, now)


async def rotate_key(
    conn: Connection, source: str, seal: Seal, now: datetime
) -> tuple[NewKey, list[str]] | None:
    """Another key for a source that has one, and the ids of older ones that had to end for it.

    The newest of the old keys goes on, so that the device can be given the new one in peace. None
    for a source without a living key.
    """
    living = await _living(conn, source)
    if not living:
        return None
    ended = [one.id for one in living[: len(living) - MOST_LIVING + 1]]
    for key_id in ended:
        await revoke(conn, source, key_id, now)
    return await _store(conn, source, living[-1].label, seal, now), ended


async def revoke(conn: Connection, source: str, key_id: str | None, now: datetime) -> list[str]:
    """End one living key of a source, or with None all of them; their ids."""
    done = await conn.execute(_REVOKE, {"source": source, "id": key_id, "now": now})
    return sorted(row[0] for row in await done.fetchall())


async def _living(conn: Connection, source: str) -> list[DeviceKey]:
    # Two at once for one source would otherwise make three.
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('device_key ' || %s, 0))", [source]
    )
    async with conn.cursor(row_factory=class_row(DeviceKey)) as cursor:
        await cursor.execute(_LIVING, [source])
        return await cursor.fetchall()


async def _store(conn: Connection, source: str, label: str, seal: Seal, now: datetime) -> NewKey:
    new = NewKey(secrets.token_hex(8), secrets.token_bytes(KEY_BYTES))
    await conn.execute(
        f"INSERT INTO device_key ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, NULL)",
        (
            new.id,
            source,
            seal.seal(new.secret, _about(new.id, source)),
            seal.name,
            label,
            now,
        ),
    )
    return new


def _about(key_id: str, source: str) -> str:
    """What a sealed key belongs to: moved to another row it does not open."""
    return f"{key_id} {source}"
