#!/usr/bin/env python3
"""Bring the third-party files of the live map into maps/static/vendor and check every one.

``maps/web/vendor.json`` names each file, the npm package file it comes from and its SHA-256. What
is there and right is left alone, so a second run needs no npm. A file that differs from its sum is
refused. ``--missing`` only tells by exit code 1 that something is; ``--record`` writes the sums
anew after a version was changed on purpose.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "maps" / "web"
VENDOR = ROOT / "maps" / "static" / "vendor"
LIST = WEB / "vendor.json"

Folders = dict[str, dict[str, dict[str, str]]]


def main(arguments: list[str]) -> int:
    """Bring what is missing; exit code 1 with one line when that is not possible."""
    folders: Folders = json.loads(LIST.read_text())
    if arguments == ["--missing"]:
        return 1 if missing(folders) else 0
    if arguments == ["--record"]:
        install()
        record(folders)
    if missing(folders):
        bring(folders)  # from a node_modules that is there already, as in the image's build
    if missing(folders):
        install()
        bring(folders)
    left = missing(folders)
    if left:
        return complain(f"{len(left)} files are not the recorded ones, the first is {left[0]}")
    count = sum(map(len, folders.values()))
    print(f"vendor: {count} third-party files stand in maps/static/vendor, all as recorded")
    return 0


def missing(folders: Folders) -> list[str]:
    """The files that are not there or differ from their sum."""
    return [
        f"{folder}/{name}"
        for folder, files in folders.items()
        for name, entry in files.items()
        if digest(VENDOR / folder / name) != entry["sha256"]
    ]


def install() -> None:
    """Fill node_modules by the lock file; no script of any package runs."""
    if shutil.which("npm") is None:
        raise SystemExit(complain("npm is not installed; install it: apt-get install npm"))
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = " / ".join((done.stderr or done.stdout).strip().splitlines()[:3])
        raise SystemExit(complain(f"npm could not bring the packages: {words}"))


def bring(folders: Folders) -> None:
    """Copy the named files whose sum is right; what differs stays out."""
    for folder, files in folders.items():
        for name, entry in files.items():
            source, target = WEB / "node_modules" / entry["from"], VENDOR / folder / name
            if digest(source) != entry["sha256"]:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(target.name + ".new")
            shutil.copyfile(source, draft)
            draft.replace(target)


def record(folders: Folders) -> None:
    """Write the sums of the installed files into the list."""
    for files in folders.values():
        for entry in files.values():
            entry["sha256"] = digest(WEB / "node_modules" / entry["from"]) or ""
    LIST.write_text(json.dumps(folders, indent=2) + "\n")


def digest(file: Path) -> str | None:
    """The SHA-256 of a file; None when there is none."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def complain(words: str) -> int:
    """Say one line to the operator; gives exit code 1."""
    print(f"vendor: {words}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
