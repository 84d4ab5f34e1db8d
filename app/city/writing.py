"""Writing the files of a city pack, the same bytes for the same content."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import geopandas as gpd
import pyogrio

FIXED_DATE: Final = "2026-01-01T00:00:00Z"
WGS84: Final = "EPSG:4326"


def write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """A CSV file with the columns of the first row; the byte order mark lets Excel read it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_layer(path: Path, layer: str, frame: gpd.GeoDataFrame) -> None:
    """A layer of a GeoPackage in lon/lat degrees WGS84; other layers of the file stay."""
    # GDAL stamps every layer with the time of writing; a fixed one keeps the bytes the same.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        pyogrio.write_dataframe(frame, path, layer=layer, driver="GPKG", append=False)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def toml_line(key: str, value: object) -> str:
    """One ``key = value``: JSON writes strings, numbers and lists of them just as TOML does."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"


def toml_block(header: str, values: Mapping[str, object]) -> str:
    """A table (``[header]``) or one of a list of tables (``[[header]]``) with its lines."""
    return "\n".join([header, *(toml_line(key, value) for key, value in values.items())])


def write_toml(path: Path, blocks: Iterable[str]) -> None:
    """The blocks, an empty line between each two."""
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
