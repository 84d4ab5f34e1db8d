"""Faust's own Kafka driver, made stricter about what counts as handled, and about topics that
were deleted and made anew while it read them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

import structlog
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IllegalStateError, KafkaError
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka
from faust.types import TP
from yarl import URL

from streams.acknowledgement import StrictAcknowledgement

_LOOK_EVERY_S: Final = 0.5

_log: Final = structlog.stdlib.get_logger(__name__)


class KafkaConsumer(StrictAcknowledgement, aiokafka.Consumer):
    """A member of the app's group on a Kafka cluster.

    A topic that is deleted and made anew begins again at offset 0. Faust takes what it then reads
    for repetitions and drops it, until the new topic is as long as the old one was; and when it
    already is, nobody reads its beginning. Two signs tell: the position went back, or the broker,
    who forgets the offsets of a topic along with it, knows none where we have committed some.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begun_again: set[TP] = set()
        """Partitions that were read from their beginning since the last commit began."""
        self._distrusted: set[TP] = set()
        """Partitions whose beginning was passed over; nothing is committed until they are left."""

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - Faust's signature
    ) -> Any:
        records = await super()._getmany(active_partitions, timeout)
        for tp, found in (records or {}).items():
            if found and found[0].offset < (self._read_offset[tp] or 0):
                _log.warning("topic begins again", topic=tp.topic, partition=tp.partition)
                self._begun_again.add(tp)
                self.disown(tp)
        return records

    async def _commit_offsets(
        self, offsets: Mapping[TP, int], start_new_transaction: bool = True
    ) -> bool:
        try:
            lost = await self._unknown_to_broker(offsets)
        except KafkaError as err:
            _log.warning("commit put off", error=repr(err))
            self._committed_offset.update(offsets)  # as Faust does when a commit fails
            return False
        if lost:
            _log.warning("topic was made anew", partitions=[f"{tp[0]}/{tp[1]}" for tp in lost])
            self._distrusted.update(lost)
            self._rejoin()
        self._begun_again.clear()
        trusted = {tp: offset for tp, offset in offsets.items() if tp not in self._distrusted}
        done = await super()._commit_offsets(trusted, start_new_transaction)
        for tp in self._begun_again:  # while the commit was under way
            self._committed_offset.pop(tp, None)
        return done

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Trust all partitions again: they are read from where the broker says."""
        self._distrusted.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    async def _unknown_to_broker(self, tps: Iterable[TP]) -> list[TP]:
        """Which of *tps* we have committed before, and the broker knows nothing of it."""
        ours = [tp for tp in tps if self._committed_offset[tp] and tp not in self._distrusted]
        if not ours:
            return []
        known = await self._thread.call_thread(self._coordinator._do_fetch_commit_offsets, ours)
        return [tp for tp in ours if tp not in known or known[tp].offset < 0]

    def _rejoin(self) -> None:
        """Have the group assign partitions anew, which makes all of it begin where Kafka says."""
        self._thread.thread_loop.call_soon_threadsafe(self._coordinator.request_rejoin)

    @property
    def _coordinator(self) -> Any:
        thread: Any = self._thread
        return thread._ensure_consumer()._coordinator

    def lag(self) -> int:
        """Records between what is committed and the end, as far as known here.

        A partition nothing was ever committed for counts as 0: where it begins is not known here.
        """
        try:
            return sum(self._behind(tp) for tp in self.assignment())
        except (ConsumerNotStarted, IllegalStateError):  # partitions move just now
            return 0

    def _behind(self, tp: TP) -> int:
        committed = self._committed_offset.get(tp)
        return 0 if committed is None else max(0, (self.highwater(tp) or 0) - committed)


class KafkaTransport(aiokafka.Transport):
    """Connects a Faust app to a Kafka cluster."""

    Consumer: ClassVar[Any] = KafkaConsumer


async def until_there(urls: Sequence[URL]) -> None:
    """Return once one of the brokers answers, however long that takes.

    A Faust app that is started without a broker crashes, and takes the whole process along.
    """
    servers = aiokafka.server_list(list(urls), KafkaTransport.default_port)
    told = False
    while not await _answers(servers):
        if not told:
            _log.warning("no broker yet", servers=servers)
        told = True
        await asyncio.sleep(_LOOK_EVERY_S)


async def _answers(servers: list[str]) -> bool:
    client = AIOKafkaClient(bootstrap_servers=",".join(servers))
    try:
        await client.bootstrap()
    except KafkaError:
        return False
    finally:
        await client.close()
    return True
