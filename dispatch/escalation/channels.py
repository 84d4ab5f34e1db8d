"""The ways on which people are told: what a channel is called, and what it needs of a person."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from dispatch.delivery import problem_of_url
from dispatch.escalation.errors import UnusableChannel
from dispatch.escalation.people import Person

MAIL_SCHEMES: Final = ("smtp", "smtps", "smtp+plain")
"""TLS begun before anything is said, TLS from the start, none at all."""

_SENDER: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}")
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


def check_channel(name: str, url: str, sender: str | None) -> None:
    """Raises UnusableChannel with the first thing that is wrong with a channel as it is set up."""
    if not is_channel(name) or name == Kind.LOG:
        remedy = "mail, webhook or gateway, or one of them by name, as gateway:sms"
        raise UnusableChannel("name", remedy)
    if kind_of(name) is not Kind.MAIL:
        if problem := problem_of_url(url):
            raise UnusableChannel("url", problem)
        return
    if problem := _problem_of_server(url):
        raise UnusableChannel("url", problem)
    if sender is None or not _SENDER.fullmatch(sender):
        raise UnusableChannel("from", "who the mails are from, like city@mail.example")


def _problem_of_server(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as err:
        return str(err)
    if parts.scheme not in MAIL_SCHEMES or not host or not url.isascii():
        return f"a mail server as {', '.join(f'{one}://host' for one in MAIL_SCHEMES)}"
    if "@" in parts.netloc:
        return "without a login: give it with --login"
    return "without a path" if parts.path.strip("/") or parts.query or parts.fragment else None
