"""Versions of the product that can run side by side: the one at hand, and the one before it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_PATIENCE_S: Final = 180.0
_VENDORED: Final = "maps/static/vendor"
"""Brought by `make setup` and not in the repository."""


class NoPreviousRelease(Exception):
    """There is no history to take an earlier version from."""

    def __init__(self, root: Path, reason: str) -> None:
        super().__init__(f"{root} has no previous release: {reason}")
        self.root, self.reason = root, reason


class CommandFailed(Exception):
    """A command of a release ended with an error."""

    def __init__(self, release: str, command: str, code: int, words: str) -> None:
        super().__init__(f"`citygrid {command}` of {release} ended with {code}: {words}")
        self.release, self.command, self.code = release, command, code


@dataclass(frozen=True, slots=True)
class Release:
    """The code in *folder*, run with the Python and the libraries at hand."""

    name: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes `python -m app` run this code, wherever it is started."""
        return {"PYTHONPATH": str(self.folder), "PYTHONSAFEPATH": "1"}

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """What `citygrid ARGUMENTS` prints. Raises CommandFailed."""
        done = self._python("-m", "app", *arguments, environment=environment)
        if done.returncode != 0:
            words = (done.stderr or done.stdout).strip()[-600:]
            raise CommandFailed(self.name, " ".join(arguments), done.returncode, words)
        return done.stdout

    def commands(self) -> set[str]:
        """The commands this version knows."""
        return set(re.findall(r"^│ ([a-z][a-z-]*) ", self.run("--help"), re.MULTILINE))

    def check(self) -> None:
        """Make sure that it is this code that runs. Raises CommandFailed."""
        done = self._python("-c", "import app; print(app.__file__)")
        if Path(done.stdout.strip()).parent.parent != self.folder:
            raise CommandFailed(self.name, "python", done.returncode, f"ran {done.stdout.strip()}")

    def _python(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, **(environment or {}), **self.environment},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )


def this_release() -> Release:
    """The working tree, as it is."""
    return Release("this version", ROOT)


def previous_revision(root: Path = ROOT) -> str:
    """The revision an upgrade starts from. Raises NoPreviousRelease.

    The last tag before what is checked out. While nothing has a tag, the commit before the one
    that brought the newest migration: the last version that knows less of the schema.
    """
    if tag := _git(root, "describe", "--tags", "--abbrev=0", "HEAD^"):
        return tag
    added = ("--diff-filter=A", "--format=%H", "--", "app/migrations")
    if newest := _git(root, "log", "-1", *added):
        return f"{newest}^"
    raise NoPreviousRelease(root, "no tag, and no commit that brought a migration")


def unpack(revision: str, folder: Path, root: Path = ROOT) -> Release:
    """The code of the revision, written into *folder*. Raises NoPreviousRelease."""
    commit = _git(root, "rev-parse", "--short", f"{revision}^{{commit}}")
    if not commit:
        raise NoPreviousRelease(root, f"there is no revision {revision}")
    done = subprocess.run(
        ["git", "-C", root, "archive", "--format=tar", commit], capture_output=True, check=True
    )
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    if (root / _VENDORED).exists():
        (folder / _VENDORED).symlink_to(root / _VENDORED)
    release = Release(commit, folder.resolve())
    release.check()
    return release


def _git(root: Path, *arguments: str) -> str:
    """What git prints; nothing where it cannot say."""
    try:
        done = subprocess.run(
            ["git", "-C", root, *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
