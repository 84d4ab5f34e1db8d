"""The account a private server runs as: never root, otherwise whoever asks."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from app.services.errors import FolderOutOfReach, MissingAccount, WrongOwner


class _Switch(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A system account by name and numbers; *switched* when it is not the one of this process."""

    name: str
    uid: int
    gid: int
    home: str
    switched: bool

    def switch(self) -> _Switch:
        """The subprocess arguments that start a program as this account."""
        if not self.switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def environment(self) -> dict[str, str]:
        """A small environment: what the shell of the caller exports must not change a server."""
        kept = {key: os.environ[key] for key in ("PATH", "JAVA_HOME", "TZDIR") if key in os.environ}
        return {"LANG": "C.UTF-8", "HOME": self.home, "USER": self.name, **kept}

    def own(self, folder: Path, mode: int = 0o700) -> None:
        """Make *folder* where missing and give it to this account.

        Raises FolderOutOfReach when that is not allowed or the account cannot enter it, and
        WrongOwner when another account has it already.
        """
        try:
            new = not folder.exists()
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
            if new and self.switched:
                os.chown(folder, self.uid, self.gid)
        except (PermissionError, FileExistsError, NotADirectoryError) as err:
            raise FolderOutOfReach(folder, self.name) from err
        self._check(folder)

    def _check(self, folder: Path) -> None:
        owner = folder.stat().st_uid
        if owner != self.uid:
            raise WrongOwner(folder, _name(owner), self.name)
        entered = subprocess.run(
            ["/bin/sh", "-c", 'cd "$1" && test -w .', "sh", folder],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            check=False,
            **self.switch(),
        )
        if entered.returncode != 0:
            raise FolderOutOfReach(folder, self.name)


def unprivileged(server: str, name: str) -> Account:
    """The account *server* runs as: this process's own, or *name* when this process is root.

    Raises MissingAccount when root asks and *name* does not exist.
    """
    if os.geteuid() != 0:
        return _account(pwd.getpwuid(os.geteuid()), switched=False)
    try:
        return _account(pwd.getpwnam(name), switched=True)
    except KeyError as err:
        raise MissingAccount(server, name) from err


def _account(entry: pwd.struct_passwd, *, switched: bool) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir, switched)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
