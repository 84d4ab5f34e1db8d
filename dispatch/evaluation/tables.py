"""Marks summed by a key: a place, a department or a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dispatch.evaluation.counts import Count, Mark
from dispatch.evaluation.meanings import IDENTITIES, MEANINGS, Post

Counts = Mapping[Count, float]
"""How much of each; what is missing is 0."""


def is_balanced(counts: Counts) -> bool:
    """Whether every identity holds, as 应处置 = 按期处置 + 超期处置 + 超期未处置."""
    return all(
        counts.get(whole, 0) == sum(counts.get(part, 0) for part in parts)
        for whole, parts in IDENTITIES
    )


@dataclass(frozen=True, slots=True)
class Table:
    """Sums by key, of the counts of one *post*, or of all when it is None: a table of places.

    The key None is what belongs to nobody yet, or lies in no place.
    """

    post: Post | None = None
    rows: dict[str | None, dict[Count, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )

    def add(self, marks: Iterable[Mark], place: str | None = None) -> None:
        """Sum marks of one case, which lies at *place*."""
        for mark in marks:
            if self.post is None:
                self.rows[place][mark.what] += mark.n
            elif MEANINGS[mark.what].post is self.post:
                key = mark.department if self.post is Post.DEPARTMENT else mark.person
                self.rows[key][mark.what] += mark.n

    @property
    def total(self) -> dict[Count, float]:
        """The sum of all lines."""
        summed: dict[Count, float] = defaultdict(int)
        for row in self.rows.values():
            for count, n in row.items():
                summed[count] += n
        return summed

    @property
    def is_balanced(self) -> bool:
        """Whether the identities hold in every line."""
        return all(is_balanced(row) for row in self.rows.values())
