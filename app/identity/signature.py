"""What a device signs, and whether it did: HMAC-SHA256 over the request. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

KEY_ID_HEADER: Final = "x-device-key"
TIME_HEADER: Final = "x-timestamp"
SIGNATURE_HEADER: Final = "x-signature"
NONCE_HEADER: Final = "idempotency-key"
WINDOW: Final = timedelta(seconds=300)
"""So far a device's clock may be from ours; a request that is older is refused."""

_KEY_ID: Final = re.compile(r"[0-9a-f]{16}")
_TIME: Final = re.compile(r"[0-9]{1,12}")
_NONCE: Final = re.compile(r"[0-9A-Za-z._:-]{8,128}")
_SIGNATURE: Final = re.compile(r"[0-9a-fA-F]{64}")


class BadSignature(Exception):
    """The signature cannot be believed; *problem* is told to the sender."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Signed:
    """What the head of a signed request says; *at* is in seconds since 1970 in UTC."""

    key_id: str
    at: int
    nonce: str
    signature: bytes

    @classmethod
    def find(cls, headers: Mapping[str, str]) -> Signed | None:
        """That of a request, None when it is not signed; raises BadSignature."""
        if SIGNATURE_HEADER not in headers and KEY_ID_HEADER not in headers:
            return None
        key_id = _field(headers, KEY_ID_HEADER, _KEY_ID, "the 16 hex digits the key came with")
        at = _field(headers, TIME_HEADER, _TIME, "seconds since 1970 in UTC")
        nonce = _field(headers, NONCE_HEADER, _NONCE, "8 to 128 of A-Z a-z 0-9 . _ : -")
        signature = _field(headers, SIGNATURE_HEADER, _SIGNATURE, "64 hex digits (HMAC-SHA256)")
        return cls(key_id, int(at), nonce, bytes.fromhex(signature))

    def check_time(self, now: datetime) -> None:
        """Raise BadSignature unless the request is of now, give or take WINDOW."""
        apart = self.at - now.timestamp()
        if abs(apart) > WINDOW.total_seconds():
            way = "ahead of" if apart > 0 else "behind"
            ours = now.astimezone(UTC).isoformat(timespec="seconds")
            raise BadSignature(
                f"{TIME_HEADER} is {abs(apart):.0f} s {way} ours ({ours});"
                f" at most {WINDOW.total_seconds():.0f} s are taken"
            )

    def is_by(self, secret: bytes, method: str, path: str, body: bytes) -> bool:
        """Whether whoever has *secret* signed exactly this; takes as long for every answer."""
        right = sign(secret, method, path, body, at=self.at, nonce=self.nonce)
        return hmac.compare_digest(right, self.signature)


def sign(secret: bytes, method: str, path: str, body: bytes, *, at: int, nonce: str) -> bytes:
    """The signature of a request. *path* is as it stands in the request line, with the query."""
    digest = hashlib.sha256(body).hexdigest()
    text = "\n".join((method.upper(), path, digest, str(at), nonce))
    return hmac.digest(secret, text.encode(), "sha256")


def _field(headers: Mapping[str, str], name: str, form: re.Pattern[str], told: str) -> str:
    value = headers.get(name, "")
    if not form.fullmatch(value):
        problem = "is missing" if not value else "is not what it must be"
        raise BadSignature(f"{name} {problem}: {told}")
    return value
