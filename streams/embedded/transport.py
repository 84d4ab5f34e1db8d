"""The transports that Faust finds by the scheme of a broker URL: pglog:// and memlog://."""

from typing import Any, ClassVar, cast

from faust.transport.base import Transport
from faust.types.enums import ProcessingGuarantee
from yarl import URL

from streams.embedded.consumer import EmbeddedConsumer
from streams.embedded.errors import NotSupported
from streams.embedded.log import Log
from streams.embedded.memory import memory_log
from streams.embedded.postgres import PostgresLog
from streams.embedded.producer import EmbeddedProducer


class EmbeddedTransport(Transport):
    """Connects a Faust app to an embedded log."""

    Consumer: ClassVar[Any] = EmbeddedConsumer
    Producer: ClassVar[Any] = EmbeddedProducer
    driver_version = "citygrid"
    log: Log

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        guarantee = cast(ProcessingGuarantee, self.app.conf.processing_guarantee)
        if guarantee is ProcessingGuarantee.EXACTLY_ONCE:
            raise NotSupported(
                "processing_guarantee='exactly_once'",
                "use 'at_least_once' and make the effects idempotent by a business key",
            )
        self.log = self._open_log(self.url[0])

    def _open_log(self, url: URL) -> Log:
        raise NotSupported("broker of its own", "use pglog:// or memlog://")


class PostgresTransport(EmbeddedTransport):
    """pglog://user:password@host:port/dbname — everything libpq takes in a URI."""

    def _open_log(self, url: URL) -> Log:
        return PostgresLog(conninfo(url))


class MemoryTransport(EmbeddedTransport):
    """memlog://name — apps of one process that use the same name share the log."""

    def _open_log(self, url: URL) -> Log:
        return memory_log(url.host or "")


def conninfo(url: URL) -> str:
    """The libpq URI of a pglog URL."""
    rest = str(url).partition(":")[2]
    return f"postgresql:{rest if rest.startswith('//') else '//' + rest}"
