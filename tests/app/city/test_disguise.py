"""No text in a pack makes the reader of its layers read anything but that file."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyogrio
import pytest
from pyogrio.errors import DataSourceError

from app.city.checking import check_pack
from app.city.disguise import Disguised, layers_of
from app.city.faults import Faults
from app.enclosed import DRIVERS
from app.grid.reading import read_vector

SECRET = "hunter2"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the server that is no business of whoever sends a pack."""
    file = tmp_path / "elsewhere" / "secret.csv"
    file.parent.mkdir()
    file.write_text(f"name,WKT\n{SECRET},POINT (1 1)\n", encoding="utf-8")
    return file


def vrt(source: object) -> str:
    return f"""\
<OGRVRTDataSource><OGRVRTLayer name="areas"><SrcDataSource>CSV:{source}</SrcDataSource>
<SrcLayer>secret</SrcLayer></OGRVRTLayer></OGRVRTDataSource>
"""


def pipeline(source: object) -> str:
    """Also a JSON object: GDAL would carry it out as a command."""
    command = f"gdal vector pipeline ! read {source} ! write --format stream streamed_dataset"
    return json.dumps({"type": "gdal_streamed_alg", "command_line": command})


@pytest.mark.parametrize("content", [vrt, pipeline])
@pytest.mark.parametrize("name", ["areas.geojson", "layers.geojson"])
def test_a_layer_that_points_elsewhere_is_a_fault_and_tells_nothing(
    folder: Path, secret: Path, name: str, content: Callable[[object], str]
) -> None:
    for file in folder.glob(f"{Path(name).stem}.*"):
        file.unlink()
    (folder / name).write_text(content(secret), encoding="utf-8")

    told = [str(fault) for fault in check_pack(folder).faults]

    assert any(name in fault for fault in told)
    assert SECRET not in "".join(told)


def test_nor_does_one_within_a_zip(folder: Path, secret: Path, tmp_path: Path) -> None:
    (folder / "areas.gpkg").unlink(missing_ok=True)
    (folder / "areas.geojson").write_text(vrt(secret), encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)

    told = [str(fault) for fault in check_pack(tmp_path / "pack.zip").faults]

    assert any("not GeoJSON, as its name says" in fault for fault in told)
    assert SECRET not in "".join(told)


@pytest.mark.parametrize("content", [vrt, pipeline])
def test_what_an_administrator_imports_points_nowhere_either(
    secret: Path, tmp_path: Path, content: Callable[[object], str]
) -> None:
    survey, faults = tmp_path / "survey.vrt", Faults()
    survey.write_text(content(secret), encoding="utf-8")

    assert read_vector(str(survey), faults) is None
    assert SECRET not in str(faults.found)


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson"])
def test_a_file_of_another_kind_is_not_opened(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"areas{suffix}"
    file.write_text("code,name\n1,a\n", encoding="utf-8")

    with pytest.raises(Disguised, match="as its name says"):
        layers_of(file)


@pytest.mark.parametrize("before", ["\ufeff", "\n  "])
def test_geojson_may_begin_with_a_mark_or_blanks(tmp_path: Path, before: str) -> None:
    point = {"type": "Feature", "properties": {}, "geometry": None}
    file = tmp_path / "areas.geojson"
    content = json.dumps({"type": "FeatureCollection", "features": [point]})
    file.write_text(before + content, encoding="utf-8")

    assert layers_of(file) == ["areas"]


@pytest.mark.parametrize("module", ["app.web", "app.whatif.working"])
def test_every_process_of_ours_opens_only_what_holds_its_own_features(module: str) -> None:
    code = f"import {module}, pyogrio; print(*pyogrio.list_drivers(), sep=chr(10))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    drivers = set(done.stdout.split("\n")) - {""}
    assert {"GPKG", "GeoJSON", "ESRI Shapefile"} <= drivers <= DRIVERS


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """A server on this machine, and the paths it was asked for."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_nothing_is_asked_of_the_network() -> None:
    with listening() as (port, asked):
        for name in (f"/vsicurl/http://127.0.0.1:{port}/a.geojson", f"http://127.0.0.1:{port}/b"):
            with pytest.raises(DataSourceError):
                pyogrio.read_dataframe(name)

    assert asked == []
