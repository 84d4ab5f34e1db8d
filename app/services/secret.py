"""Passwords of private servers: random, in a file that only its owner reads."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def secret_in(file: Path) -> str:
    """The password kept in *file*, made and written (mode 0600) where there is none."""
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        password = secrets.token_urlsafe(24)
        write_private(file, password + "\n")
        return password


def write_private(file: Path, text: str, *, owner: tuple[int, int] | None = None) -> None:
    """Write *text* to *file*, whole or not at all, readable by *owner* (uid, gid) only."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as output:
        if owner is not None:
            os.fchown(handle, *owner)
        output.write(text)
        output.flush()
        os.fsync(handle)
    draft.replace(file)
