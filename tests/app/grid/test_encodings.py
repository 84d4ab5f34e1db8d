"""The encoding of a shapefile's texts, told from its table."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point

from app.city.faults import Faults
from app.grid.encodings import encoding_of, texts_of_table

SIMPLE = ["福田街道办事处", "南山区", "罗湖区东门", "园岭社区"]
FULL = ["臺南市東區", "善化區", "龍崎區", "國姓里"]


def shapefile(folder: Path, texts: list[str], encoding: str) -> Path:
    """A shapefile without ``.cpg``."""
    shapes = [Point(n, n) for n in range(len(texts))]
    file = folder / "layer.shp"
    gpd.GeoDataFrame({"name": texts}, geometry=shapes, crs=4326).to_file(file, encoding=encoding)
    file.with_suffix(".cpg").unlink()
    return file


@pytest.mark.parametrize(
    ("texts", "written", "taken"),
    [
        (SIMPLE, "utf-8", "utf-8"),
        (SIMPLE, "gbk", "gb18030"),
        (FULL, "gbk", "gb18030"),
        (FULL, "big5", "big5"),
        (["East", "West"], "gbk", "utf-8"),
    ],
)
def test_the_encoding_is_told_from_the_texts(
    tmp_path: Path, texts: list[str], written: str, taken: str
):
    faults = Faults()

    found = encoding_of(shapefile(tmp_path, texts, written), None, faults)

    assert (found.taken, faults.found) == (taken, [])
    assert "no .cpg" in found.why


def test_a_name_that_the_column_cuts_in_the_middle_of_a_character_is_no_obstacle(tmp_path: Path):
    file = shapefile(tmp_path, ["福田街道", "罗湖"], "gbk")
    table = file.with_suffix(".dbf")
    content = bytearray(table.read_bytes())
    last = content.rfind("罗湖".encode("gbk"))
    content[last + 3 : last + 4] = b" "
    table.write_bytes(bytes(content))

    assert encoding_of(file, None, Faults()).taken == "gb18030"


def test_texts_in_no_known_encoding_are_a_fault(tmp_path: Path):
    file = shapefile(tmp_path, ["xxxxxxxx"], "utf-8")
    table = file.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"xxxxxxxx", b"\xff\x01\x80\x01\xff\xff\xff\x01"))
    faults = Faults()

    encoding_of(file, None, faults)

    assert [(fault.field, fault.file) for fault in faults.found] == [("encoding", "layer.shp")]


def test_what_the_administrator_says_goes_before_the_file(tmp_path: Path):
    file = shapefile(tmp_path, SIMPLE, "gbk")

    assert encoding_of(file, "big5", Faults()).taken == "big5"


def test_other_formats_say_their_encoding_themselves(tmp_path: Path):
    assert encoding_of(tmp_path / "layer.gpkg", None, Faults()).taken is None


@given(st.binary(max_size=400))
def test_no_table_however_damaged_breaks_the_reading(content: bytes):
    assert all(isinstance(text, bytes) for text in texts_of_table(content))
