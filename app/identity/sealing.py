"""Device keys as they are stored: encrypted under a key that stands in a file, not in the database.

A signature can only be checked by whoever has the key itself, so a hash, as of other keys, will not
do. Whoever has the database alone, or a backup of it, can sign nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class UnusableKeyFile(Exception):
    """The key file cannot be used; says why and what to do."""

    def __init__(self, file: Path, problem: str, remedy: str) -> None:
        super().__init__(f"{file}: {problem}. {remedy}")
        self.file, self.problem, self.remedy = file, problem, remedy


class OtherKeyFile(Exception):
    """A device key was encrypted under another key file than this one."""

    def __init__(self, sealed_by: str, ours: str) -> None:
        super().__init__(f"sealed by the key file {sealed_by}, and ours is {ours}")
        self.sealed_by, self.ours = sealed_by, ours


@dataclass(frozen=True, slots=True)
class Seal:
    """The key of the key file. *name* tells key files apart and gives nothing away."""

    key: bytes

    @classmethod
    def of(cls, file: Path) -> Self:
        """That of a file: 32 bytes in base64, for its owner only. Raises UnusableKeyFile."""
        remedy = f"Make one: (umask 077; openssl rand -base64 {KEY_BYTES} > {file})"
        try:
            text, mode = file.read_text(), file.stat().st_mode
            key = base64.b64decode(text.strip(), validate=True)
        except OSError as err:
            raise UnusableKeyFile(file, f"cannot be read ({err.strerror})", remedy) from err
        except (binascii.Error, ValueError) as err:
            raise UnusableKeyFile(file, "is not base64", remedy) from err
        if len(key) != KEY_BYTES:
            raise UnusableKeyFile(file, f"holds {len(key)} bytes, not {KEY_BYTES}", remedy)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UnusableKeyFile(file, "can be read by others", f"chmod 400 {file}")
        return cls(key)

    @property
    def name(self) -> str:
        """The beginning of a digest of the key."""
        return hashlib.sha256(b"citygrid key file" + self.key).hexdigest()[:12]

    def seal(self, secret: bytes, about: str) -> bytes:
        """*secret* encrypted (AES-256-GCM); it opens only for the same *about*."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, secret, about.encode())

    def open(self, sealed: bytes, about: str, *, sealed_by: str) -> bytes:
        """The secret again; raises OtherKeyFile."""
        try:
            return AESGCM(self.key).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode()
            )
        except InvalidTag as err:
            raise OtherKeyFile(sealed_by, self.name) from err
