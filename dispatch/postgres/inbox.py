"""The inbox: a report is accepted when its row here is committed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

from dispatch.report import Acceptance, Submission

INBOX_CHANNEL: Final = "citygrid_inbox"
"""NOTIFY channel: something new waits to be published."""

# Numbered as they came, written in the order of their keys: two doors may hold the same keys, and
# in another order each would wait for the other until PostgreSQL ends one of them.
# A sequence number that does not go up is a claim worth a look, never a reason to refuse.
_INSERT: Final = """
    WITH told AS MATERIALIZED (
        SELECT nextval('inbox_id_seq') AS id,
               clock_timestamp() AS received_at, r.*
          FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
               receipt text, source text, client_key text, sha256 text, channel text,
               category text, lon float8, lat float8, datum text, given_lon float8,
               given_lat float8, accuracy_m float4, happened_at timestamptz, device_seq bigint,
               body jsonb))
    INSERT INTO inbox (id, received_at, receipt, source, client_key, body_sha256, channel,
                       category, position, datum, given_lon, given_lat, accuracy_m, happened_at,
                       device_seq, flags, body)
    OVERRIDING SYSTEM VALUE
    SELECT r.id, r.received_at, r.receipt, r.source, r.client_key, decode(r.sha256, 'hex'),
           r.channel, r.category,
           CASE WHEN r.lon IS NOT NULL THEN ST_SetSRID(ST_MakePoint(r.lon, r.lat), 4326) END,
           r.datum, r.given_lon, r.given_lat, r.accuracy_m, r.happened_at, r.device_seq,
           CASE WHEN r.device_seq IS NOT NULL AND EXISTS (
                         SELECT 1 FROM inbox i
                          WHERE i.source = r.source AND i.device_seq >= r.device_seq)
                THEN ARRAY['device-seq'] ELSE '{}' END,
           r.body
      FROM told r
     ORDER BY r.source, r.client_key
        ON CONFLICT (source, client_key) DO NOTHING
    RETURNING id, source, client_key, body_sha256, receipt, received_at
"""

_FIND: Final = """
    SELECT i.id, i.source, i.client_key, i.body_sha256, i.receipt, i.received_at
      FROM inbox i
      JOIN unnest(%(sources)s::text[], %(keys)s::text[]) AS k(source, client_key)
        ON i.source = k.source AND i.client_key = k.client_key
"""

_REPORTERS: Final = """
    INSERT INTO reporter (inbox_id, name, phone, email)
    SELECT * FROM unnest(%(ids)s::bigint[], %(names)s::text[], %(phones)s::text[],
                         %(emails)s::text[])
"""


@dataclass(frozen=True, slots=True)
class _Kept:
    id: int
    source: str
    client_key: str
    body_sha256: bytes
    receipt: str
    received_at: datetime


async def accept_many(conn: AsyncConnection, submissions: Sequence[Submission]) -> list[Acceptance]:
    """Write the submissions, one answer each in the same order; durable once the caller commits.

    A key seen before answers with the first receipt: *fresh* is False, and *conflict* is True when
    the bytes differ. Nothing is written twice, also when one key stands twice in the batch.
    """
    receipts = [secrets.token_hex(16) for _ in submissions]
    rows = [_row(one, receipt) for one, receipt in zip(submissions, receipts, strict=True)]
    async with conn.cursor(row_factory=class_row(_Kept)) as cur:
        await cur.execute(_INSERT, {"rows": msgspec.json.encode(rows).decode()})
        known = {(row.source, row.client_key): row for row in await cur.fetchall()}
        before = [s for s in submissions if (s.source, s.client_key) not in known]
        if before:
            keys = [one.client_key for one in before]
            await cur.execute(_FIND, {"sources": [one.source for one in before], "keys": keys})
            known |= {(row.source, row.client_key): row for row in await cur.fetchall()}
        answers = [
            _answer(one, receipt, known[one.source, one.client_key])
            for one, receipt in zip(submissions, receipts, strict=True)
        ]
        told = [(a, s.reporter) for a, s in zip(answers, submissions, strict=True) if a.fresh]
        if named := [(answer.report_id, who) for answer, who in told if who]:
            await cur.execute(
                _REPORTERS,
                {
                    "ids": [report_id for report_id, _ in named],
                    "names": [who.name for _, who in named],
                    "phones": [who.phone for _, who in named],
                    "emails": [who.email for _, who in named],
                },
            )
        await cur.execute("SELECT pg_notify(%s, '')", [INBOX_CHANNEL])
    return answers


def _row(one: Submission, receipt: str) -> Mapping[str, object]:
    return {
        "receipt": receipt,
        "source": one.source,
        "client_key": one.client_key,
        "sha256": one.body_sha256.hex(),
        "channel": one.channel,
        "category": one.category,
        "lon": one.lon,
        "lat": one.lat,
        "datum": one.datum,
        "given_lon": one.given_lon,
        "given_lat": one.given_lat,
        "accuracy_m": one.accuracy_m,
        "happened_at": one.happened_at,
        "device_seq": one.device_seq,
        "body": {
            "description": one.description,
            "address": one.address,
            "condition": one.condition,
            "attributes": dict(one.attributes),
        },
    }


def _answer(one: Submission, receipt: str, row: _Kept) -> Acceptance:
    return Acceptance(
        report_id=row.id,
        receipt=row.receipt,
        fresh=row.receipt == receipt,
        conflict=bytes(row.body_sha256) != one.body_sha256,
        received_at=row.received_at,
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How a report stands, as its sender may know it. Position in degrees WGS84.

    The case is the one that stands for it now; *merged_case* is the number of the one it was in
    when that was merged, perhaps over several others, None when it is in the same still.
    """

    report_id: int
    receipt: str
    source: str
    channel: str
    category: str
    state: str
    reason: str | None
    lon: float | None
    lat: float | None
    description: str
    address: str
    happened_at: datetime
    received_at: datetime
    decided_at: datetime | None
    case_id: int | None
    case_number: str | None
    case_state: str | None
    department: str | None
    due_at: datetime | None
    closed_at: datetime | None
    merged_case: str | None


