"""Who signed a request: device keys looked up, opened, and held against the signature."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from starlette.requests import Request

from app.database import TRANSIENT, Database, DatabaseAway
from app.http.bodies import read_body
from app.identity import device_keys
from app.identity.postgres import write_audit
from app.identity.sealing import OtherKeyFile, Seal
from app.identity.signature import BadSignature, Signed
from app.policy import Actor, Role
from app.problems import Problem

SIGNED_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of a signed body: all of it must be there before any of it is believed."""

_REMEMBERED_S: Final = 15.0
"""A revoked key works at most this much longer."""

_MOST_REMEMBERED: Final = 10_000
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Known:
    """A key as it was looked up: None when it is none, or signs no more."""

    source: str
    secret: bytes
    until: float


class Signers:
    """Tells who signed; one for a web process. Keys are remembered for seconds."""

    def __init__(
        self, database: Database, key_file: Path | None, clock: Callable[[], datetime]
    ) -> None:
        self._database, self._clock = database, clock
        self._seal = None if key_file is None else Seal.of(key_file)
        self._known: dict[str, _Known | None] = {}

    async def actor_of(self, request: Request) -> Actor | None:
        """Whose device signed the request, None when nobody did; Problem 401 when it is not so."""
        try:
            signed = Signed.find(request.headers)
            if signed is None:
                return None
            signed.check_time(self._clock())
        except BadSignature as bad:
            raise Problem(401, bad.problem) from bad
        known = await self._key(signed.key_id)
        body = await read_body(request, SIGNED_LIMIT)
        # The bytes are handed to the endpoint once more as Starlette does after `body()`.
        request._body = body  # pyright: ignore[reportPrivateUsage]
        request.scope["citygrid.body"] = body
        if not signed.is_by(known.secret, request.method, path_of(request), body):
            told = "the signature does not fit: HMAC-SHA256 over method, path, SHA-256 of the body,"
            raise Problem(401, f"{told} time and idempotency key, divided by line feeds")
        request.scope["citygrid.signed"] = signed
        return Actor(known.source, frozenset({Role.SENSOR}))

    async def _key(self, key_id: str) -> _Known:
        """The key; Problem 401 for none. While the database is away a known one is believed."""
        known = self._known.get(key_id)
        if known is None or known.until < time.monotonic():
            try:
                known = await self._look_up(key_id)
            except (DatabaseAway, *TRANSIENT):
                if known is None:
                    raise
            else:
                self._remember(key_id, known)
        if known is None:
            raise Problem(401, "this device key is not valid")
        return known

    def _remember(self, key_id: str, known: _Known | None) -> None:
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        if known is None:
            self._known.pop(key_id, None)
        else:
            self._known[key_id] = known

    async def _look_up(self, key_id: str) -> _Known | None:
        if self._seal is None:
            raise Problem(401, "signed requests are not set up here: CITY_DEVICE_KEY_FILE")
        async with self._database.connection() as conn:
            found = await device_keys.find_key(conn, key_id)
            if found is None:
                return None
            if found.revoked_at is not None:
                await write_audit(conn, found.source, "device_key.use", key_id, "refused")
                _log.warning("revoked device key shown", source=found.source, key=key_id)
                return None
        try:
            secret = found.secret(self._seal)
        except OtherKeyFile as err:
            _log.error("device key cannot be opened", source=found.source, detail=str(err))
            raise Problem(503, "the device key cannot be opened, and that lies with us") from err
        return _Known(found.source, secret, time.monotonic() + _REMEMBERED_S)


def path_of(request: Request) -> str:
    """The path and query as they stand in the request line."""
    path = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def signed_by(request: Request) -> Signed | None:
    """The signature a request was believed by, None when it came by a key or session."""
    return request.scope.get("citygrid.signed")
