"""From samples as they were told to records of the log: what every door of samples does alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.gateway.checking import Checker, Memory, Taken
from app.gateway.limits import Limits, LimitsByDevice
from app.gateway.samples import Refusal, ToldSample
from app.gateway.tally import Tally
from app.gateway.units import Units
from app.http.city import City
from app.settings import Settings
from dispatch.sensing.reasons import Reason
from streams.observations import Columns, envelopes
from streams.ports import Record


@dataclass(frozen=True, slots=True)
class Offered:
    """What came in as one sample; *source* is the key that shows it, None where none is needed."""

    told: ToldSample | Refusal
    source: str | None


@dataclass(slots=True)
class Sorted:
    """What was taken, by the area of its sensor, and what was not, by its number in the batch."""

    by_area: dict[str, Columns] = field(default_factory=dict[str, Columns])
    refused: list[tuple[int, Refusal]] = field(default_factory=list[tuple[int, Refusal]])
    taken: int = 0

    def take(self, one: Taken) -> None:
        """Put a sample with those of its area."""
        columns = self.by_area.get(one.sensor.area)
        if columns is None:
            columns = self.by_area[one.sensor.area] = Columns([], [], [])
        columns.devices.append(one.sensor.code)
        columns.at_ms.append(one.at_ms)
        columns.values.append(one.value)
        self.taken += 1

    def records(self, source: str, now: datetime) -> list[Record]:
        """The envelopes of what was taken; *source* is who brought it."""
        return [
            (area.encode(), envelope)
            for area, columns in self.by_area.items()
            for envelope in envelopes(source, columns, now)
        ]

    @property
    def reasons(self) -> dict[str, int]:
        """How many were refused, by reason."""
        counts: dict[str, int] = {}
        for _, refusal in self.refused:
            counts[refusal.reason] = counts.get(refusal.reason, 0) + 1
        return counts


class Door:
    """Sorts samples for one process; *city* gives the city of the moment, or raises."""

    def __init__(self, city: Callable[[], City], settings: Settings, tally: Tally) -> None:
        self._city, self._tally = city, tally
        self._usual = Limits.of(settings)
        self._memory, self._units = Memory(), Units()
        self._made: tuple[City, Checker] | None = None

    async def sort(self, offered: Sequence[Offered], now: datetime) -> Sorted:
        """What of *offered* is taken; whatever is not, or not as it came, is counted."""
        checker = self._checker()
        pairs = (checker.pair(one.told) for one in offered if isinstance(one.told, ToldSample))
        await self._units.learn(pair for pair in pairs if pair is not None)
        found = Sorted()
        for number, one in enumerate(offered):
            try:
                taken = _checked(checker, one, now)
            except Refusal as refusal:
                self._tally.refuse(refusal, known=checker.knows(refusal.device))
                found.refused.append((number, refusal.with_traceback(None)))
            else:
                self._remark(taken)
                found.take(taken)
        return found

    def _remark(self, taken: Taken) -> None:
        for reason in taken.remarks:
            words = f"says {taken.value:g} all the time" if reason is Reason.STUCK else ""
            self._tally.count(taken.sensor.code, reason, words=words)

    def _checker(self) -> Checker:
        city = self._city()
        if self._made is None or self._made[0] is not city:
            limits = LimitsByDevice(self._usual, city.samples)
            checker = Checker(city.sensors, limits, self._units, self._memory)
            self._made = city, checker
            self._memory.keep_only(city.sensors)
        return self._made[1]


def _checked(checker: Checker, one: Offered, now: datetime) -> Taken:
    if isinstance(one.told, Refusal):
        raise one.told
    return checker.check(one.told, one.source, now)
