"""The cell index on disk: what is saved is loaded, and nothing else is taken for it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from geo.errors import BadIndexFile
from geo.index import CellIndex
from geo.index.archive import HEAD_FIXED
from tests.geo.cities import city, positions


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    shapes, codes = city(200, seed=1)
    path = tmp_path / "cells.index"
    CellIndex.build(shapes, codes).save(path, version="2026-1")
    return path


def test_a_loaded_index_answers_and_edits_as_the_built_one(tmp_path: Path) -> None:
    shapes, codes = city(400, seed=2)
    where = positions(shapes, 20_000, seed=3, on_edges=0.2)
    built = CellIndex.build(shapes, codes)

    built.save(tmp_path / "cells.index", version="7")
    loaded = CellIndex.load(tmp_path / "cells.index", version="7")

    assert (loaded.codes == built.codes).all()
    assert loaded.bounds == built.bounds
    assert (loaded.locate(where) == built.locate(where)).all()
    changes = {codes[5]: None, codes[9]: shapes[5]}
    assert (loaded.replaced(changes).locate(where) == built.replaced(changes).locate(where)).all()


def test_saving_again_replaces_the_file_under_a_loaded_index(saved: Path) -> None:
    loaded = CellIndex.load(saved, version="2026-1")
    inside = np.mean(np.reshape(loaded.bounds, (2, 2)), axis=0)[None]
    before = loaded.locate(inside)

    loaded.replaced({str(loaded.codes[before[0]]): None}).save(saved, version="2026-2")

    assert loaded.locate(inside) == before
    assert CellIndex.load(saved, version="2026-2").locate(inside) == -1
    assert [file.name for file in saved.parent.iterdir()] == ["cells.index"]


def test_another_version_is_refused_with_both_names(saved: Path) -> None:
    with pytest.raises(BadIndexFile, match="grid version '2026-1', not '2026-2'"):
        CellIndex.load(saved, version="2026-2")


def test_another_format_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.index.store.FORMAT", 999)

    with pytest.raises(BadIndexFile, match="format 2, not 999"):
        CellIndex.load(saved, version="2026-1")


def test_a_file_with_the_tables_of_another_release_is_refused(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.index.store._names", lambda: {"codes", "tiles"})

    with pytest.raises(BadIndexFile, match="no table 'tiles'"):
        CellIndex.load(saved, version="2026-1")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadIndexFile, match=r"none\.index: does not exist"):
        CellIndex.load(tmp_path / "none.index", version="1")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadIndexFile, match="cannot be read"):
        CellIndex.load(tmp_path, version="1")


@pytest.mark.parametrize(
    "content", [b"", b"CITY", pickle.dumps({"a": 1}), b"PK\x03\x04" + b"\0" * 100, b"{}" * 50]
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cells.index"
    path.write_bytes(content)

    with pytest.raises(BadIndexFile, match=r"is not a cell index|cannot be read"):
        CellIndex.load(path, version="1")


@pytest.mark.parametrize("left", [8, 12, 16, 100, -1])
def test_a_file_cut_short_is_refused(saved: Path, left: int) -> None:
    saved.write_bytes(saved.read_bytes()[:left])

    with pytest.raises(BadIndexFile, match=r"damaged|bytes, not"):
        CellIndex.load(saved, version="2026-1")


def test_one_flipped_bit_in_any_array_is_noticed(saved: Path) -> None:
    whole = saved.read_bytes()
    length = int.from_bytes(whole[8:12], "little")
    head = json.loads(whole[HEAD_FIXED : HEAD_FIXED + length])
    start = len(whole) - head["size"]
    filled = {name: entry for name, entry in head["arrays"].items() if 0 not in entry["shape"]}

    assert len(filled) >= 10
    for name, entry in filled.items():
        damaged = bytearray(whole)
        damaged[start + entry["offset"]] ^= 1
        saved.write_bytes(damaged)
        with pytest.raises(BadIndexFile, match=f"damaged array '{name}'"):
            CellIndex.load(saved, version="2026-1")


def test_one_flipped_bit_in_the_head_is_noticed(saved: Path) -> None:
    damaged = bytearray(saved.read_bytes())
    damaged[HEAD_FIXED + 20] ^= 1
    saved.write_bytes(damaged)

    with pytest.raises(BadIndexFile, match="damaged head"):
        CellIndex.load(saved, version="2026-1")
