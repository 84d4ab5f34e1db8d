"""What an order tells anew of a case (更正): read and checked as a report is."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from app.http.city import City
from app.http.submission import Place, Unfit, correction
from app.problems import Fault, Problem
from dispatch.case import Case, Move
from dispatch.workflow.correction import Correction

_UNFIT = "the correction cannot be made as sent"


class ToldCorrection(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What is to be different of a case; *lon*, *lat* are degrees in *datum* and come with it.

    *condition* is that of the limit; without one another category takes its default.
    """

    category: Annotated[str, Meta(max_length=64)] | None = None
    condition: Annotated[str, Meta(max_length=64)] | None = None
    lon: float | None = None
    lat: float | None = None
    datum: Annotated[str, Meta(max_length=16)] | None = None

    @property
    def place(self) -> Place | None:
        """The position as it was told, None when nothing of one was."""
        given = (self.lon, self.lat, self.datum)
        return None if given == (None, None, None) else Place(*given)


def read_correction(told: ToldCorrection, move: Move, case: Case, city: City) -> Correction | None:
    """The correction of a case, None when nothing is told; Problem 422 with every fault."""
    fields = ("category", "condition", "lon", "lat", "datum")
    given = [name for name in fields if getattr(told, name) is not None]
    if not given:
        return None
    if move is not Move.CORRECT:
        fault = Fault(given[0], "belongs to a correction", f"send it with {Move.CORRECT}")
        raise Problem(422, _UNFIT, fault)
    try:
        return correction(told.category, told.condition, told.place, city, of=case.category)
    except Unfit as unfit:
        raise Problem(422, _UNFIT, *unfit.faults) from unfit
