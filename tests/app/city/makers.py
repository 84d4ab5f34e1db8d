"""A tiny valid city pack in a folder; each test spoils what matters to it."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
from shapely import Polygon, box
from shapely.affinity import translate

WEST, SOUTH = 112.80, 30.80
SIDE = 0.001
ROWS, COLUMNS = 2, 4
CITY_TOML = """\
catalogue_standard = "GB/T 47678.5-2026"
code = "990101"
name_zh = "云溪区"
name_en = "Yunxi District"
timezone = "Asia/Shanghai"
centre = [112.802, 30.801]
zoom = 14
default_language = "zh"
cell_code_pattern = "^[0-9]{15}$"
filing = "auto"

[merge]
radius_m = 50
minutes = 30

[working_time]
weekend = [6, 7]
periods = [["08:30", "12:00"], ["14:00", "18:00"]]

[[level]]
level = "division"
name_zh = "市辖区"
name_en = "District"

[[level]]
level = "street"
name_zh = "街道"
name_en = "Street"

[[level]]
level = "community"
name_zh = "社区"
name_en = "Community"
"""
ROUTING_TOML = """\
[[rule]]
name = "night-noise"
when = 'category == "06028" && (hour >= 22 || hour < 6)'
department = "POLICE"
because_zh = "夜间噪声由公安处置"
because_en = "Noise at night is for the police"
"""
Table = list[dict[str, Any]]
TABLES: dict[str, str] = {
    "departments.csv": """\
code,name_zh,name_en,kind,phone
SANI,环卫中心,Sanitation,bureau,12319
POLICE,公安分局,Police,police,110
OFFICE001,东街道办事处,East Street Office,street_office,
""",
    "jurisdiction.csv": """\
category,area,department
06010,,SANI
06028,,SANI
""",
    "catalogue.csv": """\
kind,class,class_zh,class_en,code,name_zh,name_en,severity,reportable,keywords
matter,06,市容环境类,Cityscape,06010,暴露垃圾,Exposed rubbish,3,true,垃圾;rubbish
matter,06,市容环境类,Cityscape,06028,噪声扰民,Noise nuisance,3,true,
component,03,市容环卫设施,Sanitation,03005,垃圾箱,Litter bin,4,false,
""",
    "limits.csv": """\
category,condition,name_zh,name_en,milestone,amount,unit,default
06010,small,少量,A little,resolve,2,work_hour,true
06010,large,大量,A lot,resolve,4,work_hour,false
*,any,未列明,Not listed,resolve,5,work_day,true
""",
    "calendar.csv": """\
date,kind,name_zh,name_en
2026-10-01,holiday,国庆节,National Day
2026-10-10,workday,调休,Make-up day
""",
    "sensors.csv": """\
code,name_zh,name_en,kind,property,unit,lon,lat
S1,水位计,Water gauge,water_level,water_level,m,112.8015,30.8005
""",
    "people.csv": """\
login,name_zh,name_en,roles,department,areas
operator1,王芳,Wang Fang,operator;dispatcher,,990101
inspector1,李伟,Li Wei,inspector,OFFICE001,990101001
""",
}
COMMUNITIES = ("990101001001", "990101001002")


def square(column: int, row: int, width: int = 1, height: int = 1) -> Polygon:
    west, south = WEST + column * SIDE, SOUTH + row * SIDE
    return box(west, south, west + width * SIDE, south + height * SIDE)


def areas_frame() -> gpd.GeoDataFrame:
    """A division, one street, and two communities of two by two cells each."""
    codes = ["990101", "990101001", *COMMUNITIES]
    half = COLUMNS // 2
    shapes = [square(0, 0, COLUMNS, ROWS)] * 2 + [
        square(0, 0, half, ROWS),
        square(half, 0, half, ROWS),
    ]
    return gpd.GeoDataFrame(
        {
            "code": codes,
            "level": ["division", "street", "community", "community"],
            "parent": ["", "990101", "990101001", "990101001"],
            "name_zh": ["云溪区", "东街道", "甲社区", "乙社区"],
            "name_en": ["Yunxi", "East Street", "First", "Second"],
            "department": ["", "OFFICE001", "", ""],
        },
        geometry=shapes,
        crs="EPSG:4326",
    )


def cells_frame() -> gpd.GeoDataFrame:
    """Eight square cells, four in each community, numbered from 1."""
    places = [(column, row) for column in range(COLUMNS) for row in range(ROWS)]
    codes = [f"{COMMUNITIES[n // 4]}{n % 4 + 1:03d}" for n in range(len(places))]
    return gpd.GeoDataFrame(
        {
            "code": codes,
            "area": [code[:12] for code in codes],
            "name_zh": [f"网格{n}" for n in range(len(places))],
            "name_en": [f"Cell {n}" for n in range(len(places))],
        },
        geometry=[square(*place) for place in places],
        crs="EPSG:4326",
    )


def write_pack(folder: Path) -> Path:
    """A pack without faults."""
    (folder / "city.toml").write_text(CITY_TOML, encoding="utf-8")
    (folder / "routing.toml").write_text(ROUTING_TOML, encoding="utf-8")
    for name, text in TABLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    write_frame(folder / "areas.geojson", areas_frame())
    write_frame(folder / "cells.geojson", cells_frame())
    return folder


def write_frame(path: Path, frame: gpd.GeoDataFrame) -> None:
    path.unlink(missing_ok=True)
    frame.to_file(path, engine="pyogrio")


def change_text(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def change_layer(path: Path, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> None:
    """Read the layer, let *change* spoil it, write it back."""
    write_frame(path, change(gpd.read_file(path)))


def append_row(path: Path, values: list[str]) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(values)


def moved(shape: Polygon, east_deg: float) -> Polygon:
    return translate(shape, xoff=east_deg)
