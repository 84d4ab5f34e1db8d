"""Making the demo city as a city pack."""

from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np

from app.city.writing import toml_block, toml_line, write_layer, write_table, write_toml
from app.city.yunxi import institutions, patrols
from app.city.yunxi.blocks import make_blocks
from app.city.yunxi.catalogue import STANDARD, catalogue, limits, table
from app.city.yunxi.components import components
from app.city.yunxi.figures import figures
from app.city.yunxi.layers import make_layers
from app.city.yunxi.regions import make_regions
from app.city.yunxi.sites import sites
from app.city.yunxi.tiling import CENTRE, DIVISION, NAME, globe, make_tiling
from app.city.yunxi.townscape import make_townscape
from grid.code import STANDARD_PATTERN

CELLS: Final = 2_000
FEWEST_CELLS: Final = 100
MOST_CELLS: Final = 100_000
SEED: Final = 20260701


MERGE_RULES: Final = (
    # Rubbish is told as one kind or another, and lies there for the day.
    {"name": "rubbish", "categories": ["06010", "06011", "06042"], "across": True,
     "radius_m": 50, "minutes": 720},
    {"name": "broken-road", "categories": ["06013"], "radius_m": 50, "minutes": 4320},
    # Many hear the same noise.
    {"name": "noise", "categories": ["06028"], "radius_m": 150, "minutes": 60},
)  # fmt: skip
"""What is one incident, each at least as wide as the rule for everything."""

_ROUND_THE_CLOCK: Final = {"weekend": [], "periods": [["00:00", "24:00"]], "holidays": False}
OWN_HOURS: Final = {
    "ENFORCE": {"weekend": [], "periods": [["08:00", "12:00"], ["14:00", "20:00"]]},
    "FIRE": _ROUND_THE_CLOCK,
    "POLICE": _ROUND_THE_CLOCK,
    "SANI": {"weekend": [], "periods": [["05:00", "11:00"], ["13:30", "19:00"]], "holidays": False},
}
"""The departments that work at other times than the offices."""


def make_yunxi(out: Path, cells: int = CELLS, seed: int = SEED) -> None:
    """Write the pack of a city of about *cells* cells into the folder *out*.

    The same arguments give the same bytes. Raises ValueError outside 100 to 100,000 cells.
    """
    if not FEWEST_CELLS <= cells <= MOST_CELLS:
        raise ValueError(f"{cells} cells: choose from {FEWEST_CELLS:,} to {MOST_CELLS:,}")
    out.mkdir(parents=True, exist_ok=True)
    seeds = np.random.SeedSequence(seed).spawn(4)
    land, life, things, houses = (np.random.default_rng(one) for one in seeds)
    town = make_townscape(cells, land)
    blocks = make_blocks(town, land)
    project = globe()
    tiling = make_tiling(blocks, make_regions(blocks), project, life)
    layers = make_layers(town, blocks, project, life)
    write_layer(out / "areas.gpkg", "areas", tiling.areas)
    write_layer(out / "cells.gpkg", "cells", tiling.cells)
    for name, frame in layers.items():
        write_layer(out / "layers.gpkg", name, frame)
    write_table(out / "departments.csv", institutions.departments(tiling))
    write_table(out / "jurisdiction.csv", institutions.jurisdiction(tiling))
    write_table(out / "people.csv", institutions.people(tiling, life))
    walked = patrols.duty_grids(tiling)
    write_table(out / "duty_grids.csv", walked)
    inspectors = institutions.inspectors(tiling)
    write_table(out / "duty_shifts.csv", patrols.duty_shifts(tiling, walked, inspectors))
    river = layers["water"].geometry.iloc[0]
    write_table(out / "sensors.csv", institutions.sensors(tiling, river, life))
    write_layer(out / "sites.gpkg", "sites", sites(tiling, river, houses))
    write_layer(out / "components.gpkg", "components", components(tiling, things))
    write_table(out / "profile.csv", figures(tiling, things))
    _write_rules(out)


_RULES: Final = (
    "routing.toml",
    "sensor_rules.toml",
    "escalation.toml",
    "severity.toml",
    "situations.toml",
)


def _write_rules(out: Path) -> None:
    """What does not depend on the shape of the city."""
    write_table(out / "catalogue.csv", catalogue())
    write_table(out / "limits.csv", limits())
    write_table(out / "calendar.csv", table("calendar.csv"))
    write_table(out / "questions.csv", table("questions.csv"))
    for name in _RULES:
        rules = (files("app.city.yunxi") / name).read_text(encoding="utf-8")
        (out / name).write_text(rules, encoding="utf-8")
    write_toml(out / "city.toml", _city())


def _city() -> list[str]:
    head = {
        "catalogue_standard": STANDARD,
        "code": DIVISION,
        "name_zh": NAME.zh,
        "name_en": NAME.en,
        "timezone": "Asia/Shanghai",
        "centre": CENTRE,
        "zoom": 13,
        "default_language": "zh",
        "cell_code_pattern": STANDARD_PATTERN,
        "filing": "auto",
    }
    levels = (
        ("division", "市辖区", "District"),
        ("street", "街道", "Street"),
        ("community", "社区", "Community"),
    )
    return [
        "\n".join(toml_line(key, value) for key, value in head.items()),
        toml_block("[merge]", {"radius_m": 50, "minutes": 30}),
        *(toml_block("[[merge.rule]]", rule) for rule in MERGE_RULES),
        toml_block(
            "[working_time]",
            {"weekend": [6, 7], "periods": [["08:30", "12:00"], ["14:00", "18:00"]]},
        ),
        *(
            toml_block(f"[working_time.departments.{code}]", hours)
            for code, hours in OWN_HOURS.items()
        ),
        *(
            toml_block("[[level]]", {"level": level, "name_zh": zh, "name_en": en})
            for level, zh, en in levels
        ),
    ]
