"""What came of each device since that was last written down: for whoever looks at sensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from dispatch.postgres.checkpoints import Seen
from dispatch.sensing.alarm import moment
from dispatch.sensing.sensors import Samples, Sensors

_NEVER: Final = np.iinfo(np.int64).min


class _Row(msgspec.Struct, array_like=True, frozen=True):
    at_ms: int | None
    value: float | None
    samples: int
    faults: dict[str, int]


_ROWS: Final = msgspec.msgpack.Decoder(dict[str, _Row])


@dataclass(slots=True)
class SeenDevices:
    """The latest sample of each device and how many came, as arrays by the number of the device."""

    sensors: Sensors
    at_ms: NDArray[np.int64] = field(init=False)
    values: NDArray[np.float64] = field(init=False)
    samples: NDArray[np.int64] = field(init=False)
    faults: dict[str, Counter[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: it was written down."""
        size = len(self.sensors)
        self.at_ms = np.full(size, _NEVER, dtype=np.int64)
        self.values = np.full(size, np.nan)
        self.samples = np.zeros(size, dtype=np.int64)
        self.faults = {}

    def trouble(self, device: str, reason: str, count: int) -> None:
        """Note that so many samples of a device were at fault."""
        self.faults.setdefault(device, Counter())[reason] += count

    def note(self, samples: Samples, troubles: Mapping[str, Mapping[str, int]]) -> None:
        """Note samples, and what was at fault with some of them, by device and reason.

        Of the samples of one time the last one stays.
        """
        numbers = self.sensors.numbers(samples.devices)
        known = np.flatnonzero(numbers >= 0)
        order = known[np.argsort(samples.at_ms[known], kind="stable")]
        numbers, at_ms = numbers[order], samples.at_ms[order]
        # Assigned in the order of time: the last value that is written to a place stays there.
        newer = at_ms >= self.at_ms[numbers]
        self.at_ms[numbers[newer]] = at_ms[newer]
        self.values[numbers[newer]] = samples.values[order][newer]
        self.samples += np.bincount(numbers, minlength=len(self.samples))
        for device, found in troubles.items():
            for reason, count in found.items():
                self.trouble(device, reason, count)

    def rows(self) -> list[Seen]:
        """What is to be written of each device of which something came."""
        return [
            Seen(
                device,
                None if row.at_ms is None else moment(row.at_ms),
                row.value,
                row.samples,
                row.faults,
            )
            for device, row in self._rows().items()
        ]

    def dump(self) -> bytes:
        """The form that `load` reads."""
        return msgspec.msgpack.encode(self._rows())

    @classmethod
    def load(cls, blob: bytes, sensors: Sensors) -> Self:
        """What `dump` wrote, of those devices that there are still."""
        seen = cls(sensors)
        told = _ROWS.decode(blob)
        for number, (device, row) in zip(sensors.numbers(list(told)), told.items(), strict=True):
            if number < 0:
                continue
            seen.samples[number] = row.samples
            if row.at_ms is not None:
                seen.at_ms[number] = row.at_ms
                seen.values[number] = np.nan if row.value is None else row.value
            if row.faults:
                seen.faults[device] = Counter(row.faults)
        return seen

    def _rows(self) -> dict[str, _Row]:
        in_trouble = self.sensors.numbers(list(self.faults))
        some = {*np.flatnonzero(self.samples).tolist(), *in_trouble[in_trouble >= 0].tolist()}
        return {self.sensors[number].code: self._row(number) for number in sorted(some)}

    def _row(self, number: int) -> _Row:
        at_ms, value = int(self.at_ms[number]), float(self.values[number])
        faults = self.faults.get(self.sensors[number].code, {})
        return _Row(
            None if at_ms == _NEVER else at_ms,
            None if np.isnan(value) else value,
            int(self.samples[number]),
            dict(faults),
        )
