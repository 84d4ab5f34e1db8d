"""Programs that others wrote read the doors as they are: GDAL's OAPIF driver and OWSLib."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from owslib.ogcapi.features import Features
from psycopg import AsyncConnection

from app.city.checking import check_pack
from app.city.loading import load
from app.city.yunxi.making import make_yunxi
from app.database import connect
from app.enclosed import SETTINGS
from app.identity.postgres import add_key, open_session
from app.metrics import DoorMetrics
from app.settings import Settings
from tests.app.grid.city import FIRST, FOURTH, HALVES
from tests.app.http.ogc.ground import lay_ground
from tests.app.town import Town, address_of, serving
from tests.makers import CELLS

YUNXI_CELLS = 300
# One case in each cell, as deciding would have put it there.
MAKE_CASES = """
    INSERT INTO cases (number, state, category, severity, cell, grid_version, areas, department,
                       position, reported_at, opened_at, reports, why, version, head)
    SELECT 'T' || row_number() OVER (ORDER BY c.code), 'filed', '06010', 3, c.code, c.grid_version,
           (WITH RECURSIVE above AS (
                SELECT 1 AS step, code, parent FROM area
                 WHERE grid_version = c.grid_version AND code = c.area
                 UNION ALL
                SELECT step + 1, area.code, area.parent FROM area
                  JOIN above ON area.code = above.parent AND area.grid_version = c.grid_version)
            SELECT array_agg(code ORDER BY step) FROM above),
           NULL, ST_PointOnSurface(c.geom), now(), now(), 1, '{}', 1, sha256('')
      FROM cell c
