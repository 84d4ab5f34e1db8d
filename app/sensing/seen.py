"""What is new of devices since it was last written down: for whoever looks at sensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import msgspec

from dispatch.postgres.checkpoints import Seen
from dispatch.sensing.alarm import moment
from dispatch.sensing.sensors import Samples


class _Dump(msgspec.Struct, array_like=True):
    samples: dict[str, int]
    faults: dict[str, dict[str, int]]


_DUMP: Final = msgspec.msgpack.Decoder(_Dump)


@dataclass(slots=True)
class SeenDevices:
    """Samples and their faults by device that are not written yet, and up to when samples are.

    *written_ms* has by device the time of the sample that was written last; a worker that has just
    begun knows none, and writes each device once more.
    """

    samples: Counter[str] = field(default_factory=Counter[str])
    faults: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    written_ms: dict[str, int] = field(default_factory=dict[str, int])

    def trouble(self, device: str, reason: str, count: int) -> None:
        """Note that so many samples of a device were at fault."""
        self.faults.setdefault(device, Counter())[reason] += count

    def note(self, troubles: Mapping[str, Mapping[str, int]]) -> None:
        """Note what was at fault with some samples, by device and reason."""
        for device, found in troubles.items():
            for reason, count in found.items():
                self.trouble(device, reason, count)

    def rows(self, latest: Samples) -> list[Seen]:
        """What is to be written; *latest* is the newest sample of each device that was heard."""
        told = zip(latest.devices, latest.at_ms.tolist(), latest.values.tolist(), strict=True)
        rows = [
            Seen(device, moment(at_ms), value, self.samples[device], self.faults.get(device, {}))
            for device, at_ms, value in told
            if device in self.samples
            or device in self.faults
            or self.written_ms.get(device, -1) < at_ms
        ]
        heard = set(latest.devices)
        silent = [one for one in self.faults.items() if one[0] not in heard]
        return rows + [Seen(one, None, None, self.samples[one], found) for one, found in silent]

    def written(self, latest: Samples) -> None:
        """Take it that what `rows` gave is written down."""
        self.samples, self.faults = Counter(), {}
        self.written_ms = dict(zip(latest.devices, latest.at_ms.tolist(), strict=True))

    def dump(self) -> bytes:
        """The form that `load` reads."""
        return msgspec.msgpack.encode(_Dump(self.samples, dict[str, dict[str, int]](self.faults)))

    @classmethod
    def load(cls, blob: bytes) -> Self:
        """What `dump` wrote."""
        told = _DUMP.decode(blob)
        faults = {device: Counter(found) for device, found in told.faults.items()}
        return cls(Counter(told.samples), faults)
