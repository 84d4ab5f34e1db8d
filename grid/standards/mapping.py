"""From the codes of an older vintage to those of GB/T 47678.5, and back to four digits."""

from collections.abc import Mapping
from functools import cache

from grid.catalogue import COMPONENT, MATTER
from grid.standards.codes import CategoryCode, ComponentId
from grid.standards.tables import Key, table
from grid.standards.vintage import Vintage


def successor(vintage: Vintage, kind: str, code: str) -> Key | None:
    """Kind and code in GB/T 47678.5 of an older category; None where no single one took over.

    >>> successor(Vintage.CJT_214, "matter", "0504")
    ('matter', '09005')
    """
    entry = table(vintage).get((kind, code))
    return (kind, entry.successor) if entry and entry.successor else None


def reported_as(vintage: Vintage, kind: str, code: str) -> str | None:
    """The GB/T 47678.5 matter that an old case belongs to: of a component, its fault."""
    found = successor(vintage, kind, code)
    return found[1] if found else None


def predecessor(kind: str, code: str) -> Key | None:
    """Kind and four-digit code of a GB/T 47678.5 category; None for a code it does not have.

    The fault of a component was no matter of its own then: it gives the component.
    """
    return _back().get((kind, code))


def renewed(old: ComponentId) -> ComponentId | None:
    """The 17-digit id of a component that has 16; None where its category has no successor."""
    found = successor(old.category.vintage, COMPONENT, str(old.category))
    if found is None:
        return None
    category = CategoryCode.parse(found[1], Vintage.FIVE_DIGIT)
    return ComponentId.of(old.division, category, old.serial)


@cache
def _back() -> Mapping[Key, Key]:
    old = table(Vintage.FOUR_DIGIT).values()
    back = {(one.kind, one.successor): one.key for one in old if one.successor}
    faults = {(MATTER, code): key for (kind, code), key in back.items() if kind == COMPONENT}
    return faults | back
