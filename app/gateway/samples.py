"""One sample as it is told, at whatever door, and the refusal of one."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from dispatch.sensing.reasons import Reason

LONGEST_NAME: Final = 64
LONGEST_UNIT: Final = 40

_Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]


class ToldSample(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One sample. *at* is RFC 3339 with a zone; *unit* is UCUM, that of the device when left out.

    *lon*, *lat*, *datum* say where it was measured, all three or none; they are only compared with
    where the sensor stands.
    """

    device: _Name
    at: Annotated[datetime, Meta(tz=True)]
    value: float
    unit: Annotated[str, Meta(max_length=LONGEST_UNIT)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    datum: Annotated[str, Meta(max_length=16)] | None = None


class Refusal(Exception):
    """A sample cannot be taken: by *reason* it is counted, the rest is told to its sender.

    *device* is the sensor it is about, or what it said that it is; empty when nobody can tell.
    """

    def __init__(
        self, reason: Reason, field: str, problem: str, remedy: str, device: str = ""
    ) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.reason, self.field, self.problem, self.remedy = reason, field, problem, remedy
        self.device = device


_DECODE: Final = msgspec.json.Decoder(ToldSample)


class _Named(msgspec.Struct):
    """What is looked at of a sample that is wrong, to tell whose it is."""

    device: _Name


_NAMED: Final = msgspec.json.Decoder(_Named)
_REMEDY: Final = "see ToldSample in /api/openapi.json"


def read_sample(raw: bytes | msgspec.Raw, longest: int) -> ToldSample:
    """The sample that *raw* is in JSON; raises Refusal.

    A field that stands twice is refused: which of the two was meant cannot be known.
    """
    text = bytes(raw)
    if len(text) > longest:
        problem = f"has {len(text)} bytes"
        raise Refusal(Reason.SIZE, "", problem, f"at most {longest} are taken for a sample")
    try:
        sample = _DECODE.decode(text)
        _PAIRS.decode(text.decode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _Repeated) as err:
        raise Refusal(Reason.MALFORMED, "", _told(err), _REMEDY, _whose(text)) from err
    return sample


def read_or_refuse(raw: bytes | msgspec.Raw, longest: int) -> ToldSample | Refusal:
    """The sample that *raw* is, or why it is none."""
    try:
        return read_sample(raw, longest)
    except Refusal as refusal:
        return refusal.with_traceback(None)


def _told(err: Exception) -> str:
    return str(err)[:200] or type(err).__name__


def _whose(text: bytes) -> str:
    try:
        return _NAMED.decode(text).device
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


class _Repeated(ValueError):
    """A field stands twice."""


def _without_repeats(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _Repeated("a field stands twice")


_PAIRS: Final = json.JSONDecoder(object_pairs_hook=_without_repeats)
