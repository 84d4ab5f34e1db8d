"""Passwords: hashed with argon2id, two at a time, and no answer faster for unknown people."""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 12
LONGEST: Final = 128

# OWASP's minimum. Each check takes 19 MiB and tens of milliseconds of one core: more than two at
# a time would let a flood of logins slow down the intake.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE: Final = 2


class Passwords:
    """Hashes and checks passwords off the event loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._nobody = hash_password("a password that nobody has")

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether *password* is the one behind *stored*; None takes as long and never is."""
        async with self._turn:
            right = await asyncio.to_thread(_verify, stored or self._nobody, password)
        return right and stored is not None


def hash_password(password: str) -> str:
    """The text to store for a password. Takes tens of milliseconds."""
    return _HASHER.hash(password)


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
