"""Which topics are subscribed to, and how each of them is read: ours, and those of a map file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import msgspec
from msgspec import Meta

from app.gateway.door import Offered
from app.gateway.payloads import (
    LONGEST,
    MOST_SAMPLES,
    Read,
    looked_up,
    malformed,
    moment,
    number,
    read_json,
    read_observation,
    read_own,
    too_large,
)
from app.gateway.samples import LONGEST_NAME, LONGEST_UNIT, Refusal, ToldSample

SENSORTHINGS: Final = ("v1.1/+/Observations", "v1.1/Observations")
OWN: Final = "citygrid/observations/#"

_PLACE: Final = re.compile(r"\{([a-z_]+)\}")


class BadMap(Exception):
    """The map file cannot be used; says where and why."""

    def __init__(self, file: Path, place: str, problem: str, remedy: str) -> None:
        super().__init__(f"{file}: {place}: {problem}. {remedy}")
        self.file, self.place, self.problem, self.remedy = file, place, problem, remedy


class Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One ``[[topic]]`` of a map file: where samples are published, and where in the payload.

    *topic* may name levels, ``water/{device}/level``, that *device* is made of. *value*, *time* and
    *unit_at* are paths in the JSON, divided by dots; *each* is that of a list with a sample in each
    place. Without *value* the payload is the number, without *time* it is measured on arrival.
    """

    topic: Annotated[str, Meta(min_length=1, max_length=500)]
    device: Annotated[str, Meta(min_length=1)] | None = None
    device_at: str | None = None
    each: str | None = None
    value: str | None = None
    time: str | None = None
    time_in: Literal["iso", "s", "ms"] = "iso"
    unit: Annotated[str, Meta(max_length=LONGEST_UNIT)] | None = None
    unit_at: str | None = None
    source: str | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    topic: list[Entry] = []
    sensorthings: bool = True
    own: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """An entry made ready: the filter that is subscribed to, and its topics as a pattern."""

    entry: Entry
    filter: str
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Raises ValueError for a topic that nothing can be subscribed to by."""
        levels = entry.topic.split("/")
        if any("#" in level for level in levels[:-1]) or (
            levels[-1] not in ("#",) and "#" in levels[-1]
        ):
            raise ValueError("# stands alone and last")
        told = [_level(level) for level in levels]
        asked = "/".join(plain for plain, _ in told)
        return cls(entry, asked, re.compile("/".join(regular for _, regular in told)))

    def read(self, topic: str, payload: bytes, arrived: datetime) -> list[Offered] | None:
        """What the payload holds; None when the topic is none of these."""
        found = self.pattern.fullmatch(topic)
        if found is None:
            return None
        reads = _read(self.entry, found.groupdict(), payload, arrived)
        return [Offered(one, self.entry.source) for one in reads]


def _level(level: str) -> tuple[str, str]:
    """A level as it is subscribed to, and as a regular expression; raises ValueError."""
    if found := _PLACE.fullmatch(level):
        return "+", f"(?P<{found[1]}>[^/]+)"
    if level in ("+", "#"):
        return level, "[^/]*" if level == "+" else ".*"
    if "+" in level or "{" in level or "}" in level:
        raise ValueError(f"{level!r}: + and {{name}} stand for a whole level")
    return level, re.escape(level)


@dataclass(frozen=True, slots=True)
class TopicMap:
    """All that is subscribed to. *longest* is the most bytes of one sample."""

    longest: int
    routes: Sequence[Route] = field(default_factory=tuple[Route, ...])
    sensorthings: bool = True
    own: bool = True

    @classmethod
    def of(cls, file: Path | None, longest: int) -> Self:
        """Our own topics and those of a map file; raises BadMap."""
        if file is None:
            return cls(longest)
        told = _parsed(file)
        routes: list[Route] = []
        for place, entry in enumerate(told.topic, 1):
            try:
                _check(entry)
                routes.append(Route.of(entry))
            except (ValueError, re.error) as err:
                remedy = "See docs/mqtt.md"
                raise BadMap(file, f"[[topic]] {place}", str(err), remedy) from err
        return cls(longest, tuple(routes), told.sensorthings, told.own)

    @property
    def filters(self) -> list[str]:
        """What to subscribe to."""
        ours = (SENSORTHINGS if self.sensorthings else ()) + ((OWN,) if self.own else ())
        return sorted({*ours, *(route.filter for route in self.routes)})

    def read(self, topic: str, payload: bytes, arrived: datetime) -> list[Offered]:
        """What a message holds, at least one thing; entries of the map file go first."""
        for route in self.routes:
            if (found := route.read(topic, payload, arrived)) is not None:
                return found
        if self.sensorthings and topic.startswith("v1.1/") and topic.endswith("Observations"):
            return [_ours(one) for one in read_observation(topic, payload, arrived, self.longest)]
        if self.own and topic.startswith("citygrid/observations"):
            return [_ours(one) for one in read_own(payload, self.longest)]
        return [_ours(malformed("came by a topic that nobody reads", "see docs/mqtt.md"))]


def _ours(told: Read) -> Offered:
    """Whoever the broker lets publish there may speak for any device."""
    return Offered(told, None)


def _parsed(file: Path) -> _File:
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _File)
    except OSError as err:
        raise BadMap(file, "file", f"cannot be read ({err.strerror})", "Correct the path") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise BadMap(file, "file", f"is not TOML: {err}", "Correct it") from err
    except msgspec.ValidationError as err:
        raise BadMap(file, "settings", str(err), "See docs/mqtt.md") from err


def _check(entry: Entry) -> None:
    """Raise ValueError for an entry that could never give a sample."""
    named = set(_PLACE.findall(entry.topic))
    device = entry.device if entry.device is not None else "{device}"
    if entry.device is not None and entry.device_at is not None:
        raise ValueError("device and device_at are both given")
    if entry.device_at is None and (unknown := set(_PLACE.findall(device)) - named):
        raise ValueError(f"the topic has no level {{{sorted(unknown)[0]}}} for device")
    if (
        entry.value is None
        and (entry.each, entry.time, entry.unit_at, entry.device_at) != (None,) * 4
    ):
        raise ValueError("value is missing: where in the JSON the number is")
    if entry.unit is not None and entry.unit_at is not None:
        raise ValueError("unit and unit_at are both given")


def _read(entry: Entry, levels: Mapping[str, str], payload: bytes, arrived: datetime) -> list[Read]:
    if len(payload) > LONGEST:
        return [too_large(payload, LONGEST)]
    try:
        told = read_json(payload)
        parts = [told] if entry.each is None else _list(told, entry.each)
    except Refusal as refusal:
        return [refusal.with_traceback(None)]
    return [_one(entry, levels, part, arrived) for part in parts]


def _list(told: object, each: str) -> list[object]:
    found = looked_up(told, _path(each))
    if not isinstance(found, list) or not 1 <= len(found) <= MOST_SAMPLES:
        raise malformed(f"has no list at {each!r}", f"of 1 to {MOST_SAMPLES} samples")
    return list(found)


def _one(entry: Entry, levels: Mapping[str, str], told: object, arrived: datetime) -> Read:
    device = _device(entry, levels, told)
    if not 0 < len(device) <= LONGEST_NAME:
        return malformed("names no device", "see the map of topics")
    value = number(told if entry.value is None else looked_up(told, _path(entry.value)))
    if value is None:
        where = f" at {entry.value!r}" if entry.value else ""
        return malformed(f"has no finite number{where}", "see the map of topics", device)
    at = (
        arrived if entry.time is None else moment(looked_up(told, _path(entry.time)), entry.time_in)
    )
    if at is None:
        problem = f"has no time at {entry.time!r} ({entry.time_in})"
        return malformed(problem, "see the map of topics", device)
    unit = entry.unit
    if entry.unit_at is not None:
        found = looked_up(told, _path(entry.unit_at))
        unit = found if isinstance(found, str) and len(found) <= LONGEST_UNIT else "?"
    return ToldSample(device=device, at=at, value=value, unit=unit)


def _device(entry: Entry, levels: Mapping[str, str], told: object) -> str:
    if entry.device_at is not None:
        found = looked_up(told, _path(entry.device_at))
        return str(found) if isinstance(found, str | int) else ""
    return _PLACE.sub(lambda one: levels[one[1]], entry.device or "{device}")


def _path(text: str) -> list[str]:
    return text.split(".")
