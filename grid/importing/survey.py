"""A layer looked at as a whole, and mended as far as that is asked for and allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import shapely

from grid.importing.coverage import Crumbs, mended, survey
from grid.importing.finding import Finding, Kind, Outcome
from grid.importing.rings import sound_shapes
from grid.tessellate.plane import Plane, Shapes

TOLERANCE_M2: Final = 1.0
_NOWHERE: Final = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the administrator allows: mending at all, up to which size, and whether gaps count.

    Areas that need not cover the ground, such as floods or parks, have no *gaps*.
    """

    mend: bool = False
    tolerance_m2: float = TOLERANCE_M2
    gaps: bool = True


@dataclass(frozen=True, slots=True)
class Surveyed:
    """The layer, one shape per row, None where none can be used, and everything found.

    Without mending the shapes are those handed in.
    """

    shapes: Shapes
    findings: tuple[Finding, ...]
    crumbs: Crumbs

    @property
    def open(self) -> int:
        """How many findings a person has to decide, or mending was not asked for."""
        return sum(one.outcome is not Outcome.MENDED for one in self.findings)

    def counts(self) -> dict[str, int]:
        """How many findings of each kind."""
        counted = Counter(one.kind for one in self.findings)
        return {str(kind): counted[kind] for kind in Kind}


def surveyed(shapes: Shapes, rules: Rules) -> Surveyed:
    """Look at the shapes (n,) in degrees, and mend them if the rules say so."""
    plane = _plane_over(shapes)
    sound = sound_shapes(shapes, plane, mend=rules.mend)
    if not _areas(sound.shapes):
        return Surveyed(sound.shapes, sound.findings, Crumbs(0, 0.0))
    found = survey(sound.shapes, plane, rules.tolerance_m2, gaps=rules.gaps)
    if not rules.mend:
        return Surveyed(shapes, _together(sound.findings, found.findings), found.crumbs)
    better = mended(sound.shapes, plane, rules.tolerance_m2, gaps=rules.gaps)
    done = [_done(one) for one in found.findings]
    left = survey(better, plane, rules.tolerance_m2, gaps=rules.gaps).crumbs
    return Surveyed(better, _together(sound.findings, done), left)


def _together(single: Sequence[Finding], joint: Sequence[Finding]) -> tuple[Finding, ...]:
    """All findings; an overlap of duplicates is told once, as a duplicate."""
    twins = [set(one.rows) for one in single if one.kind is Kind.DUPLICATE]
    others = [
        one
        for one in joint
        if one.kind is not Kind.OVERLAP or not any(set(one.rows) <= twin for twin in twins)
    ]
    return (*single, *others)


def _done(finding: Finding) -> Finding:
    mendable = finding.outcome is Outcome.MENDABLE
    return replace(finding, outcome=Outcome.MENDED) if mendable else finding


def _areas(shapes: Shapes) -> bool:
    return bool((shapely.get_dimensions(shapes) == 2).any())


def _plane_over(shapes: Shapes) -> Plane:
    bounds = shapely.total_bounds(shapes) if len(shapes) else np.array([np.nan])
    west, south, east, north = bounds.tolist() if np.isfinite(bounds).all() else _NOWHERE
    return Plane.over((west, south, east, north))
