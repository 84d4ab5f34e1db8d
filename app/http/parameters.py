"""Query strings: which parameters a door takes, and reading them; all faults are told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from app.http.texts import BadText
from app.problems import Fault, Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter that a door takes, as `/api/openapi.json` tells it; *schema* is JSON Schema."""

    name: str
    text: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    required: bool = False

    def as_dict(self) -> dict[str, object]:
        """The form that OpenAPI has for it."""
        return {
            "name": self.name,
            "in": "query",
            "required": self.required,
            "description": self.text,
            "explode": False,  # several values have commas between
            "schema": self.schema,
        }


def flag_query(name: str, text: str) -> Query:
    """One that is true or false."""
    return Query(name, text, {"type": "boolean"})


def number_query(name: str, text: str, *, most: int, usual: int | None = None) -> Query:
    """A whole number from 1 to *most*; *usual* where it is left out."""
    schema = {"type": "integer", "minimum": 1, "maximum": most}
    return Query(name, text, schema if usual is None else schema | {"default": usual})


def choice_query(name: str, text: str, choices: Sequence[str]) -> Query:
    """One or more of *choices*, with commas between."""
    one = {"type": "string", "enum": [*choices]}
    return Query(name, text, {"type": "array", "items": one})


class BadValue(Exception):
    """The text of a parameter cannot be meant: what is wrong with it, and what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


class Parameters:
    """The parameters of one request; what is wrong with them is kept until `finish`."""

    def __init__(self, pairs: Sequence[tuple[str, str]], known: Sequence[str]) -> None:
        self._faults: list[Fault] = []
        self._given: dict[str, str] = {}
        for name, text in pairs:
            if name not in known:
                there = f"there are {', '.join(known)}" if known else "leave it out"
                self._faults.append(Fault(name[:100], "is not known here", there))
            elif name in self._given:
                self._faults.append(Fault(name, "is given twice", "give it once"))
            self._given[name] = text

    @property
    def faults(self) -> Sequence[Fault]:
        """What is wrong so far."""
        return self._faults

    def take(self, name: str, read: Callable[[str], T]) -> T | None:
        """What *read* makes of a parameter; None when it was not given or is at fault."""
        if (text := self._given.get(name)) is None:
            return None
        try:
            return read(text)
        except BadValue as bad:
            self._faults.append(Fault(name, bad.problem, bad.remedy))
        except BadText as bad:
            self._faults.append(Fault(name, bad.fault.problem, bad.fault.remedy))
        return None

    def need(self, name: str, read: Callable[[str], T], remedy: str) -> T | None:
        """As `take`, for one that must be given."""
        if name not in self._given:
            self._faults.append(Fault(name, "is missing", remedy))
        return self.take(name, read)

    def finish(self, status: int, detail: str) -> None:
        """Problem *status* with everything that was wrong; nothing when nothing was."""
        if self._faults:
            raise Problem(status, detail, *self._faults)
