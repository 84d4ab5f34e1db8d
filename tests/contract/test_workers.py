"""Worker processes that are killed, stopped, joined and left alone, on engines they can share."""

from __future__ import annotations

from tests.contract.conftest import Place
from tests.contract.ledger import Ledger
from tests.contract.sent import all_done, keys, reports
from tests.contract.waiting import until
from tests.contract.workers import Workers, kill, terminate


async def stuck_in_a_batch(ledger: Ledger, worker: int, *, after: int) -> None:
    async def begun() -> bool:
        return await ledger.begun_by(worker) > after

    await until(begun, what="the worker to be in the middle of a batch")


async def test_a_batch_cut_short_by_a_kill_is_delivered_again_and_has_its_effects_once(
    shared_place: Place, ledger: Ledger, workers: Workers
) -> None:
    sent = reports(0, 300)
    first = await workers.start()
    await shared_place.engine.produce(shared_place.topic, sent[:100])
    await all_done(ledger, sent[:100])
    await ledger.close_gate()
    begun = await ledger.begun_by(first.pid)
    await shared_place.engine.produce(shared_place.topic, sent[100:])
    await stuck_in_a_batch(ledger, first.pid, after=begun)
    await kill(first)
    await ledger.open_gate()
    second = await workers.start()

    await all_done(ledger, sent)
    assert await ledger.effects_by(second.pid) >= 200


async def test_a_worker_told_to_stop_in_the_middle_of_a_batch_loses_nothing(
    shared_place: Place, ledger: Ledger, workers: Workers
) -> None:
    sent = reports(0, 600)
    first = await workers.start()
    await shared_place.engine.produce(shared_place.topic, sent[:100])
    await all_done(ledger, sent[:100])
    await ledger.close_gate()
    begun = await ledger.begun_by(first.pid)
    await shared_place.engine.produce(shared_place.topic, sent[100:])
    await stuck_in_a_batch(ledger, first.pid, after=begun)
    code = await terminate(first)
    await ledger.open_gate()
    await workers.start()

    assert code == 0
    await all_done(ledger, sent)


async def test_what_a_stopped_worker_had_done_is_not_delivered_again(
    shared_place: Place, ledger: Ledger, workers: Workers
) -> None:
    sent, later = reports(0, 200), reports(200, 50)
    first = await workers.start()
    await shared_place.engine.produce(shared_place.topic, sent)
    await all_done(ledger, sent)
    await terminate(first)
    await shared_place.engine.produce(shared_place.topic, later)
    await workers.start()

    await all_done(ledger, sent + later)

    assert await ledger.deliveries() == 250


async def test_partitions_move_when_a_worker_joins_and_when_it_dies(
    shared_place: Place, ledger: Ledger, workers: Workers
) -> None:
    first = await workers.start()
    sent = reports(0, 200)
    await shared_place.engine.produce(shared_place.topic, sent)
    await all_done(ledger, sent)
    assert await ledger.partitions_of(first.pid) == {0, 1, 2, 3}

    second = await workers.start()

    async def second_works() -> bool:
        more = reports(len(sent), 40)
        sent.extend(more)
        await shared_place.engine.produce(shared_place.topic, more)
        return len(await ledger.partitions_of(second.pid)) == 2

    await until(second_works, what="the second worker to be given two partitions")
    await kill(second)
    more = reports(len(sent), 200)
    sent.extend(more)
    await shared_place.engine.produce(shared_place.topic, more)

    await all_done(ledger, sent)


async def test_a_group_that_lost_its_offsets_is_given_everything_again(
    shared_place: Place, ledger: Ledger, workers: Workers
) -> None:
    sent = reports(0, 150)
    first = await workers.start()
    await shared_place.engine.produce(shared_place.topic, sent)
    await all_done(ledger, sent)
    await terminate(first)
    before = await ledger.deliveries()
    await shared_place.engine.lose_offsets(shared_place.group)

    await workers.start()

    async def all_again() -> bool:
        return await ledger.deliveries() >= before + 150

    await until(all_again, what="every message to be delivered again")
    assert await ledger.effects() == keys(sent)
