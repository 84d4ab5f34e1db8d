"""Whether everything that can be reported has somebody everywhere, and where it has not."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from grid.duty import Jurisdiction
from grid.hierarchy import Hierarchy


@dataclass(frozen=True, slots=True)
class Hole:
    """A category that nobody takes in some areas right above cells, codes in order."""

    category: str
    areas: tuple[str, ...]


def holes(
    jurisdiction: Jurisdiction,
    hierarchy: Hierarchy,
    categories: Sequence[str],
    areas: Collection[str],
) -> Iterator[Hole]:
    """Each category with the *areas* in which neither a duty nor a territory answers for it.

    Where there is none, every cell of these areas has exactly one department for every category:
    of several duties the most specific decides. Routing rules do not count, because none may be
    relied upon to match.
    """
    orphaned = [code for code in sorted(areas) if not _has_fallback(hierarchy, code)]
    for category in categories if orphaned else ():
        alone = [
            code
            for code in orphaned
            if jurisdiction.responsible(category, hierarchy.path(code)) is None
        ]
        if alone:
            yield Hole(category, tuple(alone))


def _has_fallback(hierarchy: Hierarchy, code: str) -> bool:
    return any(hierarchy.area(above).department for above in hierarchy.path(code))
