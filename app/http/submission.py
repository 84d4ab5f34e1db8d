"""From what a sender told to a checked submission: every fault at once, each with its remedy.

Both report doors come through here, so that they cannot differ in what they take.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta

from app.http.city import City
from app.http.texts import BadText, clean
from app.problems import Fault
from dispatch.errors import NoLimit
from dispatch.report import Channel, Reporter, Submission
from dispatch.workflow.correction import Correction
from geo.shift import Datum, to_wgs84

OLDEST: Final = timedelta(hours=72)
AHEAD: Final = timedelta(minutes=5)
MOST_ATTRIBUTES: Final = 32
LONGEST_DESCRIPTION: Final = 4000

_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)", re.ASCII
)


class ToldReporter(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Who told us, if they said so."""

    name: str = ""
    phone: str = ""
    email: str = ""


class Told(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What the body of `POST /api/reports` holds. *lon*, *lat* are degrees in *datum*.

    Either *lon*, *lat* and *datum*, or an *address*, or both. *happened_at* is RFC 3339 with a
    zone, now when left out. *device_seq* counts the reports of one device from 1.
    """

    category: str
    lon: float | None = None
    lat: float | None = None
    datum: str | None = None
    accuracy_m: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    happened_at: str | None = None
    device_seq: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    description: str = ""
    address: str = ""
    condition: str | None = None
    attributes: dict[str, str] = {}
    reporter: ToldReporter | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a submission carries besides its content: who sent which bytes, under which key."""

    source: str
    client_key: str
    body_sha256: bytes
    channel: Channel


class Unfit(Exception):
    """The content cannot be accepted, now or later; *faults* are all that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.problem}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Place:
    """A position as somebody told it, with whatever is missing."""

    lon: float | None
    lat: float | None
    datum: str | None


@dataclass(frozen=True, slots=True)
class _Position:
    """Degrees WGS84, and as sent; all None when only an address was given."""

    lon: float | None = None
    lat: float | None = None
    datum: str = "none"
    given_lon: float | None = None
    given_lat: float | None = None


def submission(told: Told, envelope: Envelope, city: City, now: datetime) -> Submission:
    """The checked submission; raises Unfit with every fault of *told*."""
    check = _Check([])
    category = check.category(told.category, city)
    position = check.position(told, city)
    happened_at = check.happened_at(told.happened_at, now)
    checked = Submission(
        source=envelope.source,
        client_key=envelope.client_key,
        body_sha256=envelope.body_sha256,
        channel=envelope.channel,
        category=category,
        lon=position.lon,
        lat=position.lat,
        datum=position.datum,
        given_lon=position.given_lon,
        given_lat=position.given_lat,
        happened_at=happened_at,
        accuracy_m=told.accuracy_m,
        device_seq=told.device_seq,
        description=check.text("description", told.description, LONGEST_DESCRIPTION, lines=True),
        address=check.text("address", told.address, 500),
        condition=check.condition(category, told.condition, city),
        attributes=check.attributes(told.attributes, category, city),
        reporter=check.reporter(told.reporter),
    )
    if check.faults:
        raise Unfit(check.faults)
    return checked


def correction(
    category: str | None, condition: str | None, place: Place | None, city: City, *, of: str
) -> Correction:
    """What is told anew of a case of the category *of*, checked as a report; raises Unfit."""
    check = _Check([])
    if category is not None:
        check.category(category, city)
    if not check.faults:
        check.condition(category or of, condition, city)
    position = _Position()
    if place is not None:
        told = Told(category="", lon=place.lon, lat=place.lat, datum=place.datum)
        position = check.position(told, city)
    if check.faults:
        raise Unfit(check.faults)
    return Correction(category, condition, position.lon, position.lat)


@dataclass(frozen=True, slots=True)
class _Check:
    """Collects faults while the parts of a report are looked at."""

    faults: list[Fault]

    def fault(self, field: str, problem: str, remedy: str) -> None:
        self.faults.append(Fault(field, problem, remedy))

    def text(self, field: str, text: str, longest: int, *, lines: bool = False) -> str:
        try:
            return clean(field, text, longest=longest, lines=lines)
        except BadText as bad:
            self.faults.append(bad.fault)
            return ""

    def category(self, code: str, city: City) -> str:
        found = city.catalogue.find(code)
        if found is None or not found.reportable:
            problem = f"{city.catalogue.standard} has no such category to report"
            self.fault("category", problem, "take one of /api/catalogue")
        return code

    def condition(self, category: str, condition: str | None, city: City) -> str | None:
        if condition is None:
            return None
        try:
            city.limits.limit_for(category, condition)
        except NoLimit:
            self.fault("condition", "the category has no such condition", "leave it out")
        return condition

    def position(self, told: Told, city: City) -> _Position:
        lon, lat = told.lon, told.lat
        if lon is None and lat is None:
            return self._no_position(told)
        if lon is None or lat is None:
            self.fault("lon" if lon is None else "lat", "is missing", "send both lon and lat")
            return _Position()
        if not (math.isfinite(lon) and abs(lon) <= 180):
            self.fault("lon", "is not a longitude", "degrees from -180 to 180")
        elif not (math.isfinite(lat) and abs(lat) <= 90):
            self.fault("lat", "is not a latitude", _swapped(lon, lat, city) or "degrees, -90 to 90")
        elif (datum := self._datum(told.datum)) is not None:
            return self._near(lon, lat, datum, city)
        return _Position()

    def _no_position(self, told: Told) -> _Position:
        if not told.address.strip():
            self.fault("lon", "there is no position and no address", "send lon and lat, or address")
        if told.datum is not None:
            self.fault("datum", "belongs to a position", "send lon and lat with it")
        return _Position()

    def _datum(self, name: str | None) -> Datum | None:
        try:
            return Datum(name)
        except ValueError:
            problem = "is missing" if name is None else "is not known"
            known = ", ".join(Datum)
            self.fault("datum", problem, f"say what lon and lat are in: {known}; none is guessed")
            return None

    def _near(self, lon: float, lat: float, datum: Datum, city: City) -> _Position:
        at_lon, at_lat = in_wgs84(lon, lat, datum)
        if not city.is_near(at_lon, at_lat):
            west, south, east, north = city.bbox
            hint = _swapped(lon, lat, city) or (
                f"{city.name.en} lies in lon {west:g} to {east:g}, lat {south:g} to {north:g}"
            )
            self.fault("lon", f"the position is outside {city.name.en}", hint)
        return _Position(at_lon, at_lat, datum.value, lon, lat)

    def happened_at(self, text: str | None, now: datetime) -> datetime:
        if text is None:
            return now
        moment = parse_moment(text)
        if moment is None:
            remedy = "a time like 2026-11-23T08:00:00+08:00, with its zone"
            self.fault("happened_at", "is not a time", remedy)
        elif not now - OLDEST <= moment <= now + AHEAD:
            self.fault(
                "happened_at",
                "is too long ago or in the future",
                "at most 72 hours back and 5 minutes ahead are taken",
            )
        else:
            return moment.astimezone(UTC)
        return now

    def attributes(self, told: dict[str, str], category: str, city: City) -> dict[str, str]:
        found = city.catalogue.find(category)
        for question in found.questions if found else ():
            if objection := question.objection(told.get(question.attribute)):
                remedy = "answer it as /api/catalogue asks"
                self.fault(f"attributes.{question.attribute}", objection, remedy)
        if len(told) > MOST_ATTRIBUTES:
            self.fault("attributes", f"are {len(told)}", f"at most {MOST_ATTRIBUTES} are taken")
            return {}
        return {
            self.text("attributes", name, 64): self.text(
                f"attributes.{name[:64]}", value, 1000, lines=True
            )
            for name, value in told.items()
        }

    def reporter(self, told: ToldReporter | None) -> Reporter:
        if told is None:
            return Reporter()
        return Reporter(
            name=self.text("reporter.name", told.name, 100),
            phone=self.text("reporter.phone", told.phone, 40),
            email=self.text("reporter.email", told.email, 254),
        )


def parse_moment(text: str) -> datetime | None:
    """The moment an RFC 3339 or W3C text with a zone names, None when it names none."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def in_wgs84(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    """A position of *datum* in degrees WGS84."""
    if datum in (Datum.WGS84, Datum.CGCS2000):
        return lon, lat
    shifted = to_wgs84(np.array([[lon, lat]], dtype=np.float64), datum)
    return float(shifted[0, 0]), float(shifted[0, 1])


def _swapped(lon: float, lat: float, city: City) -> str | None:
    if lon == 0 and lat == 0:
        return "0, 0 is what a device sends without a fix: wait for one, or send the address"
    if city.is_near(lat, lon):
        return "longitude and latitude are swapped: longitude goes first"
    return None