_STANDING: Final = """
    SELECT i.id AS report_id, i.receipt, i.source, i.channel, i.category, i.state, i.reason,
           ST_X(i.position) AS lon, ST_Y(i.position) AS lat,
           i.body->>'description' AS description, i.body->>'address' AS address,
           i.happened_at, i.received_at, i.decided_at,
           c.id AS case_id, c.number AS case_number, c.state::text AS case_state,
           c.department, c.due_at, c.closed_at,
           CASE WHEN own.merged_into IS NOT NULL THEN own.number END AS merged_case
      FROM inbox i
      LEFT JOIN cases own ON own.id = i.case_id
      LEFT JOIN cases c
        ON c.id = CASE WHEN own.merged_into IS NULL THEN own.id ELSE standing_case(own.id) END
"""


async def find_by_receipt(conn: AsyncConnection, receipt: str) -> Standing | None:
    """How the report with this receipt stands, None when there is none."""
    async with conn.cursor(row_factory=class_row(Standing)) as cur:
        await cur.execute(f"{_STANDING} WHERE i.receipt = %s", [receipt])
        return await cur.fetchone()


async def list_standing(
    conn: AsyncConnection,
    *,
    since: datetime,
    until: datetime,
    category: str | None = None,
    ended: bool | None = None,
    source: str | None = None,
    limit: int = 1000,
) -> list[Standing]:
    """Reports received in [since, until), newest first; *ended* asks for closed or open ones."""
    async with conn.cursor(row_factory=class_row(Standing)) as cur:
        await cur.execute(
            f"""
            {_STANDING}
             WHERE i.received_at >= %(since)s
               AND i.received_at < %(until)s
               AND (%(category)s::text IS NULL OR i.category = %(category)s)
               AND (%(source)s::text IS NULL OR i.source = %(source)s)
               AND (%(ended)s::boolean IS NULL
                    OR (c.closed_at IS NOT NULL OR i.state IN ('rejected', 'dead')) = %(ended)s)
             ORDER BY i.received_at DESC, i.id DESC
             LIMIT %(limit)s
            """,
            {
                "since": since,
                "until": until,
                "category": category,
                "ended": ended,
                "source": source,
                "limit": limit,
            },
        )
        return await cur.fetchall()


async def add_photo(
    conn: AsyncConnection,
    receipt: str,
    *,
    sha256: bytes,
    media_type: str,
    original: bytes,
    display: bytes,
    added_by: str,
) -> UUID | None:
    """Keep a photo with its report; the same again gives the same id. None: no such report.

    One that was there before stays whose it was.
    """
    async with conn.cursor() as cur:
        await cur.execute(
            """
            INSERT INTO photo (id, inbox_id, sha256, media_type, original, display, added_by)
            SELECT %(id)s, i.id, %(sha256)s, %(media_type)s, %(original)s, %(display)s, %(by)s
              FROM inbox i
             WHERE i.receipt = %(receipt)s
                ON CONFLICT (inbox_id, sha256) DO UPDATE SET sha256 = excluded.sha256
            RETURNING id
            """,
            {
                "id": uuid4(),
                "receipt": receipt,
                "sha256": sha256,
                "media_type": media_type,
                "original": original,
                "display": display,
                "by": added_by,
            },
        )
        row = await cur.fetchone()
    return row[0] if row else None
