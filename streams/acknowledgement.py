"""Which messages count as handled: stricter than Faust 0.15, for any of its consumers."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from faust.types import TP
from faust.types.tuples import Message

if TYPE_CHECKING:
    from faust.transport.consumer import Consumer
else:
    Consumer = object

NO_GENERATION = -1
"""The generation between two seats; messages of it belong to nobody."""


class StrictAcknowledgement(Consumer):
    """Put before a Faust consumer class, this closes three ways of losing a message.

    Faust acknowledges what it *skips* because the group is rebalancing or stopping, although
    nobody handled it. It lets messages of an earlier generation be acknowledged after their
    partition was sought back. And it steps over a hole of one message, or any hole while nothing
    is committed yet, when it works out what to commit.
    """

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commit what was handled, then disown whatever is still on its way."""
        await self.commit()
        self.app.consumer_generation_id = NO_GENERATION
        await super().on_partitions_revoked(revoked)

    def disown(self, tp: TP) -> None:
        """Forget how far *tp* was read and handled; what is in hand of it counts for nothing."""
        for message in list(self._unacked_messages):
            if message.tp == tp:
                message.generation_id = NO_GENERATION
        for book in (self._gap, self._acked, self._acked_index):
            book.pop(tp, None)
        self._read_offset.pop(tp, None)
        self._committed_offset.pop(tp, None)

    def ack(self, message: Message) -> bool:
        """Count *message* as handled, if a stream of this generation was really given it."""
        if message.tracked and message.generation_id == self.app.consumer_generation_id:
            return super().ack(message)
        message.acked = True
        self._unacked_messages.discard(message)
        return False

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        return super()._filter_committable_offsets(self._without_hole_at_head(tps))

    def _without_hole_at_head(self, tps: Iterable[TP]) -> Iterator[TP]:
        in_hand: dict[Any, int] = {}
        for message in list(self._unacked_messages):
            if message.generation_id == self.app.consumer_generation_id:
                lowest = in_hand.get(message.tp, message.offset)
                in_hand[message.tp] = min(lowest, message.offset)
        for tp in tps:
            acked = self._acked[tp]
            if acked and (tp not in in_hand or min(acked) < in_hand[tp]):
                yield tp
