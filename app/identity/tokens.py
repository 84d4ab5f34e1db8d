"""Secrets that are shown once: session ids, one-time logins, API keys. Only hashes are stored."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

TOKEN_BYTES: Final = 32
"""256 random bits."""


def fresh_token() -> str:
    """A new secret, safe in addresses and headers."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> bytes:
    """What is stored of a token. Tokens are random, so a plain SHA-256 cannot be guessed back."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
