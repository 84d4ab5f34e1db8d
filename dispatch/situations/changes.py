"""What happens to a situation, as facts in the past tense. Its history is these, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

import msgspec

from dispatch.situations.errors import UnreadableSituation
from dispatch.situations.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that happened to one situation; *actor* is a login, or the part of us that did."""

    kind: ClassVar[str]
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationFlagged(Change):
    """Several things were found to be one, by a *rule*; *why* holds the figures it went by.

    *zone* are the areas of a hot spot, the middle first.
    """

    kind: ClassVar[str] = "flagged"
    family: str
    way: str
    rule: str
    why: Mapping[str, Any]
    facts: tuple[Fact, ...]
    plan: str | None = None
    zone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationGrown(Change):
    """More of it was found, and perhaps more areas."""

    kind: ClassVar[str] = "grown"
    facts: tuple[Fact, ...]
    zone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationSupported(Change):
    """Another rule takes it for a situation too, or the same one more clearly."""

    kind: ClassVar[str] = "supported"
    way: str
    rule: str
    why: Mapping[str, Any]
    plan: str | None = None
    zone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationSteadied(Change):
    """Nothing has come to it for a while."""

    kind: ClassVar[str] = "steadied"


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationEnded(Change):
    """Nothing has come to it for so long that it is over."""

    kind: ClassVar[str] = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationReopened(Change):
    """It had ended and goes on: more came to it, or a person says so."""

    kind: ClassVar[str] = "reopened"
    facts: tuple[Fact, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationAbsorbed(Change):
    """It met another one, whose *facts* and areas are its own from now on."""

    kind: ClassVar[str] = "absorbed"
    other: int
    facts: tuple[Fact, ...]
    zone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationMerged(Change):
    """It met an older one, which goes on for both."""

    kind: ClassVar[str] = "merged"
    other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationAcknowledged(Change):
    """Somebody sees to it."""

    kind: ClassVar[str] = "acknowledged"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SituationDismissed(Change):
    """Somebody says that it is none."""

    kind: ClassVar[str] = "dismissed"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAttached(Change):
    """Somebody says that this belongs to it as well."""

    kind: ClassVar[str] = "attached"
    facts: tuple[Fact, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDetached(Change):
    """Somebody says that this does not belong to it; it is never taken in again by rule."""

    kind: ClassVar[str] = "detached"
    key: str
    reason: str


def told(change: Change) -> dict[str, Any]:
    """The fields of a change as plain JSON, without kind, time and actor."""
    plain: dict[str, Any] = msgspec.to_builtins(change)
    return {name: value for name, value in plain.items() if name not in ("at", "actor")}


def change_of(kind: str, at: datetime, actor: str, fields: Mapping[str, Any]) -> Change:
    """A change read back; UnreadableSituation for a kind that this release has not."""
    found = kinds().get(kind)
    if found is None:
        raise UnreadableSituation(kind)
    return msgspec.convert({**fields, "at": at, "actor": actor}, found, strict=False)


@cache
def kinds() -> Mapping[str, type[Change]]:
    """All changes by their kind."""
    return {one.kind: one for one in Change.__subclasses__()}
