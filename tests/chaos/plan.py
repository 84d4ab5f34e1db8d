"""The plan of a run: which fault strikes what, how hard, and how long until the next one.

Pure and seeded: the same seed, number of faults, engine and ground give the same plan.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, overload

from tests.chaos.kinds import KINDS, Kind

SHORTEST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 2.0
CALM_S: Final = 12.0
"""What a pause is longer by where each fault is to be measured alone."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    *args* are what the kind varies, seconds mostly. After *pause_s* the next fault comes; when
    *overlaps*, even if this one is not over.
    """

    n: int
    kind: str
    target: str
    args: Mapping[str, float]
    pause_s: float
    overlaps: bool

    def as_dict(self) -> dict[str, Any]:
        """The form of plan.json."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Plan(Sequence[Fault]):
    """Faults in their order."""

    seed: int
    engine: str
    faults: tuple[Fault, ...]

    @classmethod
    def of(
        cls,
        seed: int,
        faults: int,
        engine: str,
        *,
        without: Collection[str] = (),
        only: Collection[str] = (),
        calm: bool = False,
    ) -> Plan:
        """A plan of that many faults.

        *without* are kinds that this machine cannot do; *only*, when given, are the sole ones.
        *calm* leaves the city time to recover after each.
        Every kind comes about as often as its weight says: with 200 faults each at least once.
        Raises ValueError when no kind is left.
        """
        possible = [
            kind
            for kind in KINDS.values()
            if engine in kind.engines
            and kind.name not in without
            and (not only or kind.name in only)
        ]
        if not possible:
            raise ValueError(f"no kind of fault is left for {engine}")
        chance = random.Random(f"{seed} {faults} {engine}")
        kinds = _spread(possible, faults, chance)
        faults_ = (_fault(n, one, chance) for n, one in enumerate(kinds, 1))
        return cls(seed, engine, tuple(_alone(one) if calm else one for one in faults_))

    @overload
    def __getitem__(self, index: int) -> Fault: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Fault]: ...
    def __getitem__(self, index: int | slice) -> Fault | Sequence[Fault]:
        return self.faults[index]

    def __len__(self) -> int:
        return len(self.faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.faults)


def _spread(possible: Sequence[Kind], faults: int, chance: random.Random) -> list[Kind]:
    """Kinds in proportion to their weights, shuffled: a draw might leave a rare kind out."""
    total = sum(kind.weight for kind in possible)
    whole = [kind for kind in possible for _ in range(faults * kind.weight // total)]
    rest = chance.choices(
        possible, [kind.weight for kind in possible], k=max(0, faults - len(whole))
    )
    chance.shuffle(kinds := whole + rest)
    return kinds


def _alone(fault: Fault) -> Fault:
    return replace(fault, overlaps=False, pause_s=CALM_S + fault.pause_s)


def _fault(n: int, kind: Kind, chance: random.Random) -> Fault:
    return Fault(
        n=n,
        kind=kind.name,
        target=chance.choice(kind.targets),
        args={
            name: round(chance.uniform(least, most), 3)
            for name, (least, most) in kind.spans.items()
        },
        pause_s=round(chance.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S), 3),
        overlaps=chance.random() < kind.overlap,
    )
