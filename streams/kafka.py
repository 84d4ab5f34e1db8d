"""Faust's own Kafka driver, made stricter about what counts as handled."""

from typing import Any, ClassVar

from aiokafka.errors import IllegalStateError
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka
from faust.types import TP

from streams.acknowledgement import StrictAcknowledgement


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
