"""The catalogue of what can be reported: matters (事项) and the components (部件) of a city."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from grid.errors import UnknownCategory
from grid.naming import Label, Row
from grid.question import Question

MATTER: Final = "matter"
COMPONENT: Final = "component"


@dataclass(frozen=True, slots=True)
class Category:
    """One line of the catalogue.

    *severity* runs from 1 (most severe) to 4 and is the priority of its cases. *reportable* says
    whether the public doors offer it. *keywords* are words, in any language, by which people look
    for it. *standard_ref* names what defines this line, *department* who takes it when no duty
    speaks of it.
    """

    code: str
    kind: str
    class_code: str
    class_name: Label
    name: Label
    severity: int
    reportable: bool
    keywords: tuple[str, ...]
    standard_ref: str = ""
    department: str | None = None
    questions: tuple[Question, ...] = ()

    @classmethod
    def of(cls, row: Row) -> Self:
        """One category as the part ``catalogue`` writes it, also before it had questions."""
        return cls(
            code=row["code"],
            kind=row["kind"],
            class_code=row["class"],
            class_name=Label.of(row["class_name"]),
            name=Label.of(row["name"]),
            severity=row["severity"],
            reportable=row["reportable"],
            keywords=tuple(row["keywords"]),
            standard_ref=row.get("standard_ref", ""),
            department=row.get("department"),
            questions=tuple(map(Question.of, row.get("questions", ()))),
        )


class Catalogue:
    """A version of the catalogue with its standard named.

    Reports name matters: every fault of a component is itself a matter. Looking up, counting
    and iterating therefore mean matters; `components` lists the rest. A component may carry the
    same code as a matter.
    """

    def __init__(self, standard: str, categories: Iterable[Category]) -> None:
        everything = tuple(categories)
        self.standard = standard
        self.components = tuple(one for one in everything if one.kind == COMPONENT)
        self._matters = {one.code: one for one in everything if one.kind == MATTER}
        self.reportable = tuple(one for one in self._matters.values() if one.reportable)

    @classmethod
    def of(cls, content: Row) -> Self:
        """The catalogue of the part ``catalogue``."""
        return cls(content["standard"], (Category.of(row) for row in content["categories"]))

    def category(self, code: str) -> Category:
        """The matter with the code; UnknownCategory when there is none."""
        if found := self._matters.get(code):
            return found
        raise UnknownCategory(code, self.standard)

    def find(self, code: str) -> Category | None:
        """The matter with the code, or None."""
        return self._matters.get(code)

    def __contains__(self, code: object) -> bool:
        return code in self._matters

    def __iter__(self) -> Iterator[Category]:
        return iter(self._matters.values())

    def __len__(self) -> int:
        return len(self._matters)
