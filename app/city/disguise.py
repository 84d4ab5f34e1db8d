"""Whether a layer of a city pack is what its name says, told before anything opens it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyogrio

_GPKG: Final = b"SQLite format 3\x00"
_SHAPEFILE: Final = b"\x00\x00\x27\x0a"
_BOM: Final = b"\xef\xbb\xbf"
_KINDS: Final = {
    ".gpkg": ("GPKG", "a GeoPackage"),
    ".geojson": ("GeoJSON", "GeoJSON"),
    ".shp": ("ESRI Shapefile", "a shapefile"),
}
_LOOKED_AT: Final = 4096


class Disguised(ValueError):
    """The file is something else than its name says."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"it is not {_KINDS[path.suffix][1]}, as its name says")


def layers_of(path: Path) -> list[str]:
    """The names of its layers; Disguised when it is no file of its suffix, and what pyogrio raises.

    Two looks: at the first bytes, before it is opened, and at what opened it.
    """
    with path.open("rb") as file:
        if not _begins_rightly(path.suffix, file.read(_LOOKED_AT)):
            raise Disguised(path)
    names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    if names and pyogrio.read_info(path, layer=names[0])["driver"] != _KINDS[path.suffix][0]:
        raise Disguised(path)
    return names


def _begins_rightly(suffix: str, begin: bytes) -> bool:
    match suffix:
        case ".gpkg":
            return begin.startswith(_GPKG)
        case ".shp":
            return begin.startswith(_SHAPEFILE)
        case _:
            return begin.removeprefix(_BOM).lstrip().startswith(b"{")
