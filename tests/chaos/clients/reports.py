"""What the phones of a run tell, by seed: places, categories, bodies. Pure."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from tests.chaos.clients import PORTAL
from tests.chaos.clients.door import Message

CATEGORIES: Final = 24
"""So many of the catalogue are reported in a run; few enough that neighbours meet."""
M_PER_DEGREE: Final = 111_000.0
_TEXTS: Final = ("路边垃圾", "井盖松动 rattles", "a pothole", "🚧 围挡倒塌", "", "x" * 900)


@dataclass(frozen=True, slots=True)
class Spot:
    """What is wrong and where, degrees WGS84."""

    category: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Report:
    """One report as a phone has it in its queue: the same key and bytes for every attempt."""

    source: str
    key: str
    spot: Spot
    message: Message
    late: bool = False

    @property
    def sha256(self) -> str:
        """Of the body, hex."""
        return hashlib.sha256(self.message.body).hexdigest()


class City:
    """What a phone knows of the city: where it lies and what can be reported."""

    def __init__(self, bbox: Sequence[float], categories: Sequence[str]) -> None:
        self._bbox, self._categories = bbox, categories

    @classmethod
    def of(cls, bbox: Sequence[float], codes: Sequence[str], seed: int) -> City:
        """A city of which some categories are reported, chosen by the seed."""
        return cls(bbox, random.Random(seed).sample(sorted(codes), min(CATEGORIES, len(codes))))

    def spot(self, rng: random.Random) -> Spot:
        """Anywhere in the middle of the city; few places lie in no cell."""
        west, south, east, north = self._bbox
        lon = west + (east - west) * rng.uniform(0.1, 0.9)
        lat = south + (north - south) * rng.uniform(0.1, 0.9)
        return Spot(rng.choice(self._categories), round(lon, 7), round(lat, 7))


def beside(spot: Spot, rng: random.Random) -> Spot:
    """The same incident as somebody else sees it: at most some 10 m away."""
    shift = 7.0 / M_PER_DEGREE
    lon, lat = (one + rng.uniform(-shift, shift) for one in (spot.lon, spot.lat))
    return Spot(spot.category, round(lon, 7), round(lat, 7))


def make_report(
    source: str,
    secret: str,
    spot: Spot,
    rng: random.Random,
    *,
    device_seq: int | None,
    happened_at: datetime | None,
) -> Report:
    """A valid report; the portal sends a form of Open311, the others JSON."""
    key = str(UUID(int=rng.getrandbits(128), version=4))
    told = {
        "category": spot.category,
        "lon": spot.lon,
        "lat": spot.lat,
        "datum": "wgs84",
        "description": rng.choice(_TEXTS),
        "device_seq": device_seq,
        "happened_at": happened_at.isoformat() if happened_at else None,
    }
    told = {name: value for name, value in told.items() if value is not None}
    message = (_form if source == PORTAL else _json)(secret, key, told)
    return Report(source, key, spot, message, late=happened_at is not None)


def with_other_bytes(report: Report) -> Message:
    """Another report under the same key: the door must refuse it."""
    old = report.message
    body = old.body.replace(b"{", b'{ "address": "elsewhere",', 1)
    if report.source == PORTAL:
        body = old.body + b"&address_string=elsewhere"
    return Message(old.method, old.path, old.headers, body)


def hours_ago(now: datetime, rng: random.Random) -> datetime:
    """When something happened that is told only now."""
    return (now - timedelta(hours=rng.uniform(1, 48))).replace(microsecond=0)


def _json(secret: str, key: str, told: Mapping[str, object]) -> Message:
    headers = {"X-Api-Key": secret, "Idempotency-Key": key, "Content-Type": "application/json"}
    body = json.dumps(told, ensure_ascii=False).encode()
    return Message("POST", "/api/reports", headers, body)


def _form(secret: str, key: str, told: Mapping[str, object]) -> Message:
    names = {"category": "service_code", "lon": "long", "happened_at": "requested_datetime"}
    fields = {names.get(name, name): value for name, value in told.items()}
    headers = {"Idempotency-Key": key, "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"api_key": secret, **fields}).encode()
    return Message("POST", "/open311/v2/requests.json", headers, body)
