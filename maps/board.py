"""The board: every open case as the live map shows it, and who may see which. Pure.

A board stands at one position of the numbered log and is moved on by the patches of
`maps.patch`; the page keeps the same board in the browser.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from dispatch.case import State


class Marker(msgspec.Struct, frozen=True, gc=False):
    """One case as painted: where, what, who answers for it, until when.

    *lon*, *lat* are degrees WGS84; times are RFC 3339 text in UTC, as the log carries them;
    *areas* run from the smallest area up to the city. *version* counts the case's own events. The
    clock of a case that is suspended stands. *helpers* are departments that help the one that
    answers for it.
    """

    id: int
    number: str
    state: State
    category: str
    severity: int
    cell: str
    areas: tuple[str, ...]
    department: str | None
    lon: float
    lat: float
    reported_at: str
    opened_at: str
    due_at: str | None
    overdue: bool
    reports: int
    version: int
    address: str = ""
    suspended_at: str | None = None
    helpers: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether the case is off the map, unless it is reopened."""
        return self.state.ended


@dataclass(frozen=True, slots=True)
class Scope:
    """Which cases a person may see: the whole city, or by department, or by area."""

    city: bool = False
    departments: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()

    def shows(self, marker: Marker) -> bool:
        """Whether the person may see this case."""
        if self.city or marker.department in self.departments:
            return True
        if not self.departments.isdisjoint(marker.helpers):
            return True
        return not self.areas.isdisjoint(marker.areas)


WHOLE_CITY = Scope(city=True)


@dataclass(frozen=True, slots=True)
class Board:
    """All open cases after the row at *position* of the numbered log; 0 is before the first row.

    Single markers may be newer than *position*: a case is committed before its row is numbered.
    """

    position: int = 0
    markers: Mapping[int, Marker] = field(default_factory=dict[int, Marker])

    @classmethod
    def of(cls, position: int, markers: Iterable[Marker]) -> "Board":
        """The board of these markers; ended ones are left out."""
        return cls(position, {marker.id: marker for marker in markers if not marker.ended})

    def seen_by(self, scope: Scope) -> "Board":
        """The part of the board a person may see."""
        shown = {number: marker for number, marker in self.markers.items() if scope.shows(marker)}
        return Board(self.position, shown)
