"""What counts as handled, with and without our guard, on Faust's own book-keeping."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from faust.types import TP, ConsumerMessage

from streams.acknowledgement import NO_GENERATION
from streams.embedded.consumer import EmbeddedConsumer
from streams.engine import make_app

PLACE = TP("t", 0)
GENERATION = 3


@pytest.fixture
async def consumer(tmp_path: Path) -> EmbeddedConsumer:
    """A consumer in generation 3 that never starts."""
    app = make_app("g", f"memlog://{uuid4().hex}", datadir=tmp_path)
    app.consumer_generation_id = GENERATION
    app.topics._acking_topics.add("t")
    return app.consumer  # type: ignore[return-value]


def message(consumer: Any, offset: int, *, generation: int = GENERATION) -> ConsumerMessage:
    """A message that a stream was given and that is in hand."""
    made = ConsumerMessage(
        "t", 0, offset, 0.0, 1, None, None, b"", None, tp=PLACE, generation_id=generation
    )
    made.tracked = True
    consumer.track_message(made)
    return made


def committable(consumer: EmbeddedConsumer) -> int | None:
    return consumer._filter_committable_offsets([PLACE]).get(PLACE)


async def test_what_was_handled_in_order_can_be_committed(consumer: EmbeddedConsumer) -> None:
    for held in [message(consumer, offset) for offset in range(3)]:
        consumer.ack(held)

    assert committable(consumer) == 3


@pytest.mark.parametrize("committed", [None, 15])
async def test_one_message_in_hand_holds_back_all_that_come_after_it(
    consumer: EmbeddedConsumer, committed: int | None
) -> None:
    consumer._committed_offset[PLACE] = committed
    first = committed or 0
    in_hand = message(consumer, first)
    later = [message(consumer, offset) for offset in range(first + 1, first + 20)]
    for held in later:
        consumer.ack(held)
    before = committable(consumer)
    consumer.ack(in_hand)

    assert before is None
    assert committable(consumer) == first + 20


async def test_a_message_of_an_earlier_generation_counts_for_nothing(
    consumer: EmbeddedConsumer,
) -> None:
    old = message(consumer, 120, generation=GENERATION - 1)

    assert not consumer.ack(old)
    assert committable(consumer) is None
    assert old not in consumer.unacked


async def test_a_message_of_an_earlier_generation_holds_nothing_back(
    consumer: EmbeddedConsumer,
) -> None:
    old = message(consumer, 0, generation=GENERATION - 1)
    consumer.ack(message(consumer, 1))

    assert committable(consumer) == 2
    assert old in consumer.unacked


async def test_a_message_that_was_skipped_counts_for_nothing(consumer: EmbeddedConsumer) -> None:
    skipped = message(consumer, 0)
    skipped.tracked = False

    consumer.ack(skipped)

    assert committable(consumer) is None


async def test_between_two_seats_nothing_belongs_to_anybody(consumer: EmbeddedConsumer) -> None:
    held = message(consumer, 0)
    await consumer.on_partitions_revoked({PLACE})

    assert consumer.app.consumer_generation_id == NO_GENERATION
    assert not consumer.ack(held)
