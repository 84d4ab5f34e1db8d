"""The cell index on real areas: New York's census tracts and street blocks of Futian."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from geo.geometry import cleaned
from geo.index import CellIndex
from tests.geo.oracle import assert_agrees, critical_positions

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("CITY_SHARED_DATA", ROOT.parent / "shared" / "data"))

pytestmark = pytest.mark.realdata


def _features(name: str) -> NDArray[Any]:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not there; set CITY_SHARED_DATA to the folder of real data")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    return shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])


def test_census_tracts_of_new_york_answer_as_shapely_does() -> None:
    tracts = cleaned(_features("nyc_geo/census_tracts_2010.geojson.gz"))
    shapes, rng = tracts.polygons, np.random.default_rng(1)
    codes = np.array([f"{number:05d}" for number in range(len(shapes))])

    index = CellIndex.build(shapes, codes)

    assert len(shapes) == 2165
    assert [repair.kept for repair in tracts.repairs] == [True]
    assert_agrees(index, shapes, codes, critical_positions(shapes, rng, most=20_000))


def test_street_blocks_of_futian_answer_as_shapely_does() -> None:
    streets = shapely.union_all(_features("cn_shenzhen/futian_road_edges.geojson.gz"))
    shapes = np.array(list(shapely.get_parts(shapely.polygonize([streets]))), dtype=object)
    codes = np.random.default_rng(2).permutation([f"{n:04d}" for n in range(len(shapes))])
    where = critical_positions(shapes, np.random.default_rng(3), most=20_000)

    index = CellIndex.build(shapes, codes)

    assert len(shapes) > 300
    assert_agrees(index, shapes, codes, where)


def test_boroughs_that_hold_thousands_of_vertices_answer_as_shapely_does() -> None:
    shapes = cleaned(_features("nyc_geo/borough.geo.json.gz")).polygons
    codes = np.array(list("abcde"))
    where = critical_positions(shapes, np.random.default_rng(4), most=2_000)

    assert_agrees(CellIndex.build(shapes, codes), shapes, codes, where)
