"""Who is told of a step: people by their role within reach of the case, or by their shift. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dispatch.escalation.ladder import Told
from dispatch.workflow.case import Case
from grid.naming import Label, Language

INSTEAD: Final = (Told.DISPATCHER, Told.COMMANDER)
"""Who is told, one or the other, when of those that a step names there is nobody at all."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be told; without a *language* in that of the city."""

    login: str
    name: Label
    roles: frozenset[str]
    department: str | None
    areas: frozenset[str]
    language: Language | None = None
    mail: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """Who is told as what, each once as the first that fits, and as what nobody could be found."""

    told: Mapping[str, tuple[Person, ...]]
    nobody: tuple[str, ...]

    @property
    def people(self) -> tuple[Person, ...]:
        """All of them."""
        return tuple(one for group in self.told.values() for one in group)


def who(
    tell: Sequence[str], case: Case, people: Sequence[Person], on_duty: Collection[str]
) -> Heard:
    """Those whom a step tells of a case; *on_duty* are the logins of who walks its cell now."""
    asked = _groups(tell, case, people, on_duty)
    nobody = tuple(name for name, group in asked.items() if not group)
    if len(nobody) == len(asked):
        instead = _groups(INSTEAD, case, people, on_duty)
        asked = next(({name: group} for name, group in instead.items() if group), {})
    return Heard(_each_once(asked), nobody)


def _groups(
    tell: Sequence[str], case: Case, people: Sequence[Person], on_duty: Collection[str]
) -> dict[str, list[Person]]:
    return {name: [one for one in people if _is_meant(one, name, case, on_duty)] for name in tell}


def _is_meant(person: Person, name: str, case: Case, on_duty: Collection[str]) -> bool:
    if name == Told.ON_DUTY:
        return person.login in on_duty
    if name not in person.roles:
        return False
    if name == Told.HANDLER:
        return case.department is not None and person.department == case.department
    return not person.areas.isdisjoint(case.areas)


def _each_once(groups: Mapping[str, Sequence[Person]]) -> dict[str, tuple[Person, ...]]:
    seen: set[str] = set()
    told: dict[str, tuple[Person, ...]] = {}
    for name, group in groups.items():
        fresh = tuple(one for one in group if one.login not in seen)
        seen.update(one.login for one in fresh)
        if fresh:
            told[name] = fresh
    return told
