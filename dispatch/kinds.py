"""Every kind of event by its name, and the events read back from the texts that were hashed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import msgspec

from dispatch.escalation import facts as of_escalation
from dispatch.events import Event
from dispatch.workflow import facts as of_workflow
from dispatch.workflow import merging as of_merging

_ROOMS: Final = (of_workflow, of_merging, of_escalation)
"""Imported, they and `dispatch.events` have told all that can happen to a case."""


def _below(kind: type[Event]) -> Iterator[type[Event]]:
    for one in kind.__subclasses__():
        if "kind" in vars(one):
            yield one
        yield from _below(one)


KINDS: Final[Mapping[str, type[Event]]] = MappingProxyType({one.kind: one for one in _below(Event)})


class _Kind(msgspec.Struct):
    kind: str


_KIND: Final = msgspec.json.Decoder(_Kind)
_TEXTS: Final = msgspec.json.Decoder(list[msgspec.Raw])


def event_of(canon: str | msgspec.Raw) -> Event:
    """The event whose canonical text this is. KeyError for a kind that this release has not."""
    return _decoder(_KIND.decode(canon).kind).decode(canon)


def read_history(texts: str) -> list[Event]:
    """The events of one case from the JSON list of their canonical texts, oldest first."""
    return [event_of(text) for text in _TEXTS.decode(texts)]


@cache
def _decoder(kind: str) -> msgspec.json.Decoder[Any]:
    # Coordinates stand there as texts, so that no reader's float printing changes a hash.
    return msgspec.json.Decoder(KINDS[kind], strict=False)
