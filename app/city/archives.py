"""Opening a city pack: a folder as it stands, or a zip unpacked with its size watched."""

import shutil
import stat
import tempfile
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final

from app.city.faults import NotAPack

MOST_FILES: Final = 500
MOST_BYTES: Final = 2 * 1024**3
MOST_GROWTH: Final = 200
"""A file may grow to so many times its packed size; text seldom passes 20."""
CHUNK: Final = 1 << 20


@contextmanager
def opened(path: Path) -> Generator[Path]:
    """The folder of the pack at *path*; what had to be unpacked is gone afterwards.

    Raises NotAPack when there is nothing, when it is neither folder nor zip, or when the zip
    would write outside its folder, is a bomb, or is damaged.
    """
    if path.is_dir():
        yield path
    elif path.is_file():
        with tempfile.TemporaryDirectory(prefix="citypack-") as folder:
            _unpack(path, Path(folder))
            yield _inner(Path(folder))
    else:
        raise NotAPack(str(path), "there is no such file or folder")


def _unpack(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            _refuse_odd_members(path, members)
            left = MOST_BYTES
            for member in members:
                left -= _extract(archive, member, folder, left, path)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as err:
        # zipfile says RuntimeError for a password, NotImplementedError for unknown compression.
        raise NotAPack(str(path), f"it cannot be unpacked as a zip file ({err})") from err


def _refuse_odd_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_FILES:
        raise NotAPack(str(path), f"it holds {len(members)} files; a pack has at most {MOST_FILES}")
    for member in members:
        name = PurePosixPath(member.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in member.filename:
            raise NotAPack(str(path), f"{member.filename!r} would be written outside its folder")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise NotAPack(str(path), f"{member.filename!r} is a link; put the file itself in")


def _extract(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, left: int, path: Path
) -> int:
    """Write one member and say how many bytes it had; sizes in the zip's own list may lie."""
    target = folder / member.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    limit = min(left, max(CHUNK, member.compress_size * MOST_GROWTH))
    with archive.open(member) as packed, target.open("wb") as file:
        written = _copy(packed, file, limit)
    if written > limit:
        raise NotAPack(str(path), f"{member.filename!r} unpacks to an absurd size")
    return written


def _copy(source: IO[bytes], target: IO[bytes], limit: int) -> int:
    written = 0
    while written <= limit and (chunk := source.read(CHUNK)):
        target.write(chunk)
        written += len(chunk)
    return written


def _inner(folder: Path) -> Path:
    """The pack may lie in one folder inside the zip; leftovers of macOS do not count."""
    shutil.rmtree(folder / "__MACOSX", ignore_errors=True)
    entries = list(folder.iterdir())
    if len(entries) == 1 and entries[0].is_dir():
        return entries[0]
    return folder
