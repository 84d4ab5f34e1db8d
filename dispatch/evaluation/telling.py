"""Events read back from the texts that were hashed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from dispatch import events as e
from dispatch.workflow import facts as f

assert f.StageOverdue  # importing it lets `_kinds` find every kind


class _Kind(msgspec.Struct):
    kind: str


_KIND = msgspec.json.Decoder(_Kind)
_TEXTS = msgspec.json.Decoder(list[msgspec.Raw])


def read_history(texts: str) -> list[e.Event]:
    """The events of one case from the JSON list of their canonical texts, oldest first."""
    return [_decoder(_KIND.decode(text).kind).decode(text) for text in _TEXTS.decode(texts)]


@cache
def _decoder(kind: str) -> msgspec.json.Decoder[e.Event]:
    # Coordinates stand there as texts, so that no reader's float printing changes a hash.
    return msgspec.json.Decoder(_kinds()[kind], strict=False)


@cache
def _kinds() -> Mapping[str, type[Any]]:
    return {one.kind: one for one in e.Event.__subclasses__()}
