"""The consumer that Faust sees: reads the places of its seat, commits, follows the group."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from faust.transport.consumer import Consumer
from faust.types import TP, ConsumerMessage

from streams.acknowledgement import StrictAcknowledgement
from streams.embedded.errors import Fenced, LogUnavailable, NotSupported
from streams.embedded.log import LogTransport, Place, Record
from streams.embedded.membership import Membership

RETRY_S: Final = 0.25


class EmbeddedConsumer(StrictAcknowledgement, Consumer):
    """A member of the app's group, reading from an embedded log."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        conf = self.app.conf
        self._log = cast(LogTransport, self.transport).log
        self._membership = Membership(
            self._log,
            conf.id,
            lease_s=conf.broker_session_timeout,
            patience_s=conf.broker_rebalance_timeout,
        )
        self._topics: set[str] = set()
        self._subscribed = asyncio.Event()
        self._following: asyncio.Future[None] | None = None
        self._positions: dict[Place, int] = {}
        self._resume_at: dict[Place, int] = {}
        self._ends: dict[Place, int] = {}
        self._owed: dict[Place, int] = {}

    # Life

    async def on_start(self) -> None:
        """Open the log."""
        if self.app.tables.changelog_topics:
            raise NotSupported("Faust tables", "keep state in the database")
        await self._log.open()
        self._following = self.add_future(self._follow_the_group())

    async def on_stop(self) -> None:
        """Commit what was handled and leave the group."""
        if self._following is not None:
            # Or it would find itself without a seat and join again.
            self._following.cancel()
            await asyncio.wait([self._following])
        await super().on_stop()
        try:
            await self._membership.leave()
        except LogUnavailable as err:
            self.log.warning("could not leave the group, the lease will run out: %s", err)

    async def on_shutdown(self) -> None:
        """Close the log."""
        await self._log.close()

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Read *topics* from now on.

        Returns at once: Faust's answer to the new assignment waits for this call to be over.
        """
        self._topics = set(topics)
        self._subscribed.set()

    async def _follow_the_group(self) -> None:
        interval = self.app.conf.broker_heartbeat_interval
        await self._subscribed.wait()
        while not self.should_stop:
            heard = self._log.regrouped.heard([self._membership.group])
            try:
                await self._keep_seat()
            except LogUnavailable as err:
                self.log.warning("no heartbeat: %s", err)
                self._ends.clear()
                await self.sleep(RETRY_S)
            else:
                await self._log.regrouped.wait_past(heard, [self._membership.group], interval)

    async def _keep_seat(self) -> None:
        resubscribed = self._subscribed.is_set()
        self._subscribed.clear()
        if resubscribed or not await self._membership.still_seated():
            await self._rebalance()
        await self._pay()
        bounds = await self._log.bounds(sorted(self._positions))
        self._ends = {place: end for place, (_, end) in bounds.items()}

    async def _rebalance(self) -> None:
        self.app.on_rebalance_start()
        await self.on_partitions_revoked(self.assignment())
        self._owed.clear()
        seat = await self._membership.sit(sorted(self._topics))
        self._positions = dict(seat.positions)
        self._resume_at = dict(seat.positions)
        self.app.consumer_generation_id = seat.generation
        await self.on_partitions_assigned(self.assignment(), seat.generation)

    # Reading

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - Faust's signature
    ) -> dict[TP, list[Record]]:
        if not self.flow_active:
            return {}
        wanted = {
            place: position
            for place, position in self._positions.items()
            if active_partitions is None or place in active_partitions
        }
        topics = {topic for topic, _ in wanted}
        heard = self._log.appended.heard(topics)
        try:
            records = await self._log.read(wanted, self.app.conf.broker_max_poll_records or 500)
        except LogUnavailable as err:
            self.log.warning("cannot read: %s", err)
            await self.sleep(RETRY_S)
            return {}
        if not records:
            await self._log.appended.wait_past(heard, topics, timeout)
        return self._taken(wanted, records)

    def _taken(
        self, wanted: Mapping[Place, int], records: Iterable[Record]
    ) -> dict[TP, list[Record]]:
        """Move on past *records*, but for places that were sought elsewhere meanwhile."""
        taken: dict[TP, list[Record]] = {}
        for record in records:
            place = TP(record.topic, record.partition)
            if place in taken or self._positions.get(place) == wanted[place]:
                taken.setdefault(place, []).append(record)
                self._positions[place] = record.offset + 1
        for place in taken:
            self._ends[place] = max(self._ends.get(place, 0), self._positions[place])
        return taken

    def _to_message(self, tp: TP, record: Record) -> ConsumerMessage:
        return ConsumerMessage(
            record.topic,
            record.partition,
            record.offset,
            record.appended_at,
            1,  # the time is that of appending
            None,
            record.key,
            record.value,
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    # Committing

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        self._owed.update({(tp.topic, tp.partition): offset for tp, offset in offsets.items()})
        try:
            return await self._pay()
        except LogUnavailable as err:
            # Faust takes a commit for done whatever we say; the next heartbeat pays.
            self.log.warning("cannot commit yet: %s", err)
            return False

    async def _pay(self) -> bool:
        """Commit what is owed; what belongs to a later generation by now is not ours to pay."""
        owed = dict(self._owed)
        if not owed:
            return True
        try:
            await self._membership.commit(owed)
        except Fenced as err:
            self.log.warning("commit refused: %s", err)
            self._owed.clear()
            return False
        self._resume_at.update(owed)
        self._owed = {p: offset for p, offset in self._owed.items() if owed.get(p) != offset}
        return True

    # Positions

    def assignment(self) -> set[TP]:
        """The partitions held now."""
        return {TP(*place) for place in self._positions}

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go back to what was committed; known here, for nobody else commits these partitions."""
        self._positions = dict(self._resume_at)
        return {TP(*place): offset for place, offset in self._positions.items()}

    async def _seek(self, partition: TP, offset: int) -> None:
        if partition in self._positions:
            self._positions[partition] = offset

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Go to specific offsets."""
        for partition, offset in partitions.items():
            await self.seek(partition, offset)

    async def position(self, tp: TP) -> int | None:
        """The offset that will be read next."""
        return self._positions.get(tp)

    def highwater(self, tp: TP) -> int:
        """The offset the next appended record will get, as far as known here."""
        return self._ends.get(tp, 0)

    def lag(self) -> int:
        """Records between what is committed and the end; 0 while the log cannot be reached."""
        resume_at = self._resume_at
        return sum(max(0, end - resume_at.get(p, end)) for p, end in list(self._ends.items()))

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """The first offsets kept."""
        bounds = await self._log.bounds(partitions)
        return {TP(*place): first for place, (first, _) in bounds.items()}

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """The offsets the next appended records will get."""
        bounds = await self._log.bounds(partitions)
        return {TP(*place): end for place, (_, end) in bounds.items()}

    # Topics

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    def topic_partitions(self, topic: str) -> int | None:
        """Not known without asking the log."""
        return None

    def key_partition(
        self, topic: str, key: bytes | None, partition: int | None = None
    ) -> int | None:
        """The partition asked for, else not known without asking the log."""
        return partition

    async def create_topic(self, topic: str, partitions: int, replication: int, **_: Any) -> None:
        """Create *topic* unless it exists; *replication* is the database's business."""
        await self._log.create_topics({topic: partitions})
