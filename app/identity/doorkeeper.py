"""Who stands at the door: keys and session cookies to actors, logging in and out."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import structlog
from starlette.requests import Request

from app.database import TRANSIENT, Database, DatabaseAway
from app.identity import postgres as store
from app.identity.passwords import LONGEST, Passwords
from app.identity.signers import Signers
from app.identity.throttle import Throttle
from app.identity.tokens import digest
from app.policy import VISITOR, Actor, Role
from app.problems import Problem
from app.settings import Settings

COOKIE: Final = "city_session"
HOST_COOKIE: Final = "__Host-city_session"
KEY_HEADER: Final = "x-api-key"

_KEY_REMEMBERED_S: Final = 15.0
"""A revoked key works at most this much longer."""

_MOST_REMEMBERED: Final = 10_000
_ROLES: Final = {role.value: role for role in Role if role is not Role.ANYONE}
_log = structlog.get_logger()


def utc_now() -> datetime:
    """The time of this process, aware UTC."""
    return datetime.now(UTC)


class Doorkeeper:
    """Tells who asks. Keys are remembered for seconds; sessions are looked up every time."""

    def __init__(
        self, database: Database, settings: Settings, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._passwords = Passwords()
        self._throttle = Throttle()
        self._keys: dict[bytes, tuple[Actor | None, float]] = {}
        self._signers = Signers(database, settings.device_key_file, clock)

    @property
    def cookie_name(self) -> str:
        """Behind https a name that no other site of the domain can set."""
        return HOST_COOKIE if self._settings.is_https else COOKIE

    async def actor_of(self, request: Request) -> Actor:
        """Who asks: by signature, key or session, else a visitor; Problem 401 for a wrong one."""
        if (device := await self._signers.actor_of(request)) is not None:
            return device
        if (key := _shown_key(request)) is not None:
            return await self.actor_of_key(key)
        if (token := self.session_token(request)) is None:
            return VISITOR
        person = await self._person_of(token)
        return VISITOR if person is None else _actor(person)

    async def actor_of_key(self, key: str) -> Actor:
        """The actor behind a key; Problem 401 when it is none or was revoked.

        While the database is away a key that was looked up before is still believed: what needs no
        database, as the figures and the samples of sensors, goes on.
        """
        hashed = digest(key)
        known = self._keys.get(hashed)
        if known is None or known[1] < time.monotonic():
            try:
                known = await self._remember(key, hashed)
            except (DatabaseAway, *TRANSIENT):
                if known is None:
                    raise
        if known[0] is None:
            raise Problem(401, "this key is not valid")
        return known[0]

    async def _remember(self, key: str, hashed: bytes) -> tuple[Actor | None, float]:
        known = (await self._look_up(key), time.monotonic() + _KEY_REMEMBERED_S)
        if len(self._keys) >= _MOST_REMEMBERED:
            self._keys.clear()
        self._keys[hashed] = known
        return known

    async def _look_up(self, key: str) -> Actor | None:
        async with self._database.connection() as conn:
            found = await store.find_key(conn, key)
            if found is None:
                return None
            if found.revoked_at is not None:
                await store.write_audit(conn, found.source, "key.use", found.source, "refused")
                _log.warning("revoked key shown", source=found.source)
                return None
        return Actor(found.source, _roles(found.roles))

    def session_token(self, request: Request) -> str | None:
        """The session token the browser sent, if any."""
        return request.cookies.get(self.cookie_name)

    async def _person_of(self, token: str) -> store.Person | None:
        async with self._database.connection() as conn:
            return await store.find_session(
                conn,
                token,
                now=self._clock(),
                idle=self._settings.session_idle,
                absolute=self._settings.session_absolute,
            )

    async def person_of(self, request: Request) -> store.Person | None:
        """The person whose browser asks, None for keys and visitors."""
        token = self.session_token(request)
        return None if token is None else await self._person_of(token)

    async def log_in(self, login: str, password: str, address: str) -> str:
        """A new session's token. Problem 401, the same for every cause, or 429 after many tries."""
        now = self._clock()
        if wait := self._throttle.wait(login, address, now):
            raise Problem(429, "too many tries", retry_after_s=int(wait.total_seconds()) + 1)
        # Counted before it is known: tries that run side by side must not all pass the throttle.
        self._throttle.failed(login, address, now)
        async with self._database.connection() as conn:
            person = await store.find_person(conn, login)
        stored = person.password_hash if person is not None and person.active else None
        right = len(password) <= LONGEST and await self._passwords.matches(stored, password)
        # People type passwords into the field for the login: only known logins are written down.
        who, outcome = (login if person else "unknown"), ("done" if right else "refused")
        async with self._database.connection() as conn:
            await store.write_audit(conn, who, "session.open", "", outcome)
            token = await store.open_session(conn, login, now) if right else None
        if token is None:
            raise Problem(401, "login or password is wrong")
        self._throttle.succeeded(login, address)
        return token

    async def log_in_once(self, token: str) -> str | None:
        """A session's token for a one-time login, None when it was used or is too old."""
        now = self._clock()
        async with self._database.connection() as conn:
            login = await store.use_one_time_login(conn, token, now)
            if login is None:
                return None
            await store.write_audit(conn, login, "session.open", "one-time login", "done")
            return await store.open_session(conn, login, now)

    async def log_out(self, token: str) -> None:
        """End the session."""
        async with self._database.connection() as conn:
            await store.revoke_session(conn, token, self._clock())


def _shown_key(request: Request) -> str | None:
    if (key := request.headers.get(KEY_HEADER)) is not None:
        return key
    # Only where the standard puts it: addresses end up in logs and histories.
    if request.url.path.startswith("/open311/") and "api_key" in request.query_params:
        return request.query_params["api_key"]
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic" and request.url.path.startswith("/sta/"):
        return _password(credentials)
    return credentials.strip() if scheme.lower() == "bearer" else None


def _password(credentials: str) -> str | None:
    """The key that stands as the password, where clients can send nothing else (SensorThings)."""
    try:
        told = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, UnicodeError):
        return ""
    return told.partition(":")[2]


def _roles(names: Iterable[str]) -> frozenset[Role]:
    """The roles by name; a name that this version does not know grants nothing."""
    return frozenset(_ROLES[name] for name in names if name in _ROLES)


def _actor(person: store.Person) -> Actor:
    return Actor(
        name=person.login,
        roles=_roles(person.roles),
        department=person.department,
        areas=frozenset(person.areas),
        by_cookie=True,
    )
