"""People, sessions, one-time logins, keys and the audit trail in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from app.identity.tokens import digest, fresh_token

Connection = AsyncConnection[Any]
ONE_TIME_LOGIN_LASTS: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a local account; *password_hash* is None until a password was set."""

    login: str
    name_zh: str
    name_en: str
    roles: Sequence[str]
    department: str | None
    areas: Sequence[str]
    password_hash: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a portal, device or program; *source* is the name its reports are kept under."""

    source: str
    roles: Sequence[str]
    label: str
    revoked_at: datetime | None


_PERSON: Final = """
    SELECT p.login, p.name_zh, p.name_en, p.roles, p.department, p.areas, p.password_hash, p.active
      FROM person AS p
"""

FIND_PERSON: Final = _PERSON + " WHERE p.login = %(login)s"

LIST_PEOPLE: Final = _PERSON + " ORDER BY p.login"

# A session counts from its creation (absolute) and from its last use (idle).
FIND_SESSION: Final = (
    _PERSON
    + """
      JOIN session AS s USING (login)
     WHERE s.token_sha256 = %(digest)s
       AND s.revoked_at IS NULL
       AND p.active
       AND s.created_at > %(now)s - %(absolute)s
       AND s.seen_at > %(now)s - %(idle)s
"""
)

# At most one write a minute for each session, however many requests it makes, and none to a
# database that takes no changes: people go on reading there.
TOUCH_DUE: Final = """
    SELECT s.seen_at < %(now)s - interval '1 minute'
           AND current_setting('transaction_read_only') = 'off'
      FROM session AS s
     WHERE s.token_sha256 = %(digest)s
"""

TOUCH_SESSION: Final = """
    UPDATE session
       SET seen_at = %(now)s
     WHERE token_sha256 = %(digest)s
       AND seen_at < %(now)s - interval '1 minute'
"""

USE_ONE_TIME_LOGIN: Final = """
    UPDATE one_time_login AS o
       SET used_at = %(now)s
      FROM person AS p
     WHERE o.token_sha256 = %(digest)s
       AND o.used_at IS NULL
       AND o.expires_at > %(now)s
       AND p.login = o.login
       AND p.active
 RETURNING o.login
"""


async def find_person(conn: Connection, login: str) -> Person | None:
    """The person with the login, active or not."""
    async with conn.cursor(row_factory=class_row(Person)) as cursor:
        await cursor.execute(FIND_PERSON, {"login": login})
        return await cursor.fetchone()


async def list_people(conn: Connection) -> list[Person]:
    """Everybody with an account, by login."""
    async with conn.cursor(row_factory=class_row(Person)) as cursor:
        await cursor.execute(LIST_PEOPLE)
        return await cursor.fetchall()


async def add_person(conn: Connection, person: Person) -> bool:
    """Store a new person; raises psycopg.errors.UniqueViolation when the login is taken."""
    done = await conn.execute(
        """
        INSERT INTO person (login, name_zh, name_en, roles, department, areas, password_hash,
                            active)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            person.login,
            person.name_zh,
            person.name_en,
            list(person.roles),
            person.department,
            list(person.areas),
            person.password_hash,
            person.active,
        ),
    )
    return done.rowcount == 1


async def set_password(conn: Connection, login: str, password_hash: str, now: datetime) -> bool:
    """Store a password and end the person's sessions; False when there is no such person."""
    done = await conn.execute(
        "UPDATE person SET password_hash = %s WHERE login = %s", (password_hash, login)
    )
    await revoke_sessions(conn, login, now)
    return done.rowcount == 1


async def open_session(conn: Connection, login: str, now: datetime) -> str:
    """Start a session; returns its token, which is stored nowhere."""
    token = fresh_token()
    await conn.execute(
        "INSERT INTO session (token_sha256, login, created_at, seen_at) VALUES (%s, %s, %s, %s)",
        (digest(token), login, now, now),
    )
    return token


