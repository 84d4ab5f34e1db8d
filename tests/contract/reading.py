"""A stream app inside the test's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import faust

from streams.batches import Handle, Message, OnPoison, batches
from streams.engine import StreamApp, make_app
from tests.contract.conftest import Place


class Unreachable(Exception):
    """Stands for a database that is away for a moment."""


class Collector:
    """Keeps what it is handed; `trouble` may raise before it does."""

    def __init__(self) -> None:
        self.batches: list[list[Message]] = []
        self.poisoned: list[tuple[Message, Exception]] = []

    def trouble(self, messages: list[Message]) -> None:
        """Raise if this batch is to fail."""

    async def handle(self, messages: list[Message]) -> None:
        self.trouble(messages)
        self.batches.append(messages)

    async def on_poison(self, message: Message, err: Exception) -> None:
        self.poisoned.append((message, err))

    @property
    def messages(self) -> list[Message]:
        return [message for batch in self.batches for message in batch]

    @property
    def values(self) -> list[bytes]:
        return [message.value for message in self.messages]


def app_of(place: Place, folder: Path, **overrides: Any) -> StreamApp:
    """An app of the place's group with short intervals."""
    intervals = {
        "broker_session_timeout": 3.0,
        "broker_heartbeat_interval": 0.5,
        "broker_commit_interval": 0.2,
    }
    return make_app(place.group, place.engine.url, datadir=folder, **intervals, **overrides)


@asynccontextmanager
async def reading(
    place: Place, folder: Path, handle: Handle, on_poison: OnPoison, *, size: int = 50
) -> AsyncIterator[StreamApp]:
    """An app that hands the place's topic to *handle* in batches until the block ends."""
    app = app_of(place, folder)

    async def agent(stream: faust.Stream[bytes]) -> None:
        await batches(
            stream,
            handle=handle,
            on_poison=on_poison,
            transient=(Unreachable,),
            size=size,
            within_s=0.05,
            on_turn=app.turned,
        )

    app.agent(app.topic(place.topic, value_type=bytes))(agent)
    app.loop = asyncio.get_running_loop()
    app.finalize()
    await app.start()
    try:
        yield app
    finally:
        await app.stop()
