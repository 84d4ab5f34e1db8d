"""Faust's own Kafka driver, made stricter about what counts as handled."""

import asyncio
from collections.abc import Sequence
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
    """A member of the app's group on a Kafka cluster."""

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
