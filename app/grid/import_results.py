"""What `citygrid grid import` leaves behind: layers, a report, the findings as layers and a map."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely

from app.city.faults import Faults
from app.city.writing import WGS84, write_layer
from app.grid.import_drawing import page_of
from app.grid.import_reading import Layer, evidence_of
from grid.importing.finding import Finding, Kind, Outcome
from grid.importing.survey import Rules, Surveyed

REPORT: Final = "report.json"
FINDINGS: Final = "findings.gpkg"
_RESERVED: Final = ("fid", "geom")
Done = Sequence[tuple[Layer, Surveyed]]


def report_of(layers: Sequence[Layer], done: Done, rules: Rules, faults: Faults) -> dict[str, Any]:
    """The content of ``report.json``: how layers were understood, what is wrong, what was done."""
    found = {id(layer): one for layer, one in done}
    return {
        "ok": not faults.found and not any(one.open for _, one in done),
        "repair": rules.mend,
        "tolerance_m2": rules.tolerance_m2,
        "gaps": rules.gaps,
        "faults": [fault.as_dict() for fault in faults.found],
        "layers": [
            _layer(layer, found.get(id(layer)), written=rules.mend and not faults.found)
            for layer in layers
        ],
    }


def _layer(layer: Layer, found: Surveyed | None, *, written: bool) -> dict[str, Any]:
    kept = found is not None and (written or not found.findings)
    return {
        "file": layer.file,
        "layer": layer.name,
        "features": 0 if layer.frame is None else len(layer.frame),
        "crs": {"labelled": layer.labelled, "taken": layer.taken, "datum": str(layer.datum)},
        "encoding": layer.encoding.as_dict() if layer.encoding else None,
        "heights_dropped": layer.raised,
        "renamed": _renamed(layer),
        "fit": evidence_of(layer.fit) if layer.fit else None,
        "kinds": _kinds(found.findings) if found else {},
        "open": found.open if found else None,
        "crumbs": asdict(found.crumbs) if found else None,
        "written": f"{layer.name}.gpkg" if kept else None,
        "findings": [one.as_dict() for one in found.findings] if found else [],
    }


def _renamed(layer: Layer) -> dict[str, str]:
    """New names of columns: a GeoPackage takes upper and lower case for the same, and some names.

    What is taken gets a number behind it.
    """
    if layer.frame is None:
        return {}
    given = [str(name) for name in layer.frame.columns if name != layer.frame.geometry.name]
    taken, renamed = set[str](_RESERVED), dict[str, str]()
    for name in given:
        free, number = name, 1
        while free.lower() in taken:
            number += 1
            free = f"{name}_{number}"
        taken.add(free.lower())
        if free != name:
            renamed[name] = free
    return renamed


def _kinds(findings: Sequence[Finding]) -> dict[str, dict[str, Any]]:
    """Of each kind found: how many, how much ground, and what becomes of them."""
    told = dict[str, dict[str, Any]]()
    for kind in Kind:
        some = [one for one in findings if one.kind is kind]
        if some:
            ends = {str(end): sum(one.outcome is end for one in some) for end in Outcome}
            area = round(sum(one.area_m2 for one in some), 4)
            told[str(kind)] = {"found": len(some), "area_m2": area, **ends}
    return told


def write_results(out: Path, done: Done, rules: Rules, report: dict[str, Any]) -> None:
    """The report, and of layers that lie where they say all the rest; old files are replaced."""
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, ensure_ascii=False, indent=2)
    (out / REPORT).write_text(text + "\n", encoding="utf-8")
    for name in (FINDINGS, "map.html"):
        (out / name).unlink(missing_ok=True)
    for layer, found in done:
        path = out / f"{layer.name}.gpkg"
        path.unlink(missing_ok=True)
        if layer.frame is not None and (rules.mend or not found.findings):
            renamed = layer.frame.rename(columns=_renamed(layer))
            shapes = list(found.shapes)
            write_layer(path, layer.name, gpd.GeoDataFrame(renamed, geometry=shapes, crs=WGS84))
    if done:
        _write_findings(out / FINDINGS, done)
        page = page_of([(layer.name, one.shapes, one.findings) for layer, one in done])
        (out / "map.html").write_text(page, encoding="utf-8")


def _write_findings(path: Path, done: Done) -> None:
    """Two layers: ``places``, a point for each finding, and ``ground``, the areas in question."""
    told = [(layer.name, one) for layer, found in done for one in found.findings]
    spots = [shapely.Point(one.spot) if one.spot else None for _, one in told]
    write_layer(path, "places", _frame(told, spots))
    areal = [(name, one) for name, one in told if one.shape is not None and one.area_m2 > 0]
    write_layer(path, "ground", _frame(areal, [one.shape for _, one in areal]))


def _frame(told: Sequence[tuple[str, Finding]], shapes: list[Any]) -> gpd.GeoDataFrame:
    columns: dict[str, Any] = {
        "layer": [name for name, _ in told],
        "kind": [str(one.kind) for _, one in told],
        "rows": [", ".join(map(str, one.rows)) for _, one in told],
        "reason": [one.reason for _, one in told],
        "outcome": [str(one.outcome) for _, one in told],
        "area_m2": np.array([one.area_m2 for _, one in told], dtype=float),
        "width_m": np.array([one.width_m for _, one in told], dtype=float),
        "before_m2": np.array([one.before_m2 for _, one in told], dtype=float),
        "after_m2": np.array([one.after_m2 for _, one in told], dtype=float),
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84)
