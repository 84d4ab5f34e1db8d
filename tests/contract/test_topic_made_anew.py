"""A topic is destroyed with its offsets and made again while a worker reads it."""

from __future__ import annotations

import signal

from tests.contract.conftest import PARTITIONS, Place
from tests.contract.engines import SharedEngine
from tests.contract.ledger import Ledger
from tests.contract.sent import all_done, reports
from tests.contract.waiting import until
from tests.contract.workers import Workers


def engine_of(place: Place) -> SharedEngine:
    return place.engine  # type: ignore[return-value]


async def all_committed(place: Place, count: int) -> None:
    async def committed() -> bool:
        return await engine_of(place).committed(place.group, place.topic) == count

    await until(committed, what=f"{count} records to be committed")


async def test_what_a_shorter_new_topic_holds_is_read_from_its_beginning(
    shared_place: Place, ledger: Ledger, workers: Workers
) -> None:
    engine, old, new = engine_of(shared_place), reports(0, 200), reports(200, 40)
    await workers.start()
    await engine.produce(shared_place.topic, old)
    await all_done(ledger, old)

    await engine.make_anew(shared_place.topic, PARTITIONS)
    await engine.produce(shared_place.topic, new)

    await all_done(ledger, old + new)


async def test_what_a_longer_new_topic_holds_is_read_from_its_beginning(
    shared_place: Place, ledger: Ledger, workers: Workers
) -> None:
    engine, old, new = engine_of(shared_place), reports(0, 40), reports(40, 400)
    worker = await workers.start()
    await engine.produce(shared_place.topic, old)
    await all_done(ledger, old)
    await all_committed(shared_place, len(old))

    worker.send_signal(signal.SIGSTOP)
    await engine.make_anew(shared_place.topic, PARTITIONS)
    await engine.produce(shared_place.topic, new)
    worker.send_signal(signal.SIGCONT)

    await all_done(ledger, old + new)
