"""How a phone sends one report: over bad lines, again and again, and what it writes down."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.chaos.clients.books import Book
from tests.chaos.clients.door import Doors, Message, is_final
from tests.chaos.clients.malformed import Malformed
from tests.chaos.clients.photos import a_photo, photo_form
from tests.chaos.clients.program import Stop
from tests.chaos.clients.reports import Report, with_other_bytes
from tests.chaos.line import Answer

HANG_UP: Final = 0.10
RESEND: Final = 0.10
OTHER_BYTES: Final = 0.03
PHOTO: Final = 0.02
LATE_S: Final = (20.0, 60.0)
LONGEST_BREATH_S: Final = 3.0


@dataclass(slots=True)
class _Queued:
    """A report in the queue of a phone, with the number of attempts so far."""

    report: Report
    attempts: int = 0


class Sender:
    """Sends reports to any door and keeps the books of every attempt."""

    def __init__(
        self, folder: Path, keys: Mapping[str, str], doors: Doors, rng: random.Random
    ) -> None:
        self._keys, self._doors, self._rng = keys, doors, rng
        self._attempts = Book(folder / "phones.jsonl")
        self._photos = Book(folder / "photos.jsonl")
        self._malformed = Book(folder / "malformed.jsonl")

    async def send(self, report: Report, stop: Stop) -> None:
        """Send the report until it is answered; then, now and then, what no phone should."""
        queued = _Queued(report)
        kind = "fresh"
        if report.late:
            await self._hang_up(queued)
            await stop.pause(self._rng.uniform(*LATE_S))
            kind = "late"
        answer = await self._until_answered(queued, report.message, kind)
        if (receipt := receipt_of(answer)) is None:
            return
        if self._rng.random() < RESEND:
            await stop.pause(self._rng.choice((0.0, 0.1, 5.0)))
            await self._until_answered(queued, report.message, "resend")
        if self._rng.random() < OTHER_BYTES:
            await self._until_answered(queued, with_other_bytes(report), "other-bytes")
        if self._rng.random() < PHOTO:
            await self._send_photo(report.source, receipt)

    async def send_malformed(self, source: str, malformed: Malformed) -> None:
        """Send what no door may take, until it is answered."""
        message = malformed.message
        tried = 0
        while not is_final(answer := await self._doors.ask(message)):
            tried += 1
            await self._breathe(tried)
        self._malformed.write(
            {
                "t": time.time(),
                "source": source,
                "key": message.headers.get("Idempotency-Key"),
                "body": hashlib.sha256(message.body).hexdigest(),
                "how": malformed.how,
                "status": answer.status if answer else None,
            }
        )

    async def _until_answered(self, queued: _Queued, message: Message, kind: str) -> Answer:
        tried = 0
        while True:
            tried += 1
            if self._rng.random() < HANG_UP:
                await self._hang_up(queued, message)
            answer = await self._doors.ask(message)
            self._write(queued, message, kind, answer)
            if answer is not None and is_final(answer):
                return answer
            await self._breathe(tried)

    async def _hang_up(self, queued: _Queued, message: Message | None = None) -> None:
        message = message or queued.report.message
        await self._doors.hang_up(message)
        self._write(queued, message, "hang-up", None)

    async def _send_photo(self, source: str, receipt: str) -> None:
        photo = a_photo(self._rng)
        message = photo_form(receipt, self._keys[source], photo)
        tried = 0
        while not is_final(answer := await self._doors.ask(message)):
            tried += 1
            await self._breathe(tried)
        self._photos.write(
            {
                "t": time.time(),
                "receipt": receipt,
                "sha256": hashlib.sha256(photo).hexdigest(),
                "status": answer.status if answer else None,
            }
        )

    async def _breathe(self, tried: int) -> None:
        """Longer each time, yet shorter than a phone would wait; new reports come all the time.

        A thousand phones that knock three times a second keep those from starting who shall open.
        """
        await asyncio.sleep(min(0.2 * 1.5**tried, LONGEST_BREATH_S) * self._rng.uniform(0.5, 1.5))

    def _write(self, queued: _Queued, message: Message, kind: str, answer: Answer | None) -> None:
        queued.attempts += 1
        report = queued.report
        self._attempts.write(
            {
                "t": time.time(),
                "source": report.source,
                "key": report.key,
                "body": hashlib.sha256(message.body).hexdigest(),
                "category": report.spot.category,
                "lon": report.spot.lon,
                "lat": report.spot.lat,
                "status": answer.status if answer else None,
                "receipt": receipt_of(answer),
                "attempt": queued.attempts,
                "kind": kind,
            }
        )


def receipt_of(answer: Answer | None) -> str | None:
    """The receipt in an answer of either door; None when it is no acceptance."""
    if answer is None or answer.status not in (200, 201):
        return None
    try:
        told: Any = json.loads(answer.body)
    except ValueError:
        return None
    if isinstance(told, list):
        return told[0].get("service_request_id") if told else None
    return told.get("receipt")
