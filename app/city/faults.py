"""What is wrong with a city pack: one value per fault, all gathered before anybody hears."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one place, and what to do about it.

    *row* is the number a spreadsheet shows (the header is row 1), the number of the feature in a
    layer (from 1) or of the rule or expectation in ``routing.toml`` (from 1); None for a whole
    file. *field* is the column or setting, empty for a whole row or file.
    """

    file: str
    row: int | None
    field: str
    problem: str
    remedy: str

    def as_dict(self) -> dict[str, Any]:
        """The form for ``--json``."""
        return asdict(self)

    def __str__(self) -> str:
        where = ":".join([self.file, *([str(self.row)] if self.row is not None else [])])
        return f"{where} {self.field}: {self.problem}. {self.remedy}"


@dataclass(slots=True)
class Faults:
    """All faults found so far, in the order they were found.

    *hints* are what somebody should know, though nothing is wrong: they keep no pack from loading.
    """

    found: list[Fault] = field(default_factory=list[Fault])
    hints: list[Fault] = field(default_factory=list[Fault])

    def add(self, file: str, row: int | None, column: str, problem: str, remedy: str) -> None:
        """Note a fault; the check goes on."""
        self.found.append(Fault(file, row, column, problem, remedy))

    def hint(self, file: str, row: int | None, column: str, problem: str, remedy: str) -> None:
        """Note what is no fault."""
        self.hints.append(Fault(file, row, column, problem, remedy))


class BrokenPack(Exception):
    """A city pack has faults and was not loaded."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        super().__init__(f"the pack has {count} and was not loaded; first: {faults[0]}")
        self.faults = tuple(faults)


class NotAPack(Exception):
    """A path holds nothing that could be a city pack."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} is not a city pack: {reason}")
        self.path, self.reason = path, reason
