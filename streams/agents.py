"""The Faust agents: what each topic's messages set in motion."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final

from streams.batches import Message, batches
from streams.engine import StreamApp
from streams.kept import Keeper, kept_batches
from streams.ports import Carrier
from streams.topics import DEAD_LETTERS, OBSERVATIONS, REPORTS
from streams.wire import BadMessage, read_report_accepted

Decide = Callable[[Collection[int]], Awaitable[object]]
GiveUp = Callable[[int, str], Awaitable[object]]

MOST_HELD: Final = 10_000
"""Messages of sensors that may wait for their checkpoint."""


def add_reports_agent(
    app: StreamApp,
    decide: Decide,
    give_up_on: GiveUp,
    dead_letters: Carrier,
    *,
    transient: tuple[type[Exception], ...],
) -> None:
    """Let *app* decide accepted reports in batches.

    A report that breaks its batch is handed to *give_up_on*, which keeps it in the books; bytes
    that name no report go to the dead letters.
    """

    async def handle(messages: list[Message]) -> None:
        await decide([read_report_accepted(message.value) for message in messages])

    async def on_poison(message: Message, problem: Exception) -> None:
        if isinstance(problem, BadMessage):
            await dead_letters.carry(DEAD_LETTERS, [(_origin(message), message.value)])
        else:
            report_id = read_report_accepted(message.value)
            await give_up_on(report_id, f"{type(problem).__name__}: {problem}")

    async def decide_reports(stream: Any) -> None:
        await batches(
            stream,
            handle=handle,
            on_poison=on_poison,
            transient=transient,
            on_turn=app.turned,
        )

    topic = app.topic(REPORTS, key_type=bytes, value_type=bytes)
    app.agent(topic, name="decide-reports", concurrency=1)(decide_reports)


def add_observations_agent(app: StreamApp, keeper: Keeper, *, most_held: int = MOST_HELD) -> None:
    """Let *app* hand the messages of the sensors to *keeper*, and acknowledge what that has kept.

    With *most_held* messages not kept yet no more are taken.
    """

    async def watch_samples(stream: Any) -> None:
        await kept_batches(stream, keeper, most_held=most_held, on_turn=app.turned)

    topic = app.topic(OBSERVATIONS, key_type=bytes, value_type=bytes)
    app.agent(topic, name="watch-samples", concurrency=1)(watch_samples)


def _origin(message: Message) -> bytes:
    return f"{message.topic}/{message.partition}/{message.offset}".encode()
