"""JSON as these doors take it: UTF-8, one object, known fields, each once, every value storable."""

from __future__ import annotations

import json
import re
from typing import Final, TypeVar

import msgspec

from app.problems import Fault, Problem

T = TypeVar("T")
_PLACE: Final = re.compile(r"^(?P<what>.*) - at `\$\.?(?P<field>[^`]*)`$")
_FIELD: Final = re.compile(r"field `(?P<field>[^`]*)`")


def decode(body: bytes, shape: type[T]) -> T:
    """*body* as a *shape*, a msgspec.Struct that forbids unknown fields; Problem 422 if it is none.

    NaN and infinities, numbers out of range, nesting beyond the shape, byte-order marks and other
    encodings are refused by the parser; lone surrogates, NUL and control characters by
    `app.http.texts`.
    """
    try:
        value = msgspec.json.decode(body, type=shape)
        _refuse_repeats(body)
    except msgspec.ValidationError as err:
        raise Problem(422, "the JSON is not what is expected here", _fault(str(err))) from err
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise Problem(422, f"the content is not JSON in UTF-8: {err}") from err
    return value


def _fault(message: str) -> Fault:
    placed = _PLACE.match(message)
    what = placed["what"] if placed else message
    named = _FIELD.search(what)
    parts = [placed["field"] if placed else "", named["field"] if named else ""]
    field = ".".join(part for part in parts if part)[:100]
    return Fault(field, what[:200], "see /api/openapi.json for the fields and their types")


# The fast parser keeps the last of two equal keys; which one the sender meant cannot be known.
def _refuse_repeats(body: bytes) -> None:
    _PAIRS.decode(body.decode("utf-8"))


def _without_repeats(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            fault = Fault(key[:100], "stands twice in one object", "send each field once")
            raise Problem(422, "a field stands twice", fault)
        seen.add(key)


_PAIRS: Final = json.JSONDecoder(object_pairs_hook=_without_repeats)
