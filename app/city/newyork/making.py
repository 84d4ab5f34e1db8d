"""Making the pack of New York from the folder of public data."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from app.city.newyork import requests
from app.city.newyork.calendar import holidays
from app.city.newyork.ground import ROOT, make_ground
from app.city.newyork.names import BOROUGHS, CALL_CENTRE, CITY
from app.city.newyork.requests import Learned, Line, learn
from app.city.writing import toml_block, toml_line, write_layer, write_table, write_toml

TRACTS: Final = "nyc_geo/census_tracts_2010.geojson.gz"
DISTRICTS: Final = "nyc_geo/CD.geo.json.gz"
DAY: Final = "nyc_311_dev/nyc311_allagency_2024-09-01.csv.gz"
YEARS: Final = (2024, 2027)
CELL_CODE_PATTERN: Final = "^[1-5][0-9]{6}[A-Z]?$"
TOLERANCE_M2: Final = 5
"""The tracts themselves overlap by 3 m² in one place."""


class MissingSource(Exception):
    """A file of the public data is not where it should be."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is missing; --data names the folder above nyc_geo")
        self.path = path


def make_newyork(out: Path, source: Path) -> tuple[str, ...]:
    """Write the pack into the folder *out*; gives a line for each repair of the public data.

    *source* holds ``nyc_geo`` and ``nyc_311_dev``. Raises MissingSource.
    """
    for name in (TRACTS, DISTRICTS, DAY):
        if not (source / name).is_file():
            raise MissingSource(source / name)
    out.mkdir(parents=True, exist_ok=True)
    ground = make_ground(source / "nyc_geo")
    learned = learn(source / DAY)
    write_layer(out / "areas.gpkg", "areas", ground.areas)
    write_layer(out / "cells.gpkg", "cells", ground.cells)
    write_table(out / "departments.csv", requests.departments(learned))
    write_table(out / "catalogue.csv", requests.catalogue(learned))
    write_table(out / "jurisdiction.csv", requests.jurisdiction(learned))
    write_table(out / "limits.csv", requests.limits(learned))
    write_table(out / "calendar.csv", holidays(*YEARS))
    write_table(out / "people.csv", _people(learned))
    patterns = (files("app.city.newyork") / "situations.toml").read_text(encoding="utf-8")
    (out / "situations.toml").write_text(patterns, encoding="utf-8")
    write_toml(out / "city.toml", _city(ground.repairs))
    return ground.repairs


def _people(learned: Learned) -> list[Line]:
    """Stand-ins: some for the call centre, one handler per agency, one inspector per borough."""
    centre = [
        _person(f"{role}{n}", role, CALL_CENTRE, ROOT)
        for role in ("operator", "dispatcher", "commander", "supervisor", "auditor")
        for n in (1, 2)
    ]
    admins = [_person(f"{role}1", role, CALL_CENTRE, "") for role in ("administrator", "security")]
    handlers = [_person(f"handler-{a.lower()}", "handler", a, "") for a in sorted(learned.agencies)]
    inspectors = [
        _person(f"inspector{n}", "inspector", CALL_CENTRE, str(n)) for n in sorted(BOROUGHS)
    ]
    return [*centre, *admins, *handlers, *inspectors]


def _person(login: str, role: str, department: str, areas: str) -> Line:
    names = {"name_zh": login, "name_en": login}
    return {"login": login, **names, "roles": role, "department": department, "areas": areas}


def _city(repairs: tuple[str, ...]) -> list[str]:
    head = {
        "catalogue_standard": "NYC 311 complaint types",
        "code": ROOT,
        "name_zh": CITY.zh,
        "name_en": CITY.en,
        "timezone": "America/New_York",
        "centre": [-73.95, 40.71],
        "zoom": 10,
        "default_language": "en",
        "cell_code_pattern": CELL_CODE_PATTERN,
        "filing": "auto",
    }
    levels = (
        ("city", "市", "City"),
        ("borough", "区", "Borough"),
        ("district", "社区", "District"),
    )
    tolerances = ("overlap_m2", "gap_m2", "outside_m2")
    return [
        *(f"# {repair}" for repair in repairs),
        "\n".join(toml_line(key, value) for key, value in head.items()),
        toml_block("[merge]", {"radius_m": 50, "minutes": 30}),
        toml_block("[working_time]", {"weekend": [6, 7], "periods": [["09:00", "17:00"]]}),
        toml_block("[tolerance]", dict.fromkeys(tolerances, TOLERANCE_M2)),
        *(
            toml_block("[[level]]", {"level": level, "name_zh": zh, "name_en": en})
            for level, zh, en in levels
        ),
    ]
