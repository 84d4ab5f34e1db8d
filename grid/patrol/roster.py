"""Who is on duty for a cell at a moment."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from grid.naming import Row
from grid.patrol.duty_grid import DutyGrid
from grid.patrol.errors import NaiveMoment
from grid.patrol.shift import Shift, Stretch


@dataclass(frozen=True, slots=True)
class Turn:
    """A person's turn: one stretch of one shift."""

    person: str
    shift: Shift
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Watch:
    """How a duty grid is watched at a moment: by nobody when *on_duty* is empty.

    *following* are the turns that begin next, all at the same moment.
    """

    duty_grid: DutyGrid
    on_duty: tuple[Turn, ...]
    following: tuple[Turn, ...]


class Roster:
    """All duty grids and shifts of a city, by its clocks."""

    def __init__(
        self, duty_grids: Iterable[DutyGrid], shifts: Iterable[Shift], zone: ZoneInfo
    ) -> None:
        self.duty_grids = tuple(sorted(duty_grids, key=lambda one: (one.kind, one.code)))
        self._zone = zone
        self._shifts: dict[str, list[Shift]] = defaultdict(list)
        for shift in sorted(shifts, key=lambda shift: shift.row):
            self._shifts[shift.duty_grid].append(shift)

    @classmethod
    def of(cls, duty_grids: Sequence[Row], shifts: Sequence[Row], zone: ZoneInfo) -> Self:
        """The roster of the parts ``duty_grids`` and ``duty_shifts``."""
        return cls(map(DutyGrid.of, duty_grids), map(Shift.of, shifts), zone)

    def on_duty(self, cell: str, now: datetime) -> tuple[Watch, ...]:
        """How the duty grids of a cell are watched at the aware moment *now*.

        Ordered by kind; empty for a cell that is in no duty grid. A shift holds its first instant
        and not its last. Raises NaiveMoment.
        """
        if now.utcoffset() is None:
            raise NaiveMoment(now)
        return tuple(self._watch(one, now) for one in self.duty_grids if cell in one.cells)

    def _watch(self, duty_grid: DutyGrid, now: datetime) -> Watch:
        shifts = self._shifts.get(duty_grid.code, [])
        present = [(shift, shift.stretch_at(now, self._zone)) for shift in shifts]
        coming = _turns((shift, shift.next_stretch(now, self._zone)) for shift in shifts)
        first = min((turn.stretch.since for turn in coming), default=None)
        following = [turn for turn in coming if turn.stretch.since == first]
        return Watch(duty_grid, tuple(_turns(present)), tuple(following))


def _turns(found: Iterable[tuple[Shift, Stretch | None]]) -> list[Turn]:
    return [Turn(shift.person, shift, stretch) for shift, stretch in found if stretch]
