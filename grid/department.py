"""The departments of a city: who can be sent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from grid.errors import UnknownDepartment
from grid.naming import Label, Row


@dataclass(frozen=True, slots=True)
class Department:
    """A body that takes cases; *kind* is the city's own word, *phone* may be empty."""

    code: str
    name: Label
    kind: str
    phone: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """One department as the part ``departments`` writes it."""
        return cls(row["code"], Label.of(row["name"]), row["kind"], row["phone"])


class Departments(Mapping[str, Department]):
    """All departments by code, in the order of the city pack."""

    def __init__(self, departments: Iterable[Department]) -> None:
        self._by_code = {department.code: department for department in departments}

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """The departments of the part ``departments``."""
        return cls(Department.of(row) for row in rows)

    def department(self, code: str) -> Department:
        """The department with the code; UnknownDepartment when there is none."""
        try:
            return self._by_code[code]
        except KeyError:
            raise UnknownDepartment(code) from None

    def __getitem__(self, code: str) -> Department:
        return self._by_code[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self._by_code)
