"""The sensors of a city as its pack names them, and samples as columns. What they mean for the
city is in `dispatch.sensing.alarms`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from grid.naming import Label, Row

FINITE: Final = float(np.finfo(np.float64).max)
"""The greatest number that is not infinite."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """A device that measures one property in one unit, at a fixed place.

    *lon*, *lat* are degrees WGS84; *given_lon*, *given_lat* are as the pack has them, in *datum*.
    *source* is the key that may send its samples. *station* is what it stands with others at.
    Values outside *least* to *most* are impossible. *area* is the area right below the city that it
    stands in, empty when it is not known: samples of one area keep their order.
    """

    code: str
    name: Label
    observed_property: str
    unit: str
    lon: float
    lat: float
    datum: str
    given_lon: float
    given_lat: float
    source: str
    area: str
    station: str = ""
    least: float = -FINITE
    most: float = FINITE

    @classmethod
    def of(cls, row: Row) -> Self:
        """One sensor as the part ``sensors`` writes it; its first versions knew no source."""
        return cls(
            code=row["code"],
            name=Label.of(row["name"]),
            observed_property=row["property"],
            unit=row["unit"],
            lon=row["lon"],
            lat=row["lat"],
            datum=row.get("datum", "wgs84"),
            given_lon=row.get("given_lon", row["lon"]),
            given_lat=row.get("given_lat", row["lat"]),
            source=row.get("source", f"device:{row['code']}"),
            area=row.get("area", ""),
            station=row.get("station") or row["code"],
            least=_or(row.get("least"), -FINITE),
            most=_or(row.get("most"), FINITE),
        )


def _or(told: float | None, standing: float) -> float:
    return standing if told is None else told


class Sensors:
    """All sensors of a city, numbered from 0 in the order of the pack."""

    def __init__(self, sensors: Iterable[Sensor] = ()) -> None:
        self._all = tuple(sensors)
        self._numbers = {sensor.code: number for number, sensor in enumerate(self._all)}

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        """The sensors of the part ``sensors``."""
        return cls(Sensor.of(row) for row in rows)

    def find(self, code: str) -> Sensor | None:
        """The sensor with the code, or None."""
        number = self._numbers.get(code)
        return None if number is None else self._all[number]

    def numbers(self, codes: Sequence[str]) -> NDArray[np.intp]:
        """The number of each of *codes*, -1 for one that is not known; shape (n,)."""
        found = map(self._numbers.get, codes, repeat(-1))
        return np.fromiter(found, dtype=np.intp, count=len(codes))

    def unknown(self, codes: Sequence[str]) -> int:
        """How many of *codes* no sensor has."""
        return int(np.count_nonzero(self.numbers(codes) < 0))

    def __getitem__(self, number: int) -> Sensor:
        return self._all[number]

    def __iter__(self) -> Iterator[Sensor]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


@dataclass(frozen=True, slots=True)
class Samples:
    """What devices measured, as columns of one length n.

    *at_ms* has shape (n,), milliseconds since 1970 in UTC; *values* has shape (n,), each in the
    unit of its device.
    """

    devices: Sequence[str]
    at_ms: NDArray[np.int64]
    values: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[Samples]) -> Self:
        """All samples of *parts*, in their order; no parts give no samples."""
        return cls(
            [device for part in parts for device in part.devices],
            np.concatenate([np.empty(0, np.int64), *(part.at_ms for part in parts)]),
            np.concatenate([np.empty(0, np.float64), *(part.values for part in parts)]),
        )

    def of(self, sensors: Sensors) -> Samples:
        """The samples of devices that are among *sensors*."""
        known = sensors.numbers(self.devices) >= 0
        if known.all():
            return self
        told = zip(self.devices, known.tolist(), strict=True)
        devices = [device for device, is_known in told if is_known]
        return Samples(devices, self.at_ms[known], self.values[known])

    def __len__(self) -> int:
        return len(self.devices)
