"""Events read back from the texts that were hashed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec

from dispatch import events as e

_ENVELOPE = frozenset({"case", "seq", "kind"})


def event_of(kind: str, canon: str) -> e.Event:
    """The event whose canonical text this is. KeyError for a kind that this release has not."""
    told = msgspec.json.decode(canon, type=dict[str, object])
    fields = {name: value for name, value in told.items() if name not in _ENVELOPE}
    return msgspec.convert(fields, _kinds()[kind], strict=False)


@cache
def _kinds() -> Mapping[str, type[e.Event]]:
    return {one.kind: one for one in e.Event.__subclasses__()}
