"""The tree of areas above the cells: community, street, division, or whatever a city has."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from grid.errors import BrokenHierarchy, UnknownArea
from grid.naming import Label, Row


@dataclass(frozen=True, slots=True)
class Area:
    """A piece of the city with a name and perhaps a body that answers for it.

    *parent* is None at the root. *department* is the territorial fallback (属地兜底): who takes
    what nobody else answers for.
    """

    code: str
    level: str
    parent: str | None
    name: Label
    department: str | None

    @classmethod
    def of(cls, row: Row) -> Self:
        """One area as the part ``areas`` of a city pack writes it."""
        return cls(
            code=row["code"],
            level=row["level"],
            parent=row["parent"],
            name=Label.of(row["name"]),
            department=row["department"],
        )


class Hierarchy:
    """All areas of one grid version, ready to be asked what lies above and below."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._areas = {area.code: area for area in areas}
        self._paths = {code: _path(self._areas, code) for code in self._areas}

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """The tree of the part ``areas``; BrokenHierarchy when it is none."""
        return cls(Area.of(row) for row in rows)

    def area(self, code: str) -> Area:
        """The area with the code; UnknownArea when there is none."""
        try:
            return self._areas[code]
        except KeyError:
            raise UnknownArea(code) from None

    def path(self, code: str) -> tuple[str, ...]:
        """Codes from this area, itself included, up to the root."""
        try:
            return self._paths[code]
        except KeyError:
            raise UnknownArea(code) from None

    def subtree(self, code: str) -> frozenset[str]:
        """Codes of this area and of all that lie within it."""
        self.area(code)
        return frozenset(below for below, path in self._paths.items() if code in path)

    def __contains__(self, code: object) -> bool:
        return code in self._areas

    def __iter__(self) -> Iterator[Area]:
        return iter(self._areas.values())

    def __len__(self) -> int:
        return len(self._areas)


def _path(areas: Mapping[str, Area], code: str) -> tuple[str, ...]:
    path = [code]
    while (parent := areas[path[-1]].parent) is not None:
        if parent not in areas:
            raise BrokenHierarchy(path[-1], f"names the parent {parent!r}, which does not exist")
        if parent in path:
            raise BrokenHierarchy(code, "lies above itself")
        path.append(parent)
    return tuple(path)
