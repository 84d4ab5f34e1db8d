"""The map of an evaluation: places in the colours of their grades, one layer for each measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dispatch.evaluation.scoring import Grade
from grid.naming import Label
from maps.report.cells import Colouring, Group, Shapes, simplified
from maps.report.document import Outline, Plate, document

UNJUDGED: Final = Label("无可评价", "nothing to judge")
SIMPLIFY_M: Final = 2.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One way to judge places: a value from 0 to 100 for each, None where there is none."""

    name: Label
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class GradedPlaces:
    """Places as they are drawn, the later above the earlier. *texts* stand under *fields*.

    *borders* are lines drawn above them, of areas that hold them. *grades* are best first.
    """

    title: Label
    told: Sequence[Label]
    shapes: Shapes
    fields: Sequence[Label]
    texts: Sequence[Sequence[str]]
    measures: Sequence[Measure]
    grades: Sequence[Grade]
    borders: Shapes
    borders_name: Label


def graded_page(places: GradedPlaces, simplify_m: float = SIMPLIFY_M) -> str:
    """The document. Raises NothingToDraw, ForeignAsset, VendoredFilesMissing."""
    colourings = [_colouring(one, places.grades) for one in places.measures]
    shapes = simplified(places.shapes, simplify_m)
    plate = Plate(shapes, places.fields, places.texts, colourings)
    outlines = [Outline(places.borders_name, simplified(places.borders, 0), "#37474f", 1.6)]
    return document(places.title, places.told, [plate], outlines if len(places.borders) else [])


def grade_number(value: float | None, grades: Sequence[Grade]) -> int:
    """The number of the grade of a value, as it is shown with one decimal; -1 for none."""
    if value is None:
        return -1
    return next(n for n, grade in enumerate(grades) if round(value, 1) >= grade.least)


def _colouring(measure: Measure, grades: Sequence[Grade]) -> Colouring:
    groups = [
        Group(Label(f"≥{grade.least:g} {grade.name.zh}", grade.name.en), grade.colour)
        for grade in grades
    ]
    numbers = [grade_number(value, grades) for value in measure.values]
    return Colouring(measure.name, groups, np.array(numbers, dtype=np.intp), UNJUDGED)
