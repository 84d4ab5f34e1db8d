"""What is sent here: one JSON object or a list, every text storable, faults told by their place."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import msgspec
from starlette.requests import Request

from app.http.bodies import check_type, read_body
from app.http.texts import BadText, clean
from app.problems import Fault, Problem

LIMIT: Final = 1024 * 1024
_DEEPEST: Final = 12
_LONGEST_TEXT: Final = 4000
_LONGEST_NAME: Final = 255
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:/-]{0,63}")
Json = dict[str, Any]


async def read_json(request: Request) -> Any:
    """The body as JSON, its texts in the form that is stored; Problem 400, 413 or 415."""
    check_type(request, "application/json")
    body = await read_body(request, LIMIT)
    try:
        return _clean(msgspec.json.decode(body), "", 0)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise Problem(400, f"the content is not JSON in UTF-8: {err}") from err
    except BadText as bad:
        raise Problem(400, "the content cannot be stored", bad.fault) from bad


def _clean(value: Any, where: str, depth: int) -> Any:
    if depth > _DEEPEST:
        raise BadText(Fault(where, "is nested too deeply", f"at most {_DEEPEST} levels are taken"))
    match value:
        case str():
            return clean(where, value, longest=_LONGEST_TEXT, lines=True)
        case dict():
            return {
                clean(where, name, longest=_LONGEST_NAME): _clean(one, f"{where}.{name}", depth + 1)
                for name, one in cast("Json", value).items()
            }
        case list():
            there = enumerate(cast("list[Any]", value))
            return [_clean(one, f"{where}[{n}]", depth + 1) for n, one in there]
        case _:
            return value


@dataclass(slots=True)
class Fields:
    """The fields of one object; what is wrong with them is noted in *faults*, all of a request."""

    told: Mapping[str, Any]
    where: str
    faults: list[Fault] = field(default_factory=list[Fault])

    def wrong(self, name: str, problem: str, remedy: str) -> None:
        """Note what is wrong with a field."""
        place = f"{self.where}.{name}" if self.where and name else self.where or name
        self.faults.append(Fault(place[:200], problem, remedy))

    def expect(self, known: Collection[str]) -> None:
        """Note every field that is not known; links and control information are passed over."""
        for name in self.told:
            if name not in known and "@" not in name and name != "id":
                self.wrong(name, "is not known here", f"there are {', '.join(known)}")

    def text(self, name: str, *, needed: bool = True) -> str:
        """A text; empty where it is left out."""
        value = self.told.get(name)
        if not needed and value in (None, ""):
            return ""
        if not isinstance(value, str) or not value.strip():
            self.wrong(name, "is missing" if value is None else "is no text", "send a text")
            return ""
        return value

    def object(self, name: str) -> Json:
        """An object; empty where it is left out."""
        value = self.told.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(name, "is no object", 'send one, like {"height_m": 3}')
            return {}
        return cast("Json", value)

    def inner(self, name: str) -> Fields | None:
        """The fields of an object within; None, noted, when there is none."""
        value = self.told.get(name)
        if isinstance(value, dict):
            return Fields(cast("Json", value), self._at(name), self.faults)
        remedy = 'send {"@iot.id": …} for one that is there, or a whole one'
        self.wrong(name, "is missing" if value is None else "is no object", remedy)
        return None

    def several(self, name: str) -> Sequence[Fields]:
        """The objects of a list within; none when it is left out."""
        value = self.told.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.wrong(name, "is no list of objects", "send a list")
            return []
        there = enumerate(cast("list[Json]", value))
        return [Fields(one, f"{self._at(name)}[{n}]", self.faults) for n, one in there]

    @property
    def id(self) -> str | None:
        """The id that the sender gives; None when none."""
        value = self.told.get("@iot.id", self.told.get("id"))
        if value is None:
            return None
        text = str(value) if isinstance(value, int | str) else ""
        if not _CODE.fullmatch(text):
            self.wrong("@iot.id", "is no id", "letters, digits and . _ : / -, at most 64 of them")
            return None
        return text

    @property
    def is_reference(self) -> bool:
        """Whether nothing but an id is told."""
        return all(name == "id" or "@" in name for name in self.told) and self.id is not None

    def _at(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


def is_code(text: str) -> bool:
    """Whether a text can be an id."""
    return _CODE.fullmatch(text) is not None
