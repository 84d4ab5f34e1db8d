"""The Faust agents: what each topic's messages set in motion."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final

import structlog

from dispatch.sensing.sensors import Samples
from streams.batches import Message, batches
from streams.engine import StreamApp
from streams.observations import read_envelope
from streams.ports import Carrier
from streams.topics import DEAD_LETTERS, OBSERVATIONS, REPORTS
from streams.wire import BadMessage, read_report_accepted

Decide = Callable[[Collection[int]], Awaitable[object]]
GiveUp = Callable[[int, str], Awaitable[object]]
Judge = Callable[[Sequence[Samples]], Awaitable[object]]

ENVELOPES: Final = 40
"""Most envelopes of one batch: the loop is shared with the reports, which must not wait long."""

_log: Final = structlog.stdlib.get_logger("citygrid.agents")


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


def add_observations_agent(
    app: StreamApp,
    judge: Judge,
    dead_letters: Carrier,
    *,
    transient: tuple[type[Exception], ...],
) -> None:
    """Let *app* hand the samples of sensors to *judge*, in batches of envelopes.

    An envelope that cannot be read, or that breaks its batch, goes to the dead letters.
    """

    async def handle(messages: list[Message]) -> None:
        await judge([read_envelope(message.value) for message in messages])

    async def on_poison(message: Message, problem: Exception) -> None:
        _log.error("envelope put away", at=_origin(message).decode(), error=repr(problem))
        await dead_letters.carry(DEAD_LETTERS, [(_origin(message), message.value)])

    async def judge_samples(stream: Any) -> None:
        await batches(
            stream,
            handle=handle,
            on_poison=on_poison,
            transient=transient,
            size=ENVELOPES,
            on_turn=app.turned,
        )

    topic = app.topic(OBSERVATIONS, key_type=bytes, value_type=bytes)
    app.agent(topic, name="judge-samples", concurrency=1)(judge_samples)


def _origin(message: Message) -> bytes:
    return f"{message.topic}/{message.partition}/{message.offset}".encode()
