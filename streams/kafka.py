"""Faust's own Kafka driver, made stricter about what counts as handled."""

from typing import Any, ClassVar

from faust.transport.drivers import aiokafka

from streams.acknowledgement import StrictAcknowledgement


class KafkaConsumer(StrictAcknowledgement, aiokafka.Consumer):
    """A member of the app's group on a Kafka cluster."""

    def lag(self) -> int:
        """Records between what is committed and the end, as far as known here.

        A partition nothing was ever committed for counts as 0: where it begins is not known here.
        """
        behind = 0
        for tp in self.assignment():
            committed = self._committed_offset.get(tp)
            if committed is not None:
                behind += max(0, (self.highwater(tp) or 0) - committed)
        return behind


class KafkaTransport(aiokafka.Transport):
    """Connects a Faust app to a Kafka cluster."""

    Consumer: ClassVar[Any] = KafkaConsumer
