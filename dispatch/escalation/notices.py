"""Notices: what is sent to whom on which channel because a step was taken. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from dispatch.escalation.channels import PERSONAL, Kind, address_of, kind_of
from dispatch.escalation.people import Heard, Person
from dispatch.escalation.rule import Call
from dispatch.escalation.words import Names, text_of
from dispatch.events import rfc3339
from dispatch.workflow.case import Case
from grid.naming import Language

_URGENT: Final = 1
_LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Notice:
    """One message on one channel; *person* is None for one to all who are told.

    *dedup* is made of the case, the number of the event that tells of the step, the channel and the
    person; so it is the same whenever and by whomever it is made. *problem* says why it cannot be
    sent at all.
    """

    dedup: str
    channel: str
    person: str | None
    payload: str
    problem: str | None = None


def notices(
    case: Case,
    call: Call,
    heard: Heard,
    names: Names,
    *,
    seq: int,
    language: Language,
    now: datetime,
) -> list[Notice]:
    """All notices of a call; *seq* is the number of its event, *language* that of the city."""
    common = _common(case, call, now)
    made: list[Notice] = []
    for channel in call.step.by:
        stem = f"notice-{case.id}-{seq}/{channel}"
        if kind_of(channel) in PERSONAL:
            made += _personal(stem, channel, case, call, heard, names, language, common)
        else:
            texts = {one: _text(case, call, names, one) for one in _LANGUAGES}
            to = {name: [one.login for one in group] for name, group in heard.told.items()}
            told = {"id": stem, "to": to, "texts": texts, **common}
            made.append(Notice(stem, channel, None, _json(told)))
    return made


def _personal(
    stem: str,
    channel: str,
    case: Case,
    call: Call,
    heard: Heard,
    names: Names,
    language: Language,
    common: Mapping[str, object],
) -> Iterator[Notice]:
    kind = kind_of(channel)
    for person in heard.people:
        spoken = person.language or language
        address = address_of(person, kind)
        dedup = f"{stem}/{person.login}"
        told = {
            "id": dedup,
            "to": _to(person, kind, address),
            "language": spoken,
            **_text(case, call, names, spoken),
            **common,
        }
        lacks = None if address else f"{person.login} has no {_FIELD[kind]}: see people.csv"
        yield Notice(dedup, channel, person.login, _json(told), lacks)


_FIELD: Final = {Kind.MAIL: "mail", Kind.GATEWAY: "phone"}


def _to(person: Person, kind: Kind, address: str | None) -> dict[str, object]:
    return {
        "login": person.login,
        "name": person.name.as_dict(),
        _FIELD[kind]: address or "",
    }


def _common(case: Case, call: Call, now: datetime) -> dict[str, object]:
    return {
        "at": rfc3339(now),
        "case": {
            "id": case.id,
            "number": case.number,
            "category": case.category,
            "severity": case.severity,
            "state": case.state,
            "department": case.department,
            "cell": case.cell,
        },
        "step": call.step.name,
        "run": call.run.kind,
        "times": call.times,
        "urgent": case.severity == _URGENT,
        "supervised": call.step.supervision is not None and call.times == 1,
    }


def _text(case: Case, call: Call, names: Names, language: Language) -> dict[str, str]:
    text = text_of(case, call, names, language)
    return {"subject": text.subject, "text": text.body}


def _json(told: Mapping[str, object]) -> str:
    return msgspec.json.encode(told).decode()
