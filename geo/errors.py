"""What can be wrong with a geometry, a position, a datum or an index file."""

from __future__ import annotations


class GeoError(Exception):
    """Base of everything this package raises on purpose."""


class BadPosition(GeoError):
    """A position is not a finite longitude and latitude in degrees."""

    def __init__(self, reason: str, *, path: str = "") -> None:
        super().__init__(_at(path, reason))
        self.reason, self.path = reason, path


class BadGeometry(GeoError):
    """A geometry cannot be used; *path* leads to the place, *code* names the cell if it has one."""

    def __init__(self, reason: str, *, path: str = "", code: str | None = None) -> None:
        where = path if code is None else f"cell {code}"
        super().__init__(_at(where, reason))
        self.reason, self.path, self.code = reason, path, code


class BadCodes(GeoError):
    """The codes given for an index are not unique, non-empty and one for each geometry."""

    def __init__(self, reason: str, *, codes: tuple[str, ...] = ()) -> None:
        shown = f": {', '.join(codes[:5])}" if codes else ""
        super().__init__(f"{reason}{shown}")
        self.reason, self.codes = reason, codes


class UnknownCrs(GeoError):
    """PROJ does not know this coordinate reference system, or it is missing."""

    def __init__(self, crs: str, reason: str) -> None:
        super().__init__(f"coordinate reference system {crs!r} {reason}")
        self.crs, self.reason = crs, reason


class BadIndexFile(GeoError):
    """A file is not a cell index, is damaged, or was built for another grid version."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"cell index file {file}: {reason}")
        self.file, self.reason = file, reason


def _at(where: str, reason: str) -> str:
    return f"{where}: {reason}" if where else reason
