import csv
import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from app.city.checking import check_pack
from app.city.newyork import make_newyork
from app.city.newyork.calendar import holidays
from app.city.newyork.ground import district_number
from app.city.newyork.making import DAY
from app.city.newyork.requests import ComplaintType
from app.city.pack import CityPack
from geo.index import CellIndex
from grid.duty import Jurisdiction
from grid.hierarchy import Hierarchy

BOROUGHS = {"MANHATTAN": 1, "BRONX": 2, "BROOKLYN": 3, "QUEENS": 4, "STATEN ISLAND": 5}


@pytest.fixture(scope="module")
def made(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[CityPack, tuple]:
    out = tmp_path_factory.mktemp("newyork")
    repairs = make_newyork(out, shared_data)
    return check_pack(out).sound(), repairs


@pytest.fixture(scope="module")
def requests(shared_data: Path) -> list[dict[str, str]]:
    with gzip.open(shared_data / DAY, "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.realdata
def test_every_tract_is_a_cell_or_some(made: tuple[CityPack, tuple]):
    pack, _ = made

    codes = [cell.code for cell in pack.tiling.cells]

    assert len({code[:7] for code in codes}) == 2165
    assert len(codes) < 2400


@pytest.mark.realdata
def test_what_was_repaired_is_told(made: tuple[CityPack, tuple]):
    _, repairs = made

    assert len(repairs) == 1
    assert "tract 4094500" in repairs[0]


@pytest.mark.realdata
def test_requests_of_a_type_go_to_the_agency_that_took_most_of_them(
    made: tuple[CityPack, tuple], requests: list[dict[str, str]]
):
    jurisdiction = Jurisdiction.of(made[0].parts["jurisdiction"])
    agreed: Counter[bool] = Counter()
    for row in requests:
        code = ComplaintType(row["Complaint Type"], "", ()).code
        duty = jurisdiction.responsible(code, ("NYC",))
        agreed[duty is not None and duty.department == row["Agency"]] += 1

    assert agreed[True] / agreed.total() >= 0.99


@pytest.mark.realdata
def test_requests_lie_in_the_district_they_declare(
    made: tuple[CityPack, tuple], requests: list[dict[str, str]]
):
    pack, _ = made
    cells = pack.tiling.cells
    index = CellIndex.build([cell.geometry for cell in cells], [cell.code for cell in cells])
    hierarchy = Hierarchy(pack.tiling.areas)
    area = {cell.code: cell.area for cell in cells}
    declared = [(row, _declared(row["Community Board"])) for row in requests if row["Latitude"]]
    told = [(row, district) for row, district in declared if district]
    places = index.codes_of(
        np.array([[float(row["Longitude"]), float(row["Latitude"])] for row, _ in told])
    )

    agreed = [
        code is not None and district in hierarchy.path(area[code])
        for code, (_, district) in zip(places, told, strict=True)
    ]

    assert sum(agreed) / len(agreed) >= 0.98


def _declared(board: str) -> str | None:
    number, _, borough = board.partition(" ")
    if not number.isdecimal() or borough not in BOROUGHS:
        return None
    return f"{BOROUGHS[borough]}{number}"


@pytest.mark.parametrize(
    ("code", "name", "borough", "number"),
    [
        ("0", "Manhattan (CD64)", "Manhattan", 164),
        ("480", "St. George and Stapleton (CD1)", "Queens", 480),
        ("0", "Staten Island (CD95)", "Staten Island", 595),
        ("101", "Financial District (CD1)", "Manhattan", 101),
    ],
)
def test_a_district_without_code_is_known_by_its_name(
    code: str, name: str, borough: str, number: int
):
    assert district_number({"GEOCODE": code, "GEONAME": name, "BOROUGH": borough}) == number


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2024-09-02", "Labor Day"),
        ("2024-11-28", "Thanksgiving Day"),
        ("2025-05-26", "Memorial Day"),
        ("2026-01-19", "Martin Luther King Jr. Day"),
        ("2026-07-03", "Independence Day"),  # the 4th is a Saturday
        ("2027-12-31", "New Year's Day"),  # that of 2028, a Saturday
        ("2027-12-24", "Christmas Day"),
    ],
)
def test_federal_holidays_are_known_on_the_day_they_are_kept(day: str, name: str):
    assert {"date": day, "name_en": name}.items() <= {
        key: value
        for line in holidays(2024, 2027)
        if line["date"] == day
        for key, value in line.items()
    }.items()


def test_every_year_has_eleven_federal_holidays():
    years = Counter(line["date"][:4] for line in holidays(2024, 2026))

    assert years == {"2024": 11, "2025": 11, "2026": 11}


def test_complaint_types_that_differ_in_capitals_have_codes_of_their_own():
    codes = {ComplaintType(name, "", ()).code for name in ("ELEVATOR", "Elevator")}

    assert codes == {"ELEVATOR", "Elevator"}
    assert ComplaintType("Root/Sewer/Sidewalk Condition", "", ()).code == (
        "Root-Sewer-Sidewalk-Condition"
    )
