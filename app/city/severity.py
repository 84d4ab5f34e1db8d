"""The parts ``severity`` and ``sites``: what makes a case more severe than its category says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from app.city.faults import Faults
from app.city.layers import Shapes, find_layer_file, in_degrees, read_frame, texts_of
from app.city.lines import FirstSeen, Line
from dispatch.severity import LEAST, MOST, broken_severity_rules

Part = list[dict[str, Any]]
FILE: Final = "severity.toml"
STEM: Final = "sites"
COLUMNS: Final = ("kind", "name_zh", "name_en")
MOST_SITES: Final = 50_000
"""For every report that a rule asks about, all sites of the city are measured."""
_KEYS: Final = {"name", "when", "raise", "set", "because_zh", "because_en"}

Bounds = tuple[float, float, float, float]


def read_sites(folder: Path, source_crs: str, bounds: Bounds | None, faults: Faults) -> Part | None:
    """Every site, a point within the *bounds* of the city; none when the pack brings no such file.

    None when there is a file that cannot be read: then rules are not held against it.
    """
    file = find_layer_file(folder, STEM, faults, optional=True)
    if not file:
        return []
    frame = read_frame(folder / file, STEM, faults)
    if frame is None:
        return None
    missing = [column for column in COLUMNS if column not in frame.columns]
    for column in missing:
        faults.add(file, None, column, "the column is missing", f"Add a field {column!r}")
    if len(frame) > MOST_SITES:
        faults.add(file, None, "", f"it has {len(frame)} sites", f"Keep it to {MOST_SITES}")
    shapes = in_degrees(file, frame, source_crs, faults)
    if missing or shapes is None or len(frame) > MOST_SITES:
        return None
    rows = texts_of(pd.DataFrame(frame[list(COLUMNS)]))
    lines = [Line(file, number, row, faults) for number, row in enumerate(rows, start=1)]
    return _sites(lines, shapes, bounds)


def _sites(lines: Sequence[Line], shapes: Shapes, bounds: Bounds | None) -> Part:
    are_points = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    lon_lat = np.full((len(lines), 2), np.nan)
    lon_lat[are_points] = shapely.get_coordinates(shapely.force_2d(shapes[are_points]))[
        : are_points.sum()
    ]
    part: Part = []
    for line, (lon, lat) in zip(lines, lon_lat.tolist(), strict=True):
        _check_place(line, lon, lat, bounds)
        part.append(
            {
                "row": line.row,
                "kind": line.code("kind"),
                "name": line.label(),
                "lon": lon,
                "lat": lat,
            }
        )
    return part


def _check_place(line: Line, lon: float, lat: float, bounds: Bounds | None) -> None:
    if not (abs(lon) <= 180 and abs(lat) <= 90):  # NaN too
        line.wrong("geometry", "it is no point in degrees", "Save each site as one point")
    elif bounds is not None:
        west, south, east, north = bounds
        if not (west <= lon <= east and south <= lat <= north):
            problem = f"{lon:g}, {lat:g} is outside the city"
            line.wrong("geometry", problem, "Correct the position or the coordinate system")


def severity_rules(lines: Sequence[Line], sites: Part | None) -> Part:
    """The ordered rules; one that could not be followed is refused here, not at night."""
    seen = FirstSeen()
    part = [_rule(line, seen) for line in lines]
    if sites is None:
        return part
    kinds = {site["kind"] for site in sites}
    ready = [row for row in part if row["name"] and row["when"]]
    for broken in broken_severity_rules(ready, kinds):
        line = lines[broken.row - 1]
        line.wrong("when", f"rule {broken.name!r}: {broken.reason}", "Correct the condition")
    return part


def _rule(line: Line, seen: FirstSeen) -> dict[str, Any]:
    for key in sorted(set(line.values) - _KEYS):
        remedy = f"Choose from {', '.join(sorted(_KEYS))}"
        line.wrong(key, "this is no setting of a severity rule", remedy)
    name = line.code("name")
    seen.check(line, "name", name, f"rule {name!r}")
    return {
        "row": line.row,
        "name": name,
        "when": line.text("when", longest=4_000),
        "because": line.label("because"),
        **_change(line, ("raise", "set")),
    }


def _change(line: Line, ways: Collection[str]) -> dict[str, int | None]:
    given = [way for way in ways if way in line.values]
    if len(given) != 1:
        line.wrong("raise", f"{len(given)} changes are given", "Write either raise or set")
    return {way: line.whole(way, MOST, LEAST) if way in given else None for way in ways}
