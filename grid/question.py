"""What is asked about a matter beyond where it is: the attributes of a report."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from grid.naming import Label, Row

TEXT: Final = "text"
NUMBER: Final = "number"
FLAG: Final = "flag"
CHOICE: Final = "choice"
COMPONENT: Final = "component"
KINDS: Final = (TEXT, NUMBER, FLAG, CHOICE, COMPONENT)
FLAGS: Final = ("true", "false")
LONGEST_ID: Final = 64


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer among those offered."""

    code: str
    name: Label


@dataclass(frozen=True, slots=True)
class Question:
    """A question that a report answers in the attribute *attribute*.

    *kind* is one of `KINDS`; a component is answered with its id. *choices* are empty unless it
    is a choice.
    """

    attribute: str
    text: Label
    kind: str
    required: bool
    choices: tuple[Choice, ...]

    @classmethod
    def of(cls, row: Row) -> Self:
        """One question as a category of the part ``catalogue`` holds it."""
        choices = (Choice(one["code"], Label.of(one["name"])) for one in row["choices"])
        return cls(
            row["attribute"], Label.of(row["text"]), row["kind"], row["required"], tuple(choices)
        )

    def objection(self, answer: str | None) -> str | None:
        """What is wrong with an answer, None when nothing is; no answer is None or empty."""
        if not answer:
            return f"is missing: {self.text.zh} / {self.text.en}" if self.required else None
        match self.kind:
            case "number" if not _is_number(answer):
                return "is not a number"
            case "flag" if answer not in FLAGS:
                return "is neither true nor false"
            case "choice" if answer not in (codes := self._codes):
                return f"is none of {', '.join(codes)}"
            case "component" if len(answer) > LONGEST_ID or not answer.isascii():
                return "is no id of a component"
            case _:
                return None

    @property
    def _codes(self) -> Sequence[str]:
        return [choice.code for choice in self.choices]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