"""


@dataclass(frozen=True)
class Yunxi:
    """The served demo city. *headers* are those of a key that reads everything."""

    url: str
    conn: AsyncConnection
    headers: dict[str, str]
    metrics: DoorMetrics

    @property
    def answered(self) -> int:
        """How many requests below `/ogc` were answered with 200."""
        return int(self.metrics.requests.labels("/ogc/", 200)._value.get())  # pyright: ignore

    async def count(self, query: str, *values: object) -> int:
        found = await self.conn.execute(query.encode(), values)
        return (await found.fetchone() or (0,))[0]

    async def ogr(self, *command: object) -> str:
        """What a program of GDAL prints that shows the key."""
        return await ogr(self.headers, *command)


async def ogr(headers: dict[str, str], *command: object) -> str:
    """What a program of GDAL prints; fails with what it complains about."""
    sent = "\r\n".join(f"{name}: {text}" for name, text in headers.items())
    # Theirs is not the reader of ours, which reads files alone.
    theirs = {name: text for name, text in os.environ.items() if name not in SETTINGS}
    env = {**theirs, "GDAL_HTTP_HEADERS": sent, "NO_PROXY": "127.0.0.1"}
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        out, complaints = await process.communicate()
    assert (process.returncode, complaints.decode()) == (0, "")
    return out.decode()


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("yunxi")
    make_yunxi(folder, cells=YUNXI_CELLS)
    return folder


@pytest.fixture
async def yunxi(pack: Path, database_url: str, tmp_path: Path) -> AsyncIterator[Yunxi]:
    async with await connect(database_url) as conn:
        await load(conn, check_pack(pack).sound())
        await conn.execute(MAKE_CASES)
        key = await add_key(conn, "gis:test", ["auditor"], "")
        settings = Settings(database_url=database_url, port=0, home=tmp_path)
        async with serving(settings) as server:
            metrics = server.config.app.state.wiring.metrics  # pyright: ignore
            yield Yunxi(address_of(server), conn, {"X-Api-Key": key}, metrics)


needs_gdal = pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="gdal-bin is missing")
SQL = {
    "cells": "SELECT count(*) FROM cell",
    "areas": "SELECT count(*) FROM area",
    "components": "SELECT count(*) FROM component WHERE ended_at IS NULL",
    "cases": "SELECT count(*) FROM cases",
}


@needs_gdal
async def test_gdal_lists_the_collections_and_counts_them_as_sql_does(yunxi: Yunxi):
    told = await yunxi.ogr("ogrinfo", "-ro", "-al", "-so", f"OAPIF:{yunxi.url}/ogc")

    layers = {block.partition("\n")[0]: block for block in told.split("Layer name: ")[1:]}
    counts = {name: int(block.split("Feature Count: ")[1].split()[0])
              for name, block in layers.items()}  # fmt: skip
    assert counts == {name: await yunxi.count(query) for name, query in SQL.items()}
    assert counts["cells"] > 250
    assert "area_m2: Real" in layers["cells"]
    assert "opened_at: DateTime" in layers["cases"]
    assert 'GEOGCRS["WGS 84"' in layers["cells"]


@needs_gdal
async def test_gdal_copies_whole_collections_page_by_page(yunxi: Yunxi, tmp_path: Path):
    target = tmp_path / "city.gpkg"

    # Components are points, lines and areas: a layer of a GeoPackage must be told so.
    await yunxi.ogr(
        "ogr2ogr", "-f", "GPKG", target, f"OAPIF:{yunxi.url}/ogc", "-oo", "PAGE_SIZE=40",
        "-nlt", "GEOMETRY",
    )  # fmt: skip

    copied = {name: pyogrio.read_info(target, layer=name)["features"] for name in SQL}
    assert copied == {name: await yunxi.count(query) for name, query in SQL.items()}
    assert yunxi.answered > sum(count / 40 for count in copied.values())
    cells = pyogrio.read_dataframe(target, layer="cells")
    assert cells["code"].is_unique
    assert cells.geometry.is_valid.all()


@needs_gdal
async def test_gdal_asks_for_a_box_and_a_property_by_itself(yunxi: Yunxi):
    found = await yunxi.conn.execute(
        "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Centroid(ST_Extent(geom)) AS p FROM cell) AS one"
    )
    [lon, lat] = await found.fetchone() or (0.0, 0.0)
    box = [lon - 0.004, lat - 0.004, lon + 0.004, lat + 0.004]

    told = await yunxi.ogr(
        "ogrinfo", "-ro", "-so", "-spat", *box, f"OAPIF:{yunxi.url}/ogc", "cells"
    )

    within = (
        "SELECT count(*) FROM cell WHERE ST_Intersects(geom, ST_MakeEnvelope(%s,%s,%s,%s,4326))"
    )
    expected = await yunxi.count(within, *box)
    assert f"Feature Count: {expected}\n" in told
    assert 0 < expected < await yunxi.count(SQL["cells"])


@needs_gdal
async def test_gdal_with_the_session_of_a_person_gets_the_cases_of_their_areas(
    yunxi: Yunxi, tmp_path: Path
):
    street = await a_street(yunxi)
    await yunxi.conn.execute(
        "INSERT INTO person (login, name_zh, name_en, roles, areas)"
        " VALUES ('mapper', '', '', '{supervisor}', %s)",
        [[street]],
    )
    token = await open_session(yunxi.conn, "mapper", datetime.now(UTC))
    target = tmp_path / "cases.geojson"

    await ogr(
        {"Cookie": f"city_session={token}"},
        "ogr2ogr", "-f", "GeoJSON", target, f"OAPIF:{yunxi.url}/ogc", "cases",
        "-oo", "PAGE_SIZE=7",
    )  # fmt: skip

    copied = json.loads(target.read_text())["features"]
    expected = await yunxi.count("SELECT count(*) FROM cases WHERE %s = ANY(areas)", street)
    assert len(copied) == expected
    assert 7 < expected < await yunxi.count(SQL["cases"])


@needs_gdal
async def test_gdal_asks_the_release_of_a_time_by_comparing_with_it(town: Town):
    await lay_ground(town.conn)
    key = await add_key(town.conn, "gis:test", ["auditor"], "")
    told = {}

    for day in ("2026/05/31", "2026/06/01"):
        told[day] = await ogr(
            {"X-Api-Key": key},
            "ogrinfo", "-ro", "-q", "-where", f"began_at = '{day} 00:00:00+00'",
            f"OAPIF:{town.url}/ogc", "cells",
        )  # fmt: skip

    codes = {day: re.findall(r"code \(String\) = (\d+)", text) for day, text in told.items()}
    assert codes == {"2026/05/31": CELLS, "2026/06/01": [FIRST, FOURTH, *HALVES]}


async def a_street(yunxi: Yunxi) -> str:
    found = await yunxi.conn.execute("SELECT min(code) FROM area WHERE level = 'street'")
    [street] = await found.fetchone() or ("",)
    return street


async def test_owslib_reads_everything_that_it_knows_of(yunxi: Yunxi):
    def read() -> dict[str, Any]:
        service = Features(f"{yunxi.url}/ogc", headers=yunxi.headers)
        one = service.collection_items("cells", limit=3)
        first = one["features"][0]
        lon, lat = first["geometry"]["coordinates"][0][0][0]
        return {
            "conforms": service.conformance()["conformsTo"],
            "openapi": service.api()["openapi"],
            "collections": service.feature_collections(),
            "title": service.collection("cells")["title"],
            "counts": {
                name: service.collection_items(name, limit=1)["numberMatched"] for name in SQL
            },
            "returned": one["numberReturned"],
            "same": service.collection_item("cells", first["id"])["geometry"] == first["geometry"],
            "in a box": [
                found["id"]
                for found in service.collection_items("cells", bbox=[lon, lat, lon, lat])[
                    "features"
                ]
            ],
            "first": first["id"],
            "before": service.collection_items("cells", datetime_="2020-01-01T00:00:00Z"),
        }

    told = await asyncio.to_thread(read)

    assert len(told["conforms"]) == 3
    assert told["openapi"] == "3.0.3"
    assert told["collections"] == list(SQL)
    assert told["counts"] == {name: await yunxi.count(query) for name, query in SQL.items()}
    assert (told["returned"], told["same"]) == (3, True)
    assert told["first"] in told["in a box"]
    assert told["before"]["numberMatched"] == 0
    assert "Cells" in told["title"]