async def find_session(
    conn: Connection, token: str, *, now: datetime, idle: timedelta, absolute: timedelta
) -> Person | None:
    """Whose living session this is, None when it is none (any more); counts as a use of it."""
    values = {"digest": digest(token), "now": now, "idle": idle, "absolute": absolute}
    async with conn.cursor(row_factory=class_row(Person)) as cursor:
        await cursor.execute(FIND_SESSION, values)
        person = await cursor.fetchone()
    if person is not None:
        due = await (await conn.execute(TOUCH_DUE, values)).fetchone()
        if due == (True,):
            await conn.execute(TOUCH_SESSION, values)
    return person


async def revoke_session(conn: Connection, token: str, now: datetime) -> None:
    """End one session; nothing happens when it had ended."""
    await conn.execute(
        "UPDATE session SET revoked_at = %s WHERE token_sha256 = %s AND revoked_at IS NULL",
        (now, digest(token)),
    )


async def revoke_sessions(conn: Connection, login: str, now: datetime) -> None:
    """End all sessions of a person."""
    await conn.execute(
        "UPDATE session SET revoked_at = %s WHERE login = %s AND revoked_at IS NULL", (now, login)
    )


async def issue_one_time_login(conn: Connection, login: str, now: datetime) -> str:
    """A token that opens one session of this person, once, within a quarter of an hour.

    It goes into the address ``/login/{token}``.
    """
    token = fresh_token()
    await conn.execute(
        "INSERT INTO one_time_login (token_sha256, login, expires_at) VALUES (%s, %s, %s)",
        (digest(token), login, now + ONE_TIME_LOGIN_LASTS),
    )
    return token


async def use_one_time_login(conn: Connection, token: str, now: datetime) -> str | None:
    """The login it was issued for, the first time and in time; None ever after."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(USE_ONE_TIME_LOGIN, {"digest": digest(token), "now": now})
        return await cursor.fetchone()


async def find_key(conn: Connection, key: str) -> Key | None:
    """The key, revoked or not; None when there never was such a key."""
    async with conn.cursor(row_factory=class_row(Key)) as cursor:
        await cursor.execute(
            "SELECT source, roles, label, revoked_at FROM api_key WHERE key_sha256 = %s",
            (digest(key),),
        )
        return await cursor.fetchone()


async def add_key(conn: Connection, source: str, roles: Sequence[str], label: str) -> str:
    """Make a key for a source that has none; returns the key, which is stored nowhere.

    Raises psycopg.errors.UniqueViolation when the source has a key, revoked or not: its reports
    are kept under that name.
    """
    key = fresh_token()
    await conn.execute(
        "INSERT INTO api_key (key_sha256, source, roles, label) VALUES (%s, %s, %s, %s)",
        (digest(key), source, list(roles), label),
    )
    return key


async def replace_key(conn: Connection, source: str) -> str | None:
    """A new key for a known source, the old one no longer valid; None for an unknown source."""
    key = fresh_token()
    done = await conn.execute(
        "UPDATE api_key SET key_sha256 = %s, revoked_at = NULL WHERE source = %s",
        (digest(key), source),
    )
    return key if done.rowcount == 1 else None


async def revoke_key(conn: Connection, source: str, now: datetime) -> bool:
    """End the key of a source; False when it has none that is valid."""
    done = await conn.execute(
        "UPDATE api_key SET revoked_at = %s WHERE source = %s AND revoked_at IS NULL",
        (now, source),
    )
    return done.rowcount == 1


async def write_audit(
    conn: Connection,
    actor: str,
    action: str,
    target: str,
    outcome: Literal["done", "refused"],
    detail: Mapping[str, object] | None = None,
) -> None:
    """Note who did or tried what; never passwords, keys or what a report says."""
    await conn.execute(
        "INSERT INTO audit (actor, action, target, outcome, detail) VALUES (%s, %s, %s, %s, %s)",
        (actor, action, target, outcome, Jsonb(detail or {})),
    )
