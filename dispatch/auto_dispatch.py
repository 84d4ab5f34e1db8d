"""When a case may be assigned by rule alone, as the city says under ``[dispatch]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from grid.naming import Label

MANUAL: Final = Label("本市由派遣员派遣", "in this city a dispatcher assigns")


@dataclass(frozen=True, slots=True)
class AutoDispatch:
    """What a city leaves to its rules. *needed* is the confidence in per cent, 0: any will do.

    *categories* (codes or beginnings of codes), *rules* (names) and *areas* (codes) are held back
    for a dispatcher, however sure the routing is.
    """

    auto: bool = True
    needed: int = 0
    categories: tuple[str, ...] = ()
    rules: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()

    @classmethod
    def of(cls, told: Mapping[str, Any] | None) -> Self:
        """What the part ``city`` says under ``dispatch``; None says that all is left to rules."""
        if told is None:
            return cls()
        held: Mapping[str, Sequence[str]] = told["hold_back"]
        return cls(
            told["auto"],
            round(told["confidence"] * 100),
            tuple(held["categories"]),
            frozenset(held["rules"]),
            frozenset(held["areas"]),
        )

    def held_back(self, category: str, areas: Sequence[str], rule: str | None) -> Label | None:
        """Why such a case waits for a dispatcher; None when it need not."""
        if not self.auto:
            return MANUAL
        if category.startswith(self.categories):
            return Label(f"类别 {category} 须由派遣员派遣", f"category {category} is held back")
        if rule in self.rules:
            return Label(f"规则 {rule} 的案件须由派遣员派遣", f"rule {rule} is held back")
        if held := [area for area in areas if area in self.areas]:
            return Label(f"区域 {held[0]} 须由派遣员派遣", f"area {held[0]} is held back")
        return None
