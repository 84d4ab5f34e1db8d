"""Who is told of what happens, and the rules of telling: where to, how often, how signed."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from dispatch.errors import UnusableDestination
from dispatch.kinds import KINDS

LEASE: Final = timedelta(seconds=30)
"""How long a notifier may be at a delivery before another one takes it up."""
LONGEST_PAUSE: Final = timedelta(seconds=60)
"""Longest pause between two attempts at one delivery."""
ENDED: Final = "the destination was ended"
"""Why what it had not got yet is dead."""

_FIRST_PAUSE: Final = timedelta(seconds=0.5)
_LONGEST_URL: Final = 2000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Destination:
    """A receiver of events. No *kinds* means all; without a *secret* nothing is signed."""

    name: str
    url: str
    secret: str | None
    kinds: tuple[str, ...]
    added_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One event for one destination, leased to whoever claimed it; *attempts* counts this one."""

    id: int
    dedup: str
    payload: str
    attempts: int


def pause(attempts: int, chance: float, *, longest: timedelta = LONGEST_PAUSE) -> timedelta:
    """How long to wait after so many failures (at least 1): twice as long each time.

    *chance*, from 0 to 1, takes up to a quarter off, so that what failed together is not all tried
    again in one moment.

    >>> [pause(n, 0.0).total_seconds() for n in (1, 2, 3, 100)]
    [0.5, 1.0, 2.0, 60.0]
    """
    doubled = _FIRST_PAUSE * 2 ** min(attempts - 1, 20)
    return min(longest, doubled) * (1 - chance / 4)


def signature(secret: str, body: bytes, at: datetime) -> str:
    """The header by which a receiver knows the sender: HMAC-SHA256 of the time and the body."""
    seconds = int(at.timestamp())
    proof = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={proof.hexdigest()}"


def check_destination(name: str, url: str, kinds: Collection[str]) -> None:
    """Raises UnusableDestination with the first thing that is wrong with it."""
    if not _NAME.fullmatch(name):
        raise UnusableDestination("name", "small letters, digits, '.', '_' and '-', at most 63")
    if problem := problem_of_url(url):
        raise UnusableDestination("url", problem)
    if unknown := sorted(set(kinds) - KINDS.keys()):
        known = ", ".join(sorted(KINDS))
        raise UnusableDestination("kind", f"there is no kind {unknown[0]}; there are {known}")


def problem_of_url(url: str) -> str | None:
    """What is wrong with an address to post to; None when nothing is."""
    if len(url) > _LONGEST_URL or not url.isascii() or re.search(r"[\s\x00-\x1f\x7f]", url):
        return "at most 2000 characters of ASCII, without blanks"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as err:
        return str(err)
    if parts.scheme not in ("http", "https") or not host:
        return "an address that begins with http:// or https:// and names a host"
    if parts.username is not None or parts.password is not None:
        return "without a login: whoever lists destinations would read it"
    return "without a fragment" if parts.fragment else None
