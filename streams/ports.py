"""What the streams need from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

Record = tuple[bytes, bytes]
"""Key and value."""


class Carrier(Protocol):
    """Takes records to a topic."""

    async def carry(self, topic: str, records: Sequence[Record]) -> None:
        """Append the records in order; durable there when it returns."""
        ...


class Herald(Protocol):
    """Tells whoever listens that the numbered log has grown; best effort."""

    async def announce(self, log: str, rows: Sequence[tuple[int, str, str]]) -> None:
        """Pass on positions, topics and payloads under the name of the log.

        Never raises for a listener that is away.
        """
        ...
