"""A signed request is carried out once: whoever sends it again gets the answer of the first time.

So a request that somebody has overheard does nothing, and a device that got no answer may ask for
it again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from app.database import TRANSIENT, Database, DatabaseAway
from app.identity.signature import Signed
from app.identity.signers import path_of
from app.problems import Problem

KEPT: Final = timedelta(days=1)
"""How long an answer is known; a request is not believed after five minutes."""
ABANDONED: Final = timedelta(seconds=30)
"""Whoever has not answered after so long will not."""

_CLAIM: Final = """
    INSERT INTO signed_request (source, idempotency_key, digest, claimed_at)
    VALUES (%(source)s, %(key)s, %(digest)s, %(now)s)
        ON CONFLICT (source, idempotency_key) DO UPDATE
       SET claimed_at = excluded.claimed_at
     WHERE signed_request.status IS NULL
       AND signed_request.digest = excluded.digest
       AND signed_request.claimed_at < excluded.claimed_at - %(abandoned)s
 RETURNING true
"""
_FIND: Final = """
    SELECT digest, status, media_type, answer
      FROM signed_request
     WHERE source = %(source)s
       AND idempotency_key = %(key)s
"""
_ANSWER: Final = """
    UPDATE signed_request
       SET status = %(status)s, media_type = %(media_type)s, answer = %(answer)s
     WHERE source = %(source)s
       AND idempotency_key = %(key)s
       AND claimed_at = %(now)s
"""
_RELEASE: Final = """
    DELETE FROM signed_request
     WHERE source = %(source)s
       AND idempotency_key = %(key)s
       AND claimed_at = %(now)s
       AND status IS NULL
"""
# A few at a time, by whoever comes along.
_FORGET: Final = """
    DELETE FROM signed_request
     WHERE (source, idempotency_key) IN (
           SELECT source, idempotency_key
             FROM signed_request
            WHERE claimed_at < %(now)s - %(kept)s
            ORDER BY claimed_at
            LIMIT 20
              FOR UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, slots=True)
class _Claim:
    """One request of a source, as the table knows it."""

    source: str
    key: str
    digest: bytes
    now: datetime

    def values(self, **more: Any) -> dict[str, Any]:
        told = {"source": self.source, "key": self.key, "digest": self.digest, "now": self.now}
        return told | more


class Once:
    """Carries signed requests out once; one for a web process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def answer(
        self, request: Request, signed: Signed, source: str, act: Callable[[], Awaitable[Response]]
    ) -> Response:
        """What *act* answers, or has answered to the same request before.

        Problem 409 when the idempotency key stood in another request, 503 while that one is at
        work. What is answered with an error can be sent again.
        """
        claim = _Claim(source, signed.nonce, _digest(request), datetime.now(UTC))
        async with self._database.connection() as conn:
            if (before := await _claimed(conn, claim)) is not None:
                return before
        try:
            response = await act()
        except BaseException:
            await asyncio.shield(self._release(claim))
            raise
        if response.status_code >= 400 or not isinstance(response.body, bytes):
            await self._release(claim)
        else:
            await self._keep(claim, response)
        return response

    async def _keep(self, claim: _Claim, response: Response) -> None:
        values = claim.values(
            status=response.status_code, media_type=response.media_type, answer=response.body
        )
        async with self._database.connection() as conn:
            await conn.execute(_ANSWER, values)

    async def _release(self, claim: _Claim) -> None:
        """Let it be sent again; without the database it can be in half a minute."""
        with suppress(DatabaseAway, *TRANSIENT):
            async with self._database.connection() as conn:
                await conn.execute(_RELEASE, claim.values())


async def _claimed(conn: AsyncConnection, claim: _Claim) -> Response | None:
    """None when the claim is ours; else the answer of the first time, or a Problem."""
    await conn.execute(_FORGET, claim.values(kept=KEPT))
    if await (await conn.execute(_CLAIM, claim.values(abandoned=ABANDONED))).fetchone():
        return None
    row = await (await conn.execute(_FIND, claim.values())).fetchone()
    if row is None or (row[1] is None and row[0] == claim.digest):
        raise Problem(503, "the same request is just being carried out", retry_after_s=2)
    digest, status, media_type, answer = row
    if digest != claim.digest:
        raise Problem(409, "this idempotency key stood in another request: take a new one")
    return Response(bytes(answer), status, {"idempotent-replayed": "true"}, media_type=media_type)


def _digest(request: Request) -> bytes:
    body: bytes = request.scope["citygrid.body"]
    told = f"{request.method}\n{path_of(request)}\n{hashlib.sha256(body).hexdigest()}"
    return hashlib.sha256(told.encode()).digest()
