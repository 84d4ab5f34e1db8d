"""The way of samples into the log: together, bounded, and honest when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
import pytest
from aiokafka.errors import KafkaTimeoutError

from app.database import DatabaseAway
from app.http.sampling import Sampling
from app.problems import Problem
from streams.embedded.errors import UnknownTopic
from streams.ports import Record


class FakeLog:
    """A log whose appends wait for *open*, and raise what *troubles* hold first."""

    def __init__(self, *troubles: Exception) -> None:
        self.appends: list[list[Record]] = []
        self.open = asyncio.Event()
        self.open.set()
        self._troubles = list(troubles)

    async def carry(self, topic: str, records: Sequence[Record]) -> None:
        await self.open.wait()
        if self._troubles:
            raise self._troubles.pop(0)
        self.appends.append(list(records))


@asynccontextmanager
async def at_work(log: FakeLog, **more: int) -> AsyncIterator[Sampling]:
    sampling = Sampling(log, **more)
    task = asyncio.create_task(sampling.run())
    yield sampling
    task.cancel()
    await asyncio.wait([task])


def a_record(number: int) -> Record:
    return b"area", b"%d" % number


async def test_batches_that_come_during_an_append_share_the_next():
    log = FakeLog()
    log.open.clear()
    async with at_work(log) as sampling:
        takes = [asyncio.create_task(sampling.take([a_record(n)])) for n in range(5)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        log.open.set()
        await asyncio.gather(*takes)

    assert [one for append in log.appends for one in append] == [a_record(n) for n in range(5)]
    assert len(log.appends) <= 2


async def test_a_connection_lost_is_tried_again():
    log = FakeLog(psycopg.OperationalError("gone"))
    async with at_work(log) as sampling:
        await sampling.take([a_record(1)])

    assert log.appends == [[a_record(1)]]


@pytest.mark.parametrize(
    "trouble",
    [
        DatabaseAway("no answer"),
        KafkaTimeoutError("no broker"),
        UnknownTopic("observations.v1"),
        psycopg.errors.InsufficientPrivilege("no grant"),
    ],
)
async def test_what_the_log_did_not_take_is_not_accepted_and_the_next_is(trouble: Exception):
    log = FakeLog(trouble)
    async with at_work(log) as sampling:
        with pytest.raises(Problem) as told:
            await sampling.take([a_record(1)])
        await sampling.take([a_record(2)])

    assert (told.value.status, told.value.retry_after_s) == (503, 5)
    assert log.appends == [[a_record(2)]]


async def test_more_than_may_wait_is_answered_at_once():
    sampling = Sampling(FakeLog(), waiting=1)
    first = asyncio.create_task(sampling.take([a_record(1)]))
    await asyncio.sleep(0)

    with pytest.raises(Problem) as told:
        await sampling.take([a_record(2)])

    assert told.value.status == 503
    first.cancel()
    await asyncio.wait([first])


async def test_samples_whose_sender_hung_up_before_the_append_are_left_out():
    log = FakeLog()
    sampling = Sampling(log)
    gone = asyncio.create_task(sampling.take([a_record(1)]))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    work = asyncio.create_task(sampling.run())
    await sampling.take([a_record(2)])
    work.cancel()
    await asyncio.wait([work])

    assert log.appends == [[a_record(2)]]
