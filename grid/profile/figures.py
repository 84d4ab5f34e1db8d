"""Figures of cells, areas or other shapes: which there can be, and what their sum says."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import shapely
from shapely import MultiPolygon

from grid.naming import Label

ATTRIBUTES: Final[Mapping[str, Label]] = {
    "population": Label("人口", "People"),
    "households": Label("户数", "Households"),
    "legal_units": Label("法人单位", "Legal units"),
    "buildings": Label("楼栋", "Buildings"),
    "key_sites": Label("重点场所", "Key sites"),
    "shelters": Label("避难场所", "Shelters"),
    "shelter_places": Label("避难容量", "Places in shelters"),
    "cameras": Label("摄像头", "Cameras"),
}
"""What is counted. All are numbers of things, so that the parts of a place add up to it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """How many of one attribute are in one place.

    *target* is the code of a cell or area, or ``#`` and a number for a shape of its own. *geometry*
    is that place in lon/lat degrees WGS84. No two figures of an attribute share ground.
    """

    attribute: str
    target: str
    value: float
    source: str
    as_of: date
    geometry: MultiPolygon


@dataclass(frozen=True, slots=True)
class FigureSum:
    """One attribute summed over a drawn area.

    Where the area cuts through a place its figure is taken by the share of ground inside, as if all
    were spread evenly: then *estimated* is True and *cut* counts those places of *places*.
    *covered* is the share (0 to 1) of the drawn area for which there is any figure; on the rest
    nothing is known, which is not zero. *oldest* and *newest* are the days of the figures.
    """

    attribute: str
    value: float
    places: int
    cut: int
    covered: float
    oldest: date
    newest: date
    sources: Sequence[str]

    @property
    def estimated(self) -> bool:
        """Whether part of the sum was reckoned by area."""
        return self.cut > 0


def summary(figures: Sequence[Figure]) -> dict[str, Any]:
    """The part ``profile``: what there is, and a digest by which the same figures are known."""
    by_attribute: dict[str, list[Figure]] = {}
    for figure in figures:
        by_attribute.setdefault(figure.attribute, []).append(figure)
    return {
        "sha256": _digest(figures),
        "attributes": {name: _total(some) for name, some in sorted(by_attribute.items())},
    }


def _total(figures: Sequence[Figure]) -> dict[str, Any]:
    return {
        "total": sum(one.value for one in figures),
        "places": len(figures),
        "oldest": min(one.as_of for one in figures).isoformat(),
        "newest": max(one.as_of for one in figures).isoformat(),
        "sources": sorted({one.source for one in figures}),
    }


def _digest(figures: Sequence[Figure]) -> str:
    total = hashlib.sha256()
    for one in sorted(figures, key=lambda one: (one.attribute, one.target)):
        told = [one.attribute, one.target, one.value, one.source, one.as_of.isoformat()]
        total.update(json.dumps(told, ensure_ascii=False).encode())
        total.update(shapely.to_wkb(one.geometry, byte_order=1))
    return total.hexdigest()
