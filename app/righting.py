"""Putting a dead report right: what a person changed, checked as the doors check it.

The corrected report is another report of the same source: the dead one stays in the books.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType
from psycopg import AsyncConnection

from app.http.city import City
from app.http.submission import Envelope, Told, submission
from dispatch.postgres.dead import DeadContent, find_dead, resubmit
from dispatch.report import Acceptance, Submission

_KEPT: Final = ("category", "condition", "description", "address", "attributes", "accuracy_m")


class Correction(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is to be different; a field that is left out stays. *lon*, *lat* are in *datum*.

    An empty *condition* takes it away; *lon* and *lat* come together, with their datum.
    """

    category: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    condition: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    lon: float | UnsetType = UNSET
    lat: float | UnsetType = UNSET
    datum: Annotated[str, Meta(max_length=16)] | UnsetType = UNSET
    address: str | UnsetType = UNSET
    description: str | UnsetType = UNSET

    @property
    def changes(self) -> Mapping[str, Any]:
        """The fields that were given, as a report would tell them."""
        given: dict[str, Any] = msgspec.to_builtins(self)
        return given | {"condition": None} if given.get("condition") == "" else given


class NotDead(Exception):
    """There is no dead report of this number."""

    def __init__(self, report_id: int) -> None:
        super().__init__(f"report {report_id} is not dead")
        self.report_id = report_id


class Replaced(Exception):
    """The dead report was put right before; *by* is the report that took its place."""

    def __init__(self, report_id: int, by: int) -> None:
        super().__init__(f"report {report_id} was put right before, as report {by}")
        self.report_id, self.by = report_id, by


@dataclass(frozen=True, slots=True)
class Righted:
    """What came of it."""

    report: int
    replay_of: int
    receipt: str


async def put_right(
    conn: AsyncConnection, report_id: int, correction: Correction, city: City
) -> Righted:
    """Accept the corrected report, in the caller's transaction.

    Raises NotDead, Replaced, and Unfit with every fault of what would come out.
    """
    dead = await find_dead(conn, report_id, lock=True)
    if dead is None:
        raise NotDead(report_id)
    if dead.replayed_as is not None:
        raise Replaced(report_id, dead.replayed_as)
    acceptance: Acceptance = await resubmit(conn, report_id, righted(dead, correction, city))
    return Righted(acceptance.report_id, report_id, acceptance.receipt)


def righted(dead: DeadContent, correction: Correction, city: City) -> Submission:
    """The submission in the place of *dead*; raises Unfit.

    It happened when it happened: the time was checked when the dead report came.
    """
    told = msgspec.convert({**_as_told(dead), **correction.changes}, Told)
    body = hashlib.sha256(msgspec.json.encode(told)).digest()
    envelope = Envelope(dead.source, f"replay-of-{dead.id}", body, dead.channel)
    return replace(submission(told, envelope, city, dead.received_at), happened_at=dead.happened_at)


def _as_told(dead: DeadContent) -> dict[str, Any]:
    kept = {name: value for name, value in asdict(dead).items() if name in _KEPT}
    if dead.lon is None:
        return kept
    return {**kept, "lon": dead.lon, "lat": dead.lat, "datum": dead.datum}
