"""The bulletin: an evaluation for print on A4, in both languages, in one file without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dispatch.evaluation.scoring import Grade
from grid.naming import Label
from maps.report.drawings import Bar, DrawnPlace

MAP_SIZE: Final = (330.0, 300.0)
DAYS_SIZE: Final = (700.0, 110.0)

_PAGES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the headline. *change* is to the period before, empty without one.

    *good* says whether the change is for the better; None when there is nothing to judge.
    """

    name: Label
    value: str
    change: str = ""
    good: bool | None = None
    grade: Grade | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: rank, name and figures as they are shown; *grade* where it has a score."""

    rank: str
    name: Label
    cells: Sequence[str]
    score: str = ""
    grade: Grade | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the map; no *grade* where there was nothing to judge."""

    name: Label
    drawn: DrawnPlace
    grade: Grade | None


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the chart: its *label*, empty for most, and its bars: reported, disposed of."""

    label: str
    reported: Bar
    disposed: Bar


@dataclass(frozen=True, slots=True)
class LateCase:
    """A case that is late, without anything personal. *late* is for how long."""

    number: str
    category: Label
    place: Label
    department: Label
    due: str
    late: str
    state: Label


@dataclass(frozen=True, slots=True)
class Bulletin:
    """All that stands on the paper, as it is shown."""

    city: Label
    span: Label
    made: str
    known: str
    grid: Label
    tiles: Sequence[Tile]
    days: Sequence[Day]
    days_top: str
    places_name: Label
    places: Sequence[Place]
    place_heads: Sequence[Label]
    place_rows: Sequence[Row]
    department_heads: Sequence[Label]
    department_rows: Sequence[Row]
    category_heads: Sequence[Label]
    category_rows: Sequence[Row]
    late: Sequence[LateCase]
    late_more: int
    grades: Sequence[Grade]
    identity: str
    weights: Sequence[tuple[Label, str]]


def bulletin_page(bulletin: Bulletin) -> str:
    """The document."""
    page = _PAGES.get_template("bulletin.html")
    return page.render(b=bulletin, map_size=MAP_SIZE, days_size=DAYS_SIZE, ink=_ink)


def _ink(colour: str) -> str:
    """Black or white, whichever reads better on a colour ``#rrggbb``."""
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return "#fff" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else "#1c2a33"
