"""What one app sees of a topic, on each of the three engines."""

from __future__ import annotations

from pathlib import Path

from streams.batches import Message
from streams.engine import alive
from tests.contract.conftest import Place
from tests.contract.reading import Collector, Unreachable, reading
from tests.contract.waiting import until


async def test_every_message_arrives_once_and_in_the_order_of_its_key(
    place: Place, tmp_path: Path
) -> None:
    pairs = [(b"cell-%d" % (n % 7), b"%d" % n) for n in range(400)]
    await place.engine.produce(place.topic, pairs)
    seen = Collector()

    async with reading(place, tmp_path, seen.handle, seen.on_poison):
        await until(lambda: len(seen.messages) >= len(pairs), what="all messages")

    assert sorted(seen.values) == sorted(value for _, value in pairs)
    for key in {key for key, _ in pairs}:
        arrived = [message for message in seen.messages if message.key == key]
        assert [message.value for message in arrived] == [v for k, v in pairs if k == key]
        assert len({message.partition for message in arrived}) == 1


async def test_offsets_of_a_partition_grow_by_one_from_zero(place: Place, tmp_path: Path) -> None:
    await place.engine.produce(place.topic, [(b"%d" % n, b"x") for n in range(100)])
    seen = Collector()

    async with reading(place, tmp_path, seen.handle, seen.on_poison):
        await until(lambda: len(seen.messages) >= 100, what="all messages")

    for partition in {message.partition for message in seen.messages}:
        offsets = [m.offset for m in seen.messages if m.partition == partition]
        assert offsets == list(range(len(offsets)))


async def test_messages_are_handed_over_in_batches_of_at_most_the_size_asked_for(
    place: Place, tmp_path: Path
) -> None:
    await place.engine.produce(place.topic, [(b"k", b"%d" % n) for n in range(95)])
    seen = Collector()

    async with reading(place, tmp_path, seen.handle, seen.on_poison, size=20):
        await until(lambda: len(seen.messages) >= 95, what="all messages")

    assert max(map(len, seen.batches)) == 20
    assert len(seen.batches) < 95


async def test_what_is_produced_while_reading_arrives(place: Place, tmp_path: Path) -> None:
    seen = Collector()

    async with reading(place, tmp_path, seen.handle, seen.on_poison):
        for n in range(3):
            await place.engine.produce(place.topic, [(b"k", b"%d" % n)])
            await until(lambda n=n: len(seen.messages) > n, what=f"message {n}")

    assert seen.values == [b"0", b"1", b"2"]


async def test_a_new_app_of_the_group_resumes_where_the_last_one_stopped(
    place: Place, tmp_path: Path
) -> None:
    first, second = Collector(), Collector()
    await place.engine.produce(place.topic, [(b"%d" % n, b"old-%d" % n) for n in range(60)])
    async with reading(place, tmp_path, first.handle, first.on_poison):
        await until(lambda: len(first.messages) >= 60, what="the old messages")
    await place.engine.produce(place.topic, [(b"%d" % n, b"new-%d" % n) for n in range(40)])

    async with reading(place, tmp_path, second.handle, second.on_poison):
        await until(lambda: len(second.messages) >= 40, what="the new messages")

    assert sorted(second.values) == sorted(b"new-%d" % n for n in range(40))


async def test_another_group_reads_everything_for_itself(place: Place, tmp_path: Path) -> None:
    first, second = Collector(), Collector()
    await place.engine.produce(place.topic, [(b"k", b"%d" % n) for n in range(30)])
    other = Place(place.engine, place.topic, f"{place.group}-other")

    async with reading(place, tmp_path / "1", first.handle, first.on_poison):
        await until(lambda: len(first.messages) >= 30, what="the first group's messages")
    async with reading(other, tmp_path / "2", second.handle, second.on_poison):
        await until(lambda: len(second.messages) >= 30, what="the second group's messages")

    assert second.values == first.values


async def test_messages_that_cannot_be_handled_are_put_away_and_the_others_go_on(
    place: Place, tmp_path: Path
) -> None:
    class Picky(Collector):
        def trouble(self, messages: list[Message]) -> None:
            if any(message.value.startswith(b"{broken") for message in messages):
                raise ValueError("not a report")

    seen = Picky()
    good = [(b"%d" % n, b"good-%d" % n) for n in range(100)]
    bad = [(b"%d" % n, b"{broken-%d" % n) for n in range(7)]
    await place.engine.produce(place.topic, [*good[:50], *bad, *good[50:]])

    async with reading(place, tmp_path, seen.handle, seen.on_poison) as app:
        await until(lambda: len(seen.poisoned) >= 7, what="the broken messages put away")
        await until(lambda: len(seen.messages) >= 100, what="the good messages")
        assert alive(app)
        await place.engine.produce(place.topic, [(b"later", b"still working")])
        await until(lambda: seen.values[-1] == b"still working", what="a later message")

    assert sorted(m.value for m, _ in seen.poisoned) == sorted(value for _, value in bad)
    assert sorted(seen.values[:-1]) == sorted(value for _, value in good)
    assert all(isinstance(err, ValueError) for _, err in seen.poisoned)


async def test_a_batch_waits_for_what_it_needs_to_come_back(place: Place, tmp_path: Path) -> None:
    class Flaky(Collector):
        attempts = 0

        def trouble(self, messages: list[Message]) -> None:
            self.attempts += 1
            if self.attempts <= 4:
                raise Unreachable

    seen = Flaky()
    await place.engine.produce(place.topic, [(b"k", b"%d" % n) for n in range(10)])

    async with reading(place, tmp_path, seen.handle, seen.on_poison):
        await until(lambda: len(seen.messages) >= 10, what="all messages")

    assert seen.values == [b"%d" % n for n in range(10)]
    assert not seen.poisoned


async def test_what_was_handled_is_soon_no_longer_behind(place: Place, tmp_path: Path) -> None:
    seen = Collector()
    await place.engine.produce(place.topic, [(b"%d" % n, b"x") for n in range(40)])

    async with reading(place, tmp_path, seen.handle, seen.on_poison) as app:
        await until(lambda: len(seen.messages) >= 40, what="all messages")
        await until(lambda: app.lag() == 0, what="no lag")

    assert app.turns > 0
