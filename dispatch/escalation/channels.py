"""The ways on which people are told: what a channel is called, and what it needs of a person."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from dispatch.escalation.people import Person

_CHANNEL: Final = re.compile(r"(?:log|(?:webhook|mail|gateway)(?::[a-z0-9][a-z0-9._-]{0,40})?)")


class Kind(StrEnum):
    """How a channel carries what is said."""

    LOG = "log"  # a line in the log of the notifier; always there
    WEBHOOK = "webhook"  # one signed POST for all who are told
    MAIL = "mail"  # one mail for each person
    GATEWAY = "gateway"  # one POST for each person, to a gateway of short messages


PERSONAL: Final = frozenset({Kind.MAIL, Kind.GATEWAY})
"""Those that carry a message of its own to each person."""


def is_channel(text: str) -> bool:
    """Whether it names one: a kind, and perhaps which one of that kind, as ``gateway:sms``."""
    return _CHANNEL.fullmatch(text) is not None


def kind_of(channel: str) -> Kind:
    """The kind of a channel by its name."""
    return Kind(channel.partition(":")[0])


def address_of(person: Person, kind: Kind) -> str | None:
    """Where the person is reached on a personal channel, None when nobody said."""
    return person.mail if kind is Kind.MAIL else person.phone
