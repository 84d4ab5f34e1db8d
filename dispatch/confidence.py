"""How sure a routing decision is, out of four things that can be looked up and told.

    confidence = step × 80 % for each rule passed over × share of the place × share not sent back

*step*: a rule 100 %, the table of duties 95 %, a territory 60 %, as nobody named it for the
category. *A rule passed over* could give no answer, and might have decided otherwise. *Place*: the
position and eight around it, at the distance of its accuracy; the share of them that go to the same
department. *Sent back*: of the newest cases of this category in this community, how many this
department had and sent back: 1 − returned / (given + 1). What nobody knows counts as no doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

STEPS: Final[Mapping[str, int]] = {"rule": 100, "jurisdiction": 95, "territory": 60}
PASSED_OVER: Final = 80
AROUND: Final = 8
NEWEST: Final = 50
"""Cases whose outcome counts."""


@dataclass(frozen=True, slots=True)
class Record:
    """What became of the newest cases like it: the department had *given*, sent back *returned*."""

    given: int = 0
    returned: int = 0


Records = Mapping[tuple[str, str, str], Record]
"""By category, smallest area and department; what is missing never happened."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """The four things. *same* of *asked* positions go to the department; *accuracy_m* as told."""

    step: str
    passed_over: int = 0
    same: int = 1
    asked: int = 1
    accuracy_m: int | None = None
    record: Record = Record()

    @property
    def percent(self) -> int:
        """From 0 to 100, rounded down, so that nothing seems surer than it is."""
        share = Fraction(STEPS[self.step], 100) * Fraction(PASSED_OVER, 100) ** self.passed_over
        share *= Fraction(self.same, self.asked)
        share *= 1 - Fraction(self.record.returned, self.record.given + 1)
        return int(share * 100)

    def as_dict(self) -> dict[str, object]:
        """The form that is stored with the case: whole numbers, as history holds no others."""
        return {
            "percent": self.percent,
            "step": STEPS[self.step],
            "passed_over": self.passed_over,
            "place": {"same": self.same, "asked": self.asked, "accuracy_m": self.accuracy_m},
            "record": {"given": self.record.given, "returned": self.record.returned},
        }
