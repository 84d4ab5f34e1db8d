"""A Faust app for any of the three engines, with the settings that keep it from losing anything,
and a process that runs several of them."""

import asyncio
import contextlib
import signal
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Final

import faust
import structlog
from faust.exceptions import ConsumerNotStarted
from faust.types.transports import TransportT
from mode import CrashingSupervisor
from yarl import URL

from streams.kafka import KafkaTransport, until_there
from streams.watchdog import Watchdog

KAFKA: Final = {"kafka", "aiokafka"}
EMBEDDED: Final = {"pglog", "memlog"}

SETTINGS: Final[dict[str, Any]] = {
    # What a message means is for the agent to find out: a typed topic dies on a bad message.
    "key_serializer": "raw",
    "value_serializer": "raw",
    "topic_allow_declare": False,
    "topic_disable_leader": True,
    "table_standby_replicas": 0,
    "web_enabled": False,
    "agent_supervisor": CrashingSupervisor,
    "consumer_auto_offset_reset": "earliest",
    # A member that looks while a topic is being made anew is given none of it, and looks again
    # only when this runs out.
    "consumer_metadata_max_age_ms": 2000,
    # A dead worker's partitions move after the session timeout.
    "broker_session_timeout": 6.0,
    "broker_heartbeat_interval": 1.0,
    "broker_request_timeout": 30.0,
    "broker_rebalance_timeout": 10.0,
    "broker_commit_interval": 1.0,
    "broker_commit_every": 5000,
    "broker_max_poll_records": 500,
    "consumer_max_fetch_size": 1 << 20,
    # In messages. When full, Faust may pause for a second; two fifths of this must last that long.
    # Where messages are envelopes of many samples a few hundred are enough.
    "stream_buffer_maxsize": 16_384,
    # What is in hand when partitions move is delivered again; waiting for it can hang for ever.
    "stream_wait_empty": False,
    "producer_acks": -1,
    "producer_request_timeout": 30.0,
}

_log: Final = structlog.stdlib.get_logger(__name__)


class UnknownEngine(ValueError):
    """The URL names no engine we have."""

    def __init__(self, scheme: str) -> None:
        known = ", ".join(f"{name}://" for name in sorted(KAFKA | EMBEDDED))
        super().__init__(f"no engine for {scheme!r}; an engine URL begins with one of {known}")
        self.scheme = scheme


class StreamApp(faust.App):
    """A Faust app that counts its turns and reads Kafka through our stricter consumer."""

    turns: int = 0

    def turned(self) -> None:
        """Note that a batch is being attempted; for *on_turn* of `streams.batches.batches`."""
        self.turns += 1

    @property
    def name(self) -> str:
        """The name of the app, which is its consumer group."""
        return str(self.conf.id)

    def lag(self) -> int:
        """Records of this worker's partitions that are not committed; 0 when not known.

        While partitions move it is at least 1: that, too, must come to an end.
        """
        consumer: Any = self._consumer
        waiting = 0 if consumer is None else consumer.lag()
        return max(waiting, 1) if self.rebalancing else waiting

    def partitions(self) -> set[tuple[str, int]]:
        """The partitions that are this worker's just now, each by its topic and number."""
        consumer: Any = self._consumer
        try:
            return {(tp.topic, tp.partition) for tp in consumer.assignment()} if consumer else set()
        except ConsumerNotStarted:  # partitions move just now
            return set()

    def _new_transport(self) -> TransportT:
        return self._transport_for(self.conf.broker_consumer) or super()._new_transport()

    def _new_producer_transport(self) -> TransportT:
        return self._transport_for(self.conf.broker_producer) or super()._new_producer_transport()

    def _transport_for(self, urls: list[URL]) -> TransportT | None:
        return KafkaTransport(urls, self) if urls[0].scheme in KAFKA else None


def make_app(name: str, engine_url: str, *, datadir: Path, **overrides: Any) -> StreamApp:
    """A Faust app whose consumer group is *name*, on the engine of *engine_url*.

    Engines: `kafka://host:port`, `pglog://user:password@host:port/dbname`, `memlog://name`.
    Topics are raw bytes and must exist. *datadir* is created if need be. *overrides* are Faust
    settings. Raises UnknownEngine.
    """
    scheme = engine_url.partition("://")[0]
    if scheme not in KAFKA | EMBEDDED:
        raise UnknownEngine(scheme)
    datadir.mkdir(parents=True, exist_ok=True)
    brokers = engine_url if scheme in KAFKA else [URL(engine_url)]
    settings: dict[str, Any] = {**SETTINGS, "broker": brokers, "datadir": datadir, **overrides}
    return StreamApp(name, **settings)


def alive(app: faust.App) -> bool:
    """Whether the app works: started, and neither crashed nor told to stop."""
    return app.started and not (app.crashed or app.should_stop)


async def run_worker(
    apps: Sequence[StreamApp], *, grace_s: float = 25.0, stall_s: float = 60.0
) -> int:
    """Run *apps* in the current loop until SIGTERM or SIGINT; gives the exit code.

    They start once their engine answers. On the signal every app commits what it handled and
    leaves its group: 0. When one crashes the others are stopped in the same way: 1. An app that
    has not stopped after *grace_s* is abandoned, what it had in hand is delivered again: 1. A
    watchdog ends the process when an app stands still for *stall_s*.
    """
    with _told_to_stop() as told:
        if not await _engine_there(apps, told):
            return 0
        watchdog = Watchdog(apps, limit_s=stall_s)
        lives = [asyncio.create_task(_live(app), name=app.name) for app in apps]
        watchdog.start()
        await asyncio.wait([*lives, told], return_when=asyncio.FIRST_COMPLETED)
        watchdog.rest()
        stopped = await _stop(apps, grace_s)
    for life in lives:
        life.cancel()
    ends = await asyncio.gather(*lives, return_exceptions=True)
    for app, end in zip(apps, ends, strict=True):
        if isinstance(end, Exception):
            _log.error("stream app crashed", app=app.name, error=repr(end))
    failed = any(isinstance(end, Exception) for end in ends) or any(app.crashed for app in apps)
    return 1 if failed or not stopped else 0


async def _engine_there(apps: Sequence[StreamApp], told: asyncio.Future[None]) -> bool:
    """Whether the brokers of the apps answered before the process was told to stop."""
    urls = {url for app in apps for url in app.conf.broker_consumer if url.scheme in KAFKA}
    if not urls:
        return True
    looking = asyncio.create_task(until_there(sorted(urls)))
    await asyncio.wait([looking, told], return_when=asyncio.FIRST_COMPLETED)
    if looking.done():
        looking.result()
        return True
    looking.cancel()
    return False


async def _live(app: StreamApp) -> None:
    app.loop = asyncio.get_running_loop()
    app.finalize()
    await app.start()
    await app.wait_until_stopped()


async def _stop(apps: Sequence[StreamApp], grace_s: float) -> bool:
    """Whether all *apps* stopped in time."""
    try:
        async with asyncio.timeout(grace_s):
            await asyncio.gather(*(app.stop() for app in apps))
    except TimeoutError:
        _log.error("stream apps did not stop in time", grace_s=grace_s)
        return False
    return True


@contextlib.contextmanager
def _told_to_stop() -> Generator[asyncio.Future[None]]:
    """A future that is done when the process is told to stop."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        if not told.done():
            told.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell)
    try:
        yield told
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
