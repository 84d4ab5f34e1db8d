"""Events for a destination: posted as they stand in the log, under their key, signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from psycopg import AsyncConnection

from app.outward import Outward, post
from dispatch.delivery import Destination, Letter, signature
from dispatch.postgres.deliveries import DELIVERIES
from dispatch.postgres.leases import Failure

AT_ONCE: Final = 32
"""Deliveries to one destination under way in one notifier."""


class DestinationOutlet:
    """`app.courier.Outlet` of one destination."""

    at_once = AT_ONCE

    def __init__(self, destination: Destination, outward: Outward) -> None:
        self._destination = destination
        self.name = destination.name
        self._session = outward.session(AT_ONCE)

    async def claim(self, conn: AsyncConnection, limit: int) -> list[Letter]:
        """The next deliveries, leased."""
        return await DELIVERIES.claim(conn, self.name, limit)

    async def settle(
        self, conn: AsyncConnection, sent: Sequence[int], failed: Sequence[Failure], *, most: int
    ) -> None:
        """Write what became of them."""
        await DELIVERIES.settle(conn, sent, failed, most=most)

    async def send(self, letter: Letter) -> str | None:
        """POST the event; None when the answer was a yes, else what was wrong."""
        body = letter.payload.encode()
        return await post(self._session, self._destination.url, body, self._headers(letter, body))

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    def _headers(self, letter: Letter, body: bytes) -> dict[str, str]:
        return headers(letter, body, "application/cloudevents+json", self._destination.secret)


def headers(letter: Letter, body: bytes, content_type: str, secret: str | None) -> dict[str, str]:
    """What goes with a letter: its key, whether it may be a repetition, and who sends it."""
    told = {
        "content-type": content_type,
        "idempotency-key": letter.dedup,
        "accept-encoding": "identity",
        "user-agent": "citygrid",
    }
    if letter.attempts > 1:
        told["citygrid-repeat"] = "true"
    if secret is not None:
        told["citygrid-signature"] = signature(secret, body, datetime.now(UTC))
    return told
