"""A Kafka cluster of three brokers on one machine, to be killed one at a time.

Each is broker and controller (KRaft), from the same jars as the private broker. Everything has
three copies, two of which must be written: what was acknowledged outlives any one of them.
"""

from __future__ import annotations

import secrets
import shutil
import signal
from base64 import urlsafe_b64encode
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.services.accounts import Account, unprivileged
from app.services.home import Home
from app.services.kafka.jars import kafka_jars
from app.services.kafka.server import KafkaServer
from app.services.kafka.small import small_broker
from app.services.once import run_once
from app.services.process import Process, pids_working_in
from app.services.server import ensure, kill, state, stop
from tests.chaos.network import harness_port

NODES: Final = (1, 2, 3)
REPLICATION: Final = len(NODES)

# Three JVMs beside everything else on a small machine: little memory, no second compiler.
_JAVA: Final = ("-Xms64m", "-Xmx200m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LOGGING: Final = Path(__file__).parents[2] / "app/services/kafka/log4j2.properties"

# Clients and the brokers among themselves have doors of their own: the clients' may lead through
# a proxy that cuts them, and an order to the cluster must not.
_CONFIGURATION: Final = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=CLIENTS://127.0.0.1:{port},PEERS://127.0.0.1:{peer},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{door},PEERS://127.0.0.1:{peer}
inter.broker.listener.name=PEERS
listener.security.protocol.map=CLIENTS:PLAINTEXT,PEERS:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
unclean.leader.election.enable=false
controller.quorum.election.timeout.ms=1000
controller.quorum.fetch.timeout.ms=2000
replica.lag.time.max.ms=4000
auto.leader.rebalance.enable=false
""" + small_broker(copies=REPLICATION, in_sync=2)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where one broker listens; *door* is the port at which clients are told to find it."""

    port: int
    peer: int
    controller: int
    door: int


@dataclass(frozen=True, slots=True)
class Broker:
    """One of the three, as the private services start and stop a server."""

    folder: Path
    node: int
    ports: Ports
    voters: str
    cluster: str
    room_mb: int = 200
    patience_s: float = 120.0  # three JVMs start together, and none answers before they agree
    goodbyes: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 30.0),)

    @property
    def name(self) -> str:
        """Its name, and that of its folder."""
        return f"kafka-{self.node}"

    @property
    def workplace(self) -> Path:
        """The folder it runs in."""
        return self.folder

    def prepare(self) -> Account:
        """Format its log folder where that was not done yet."""
        account = unprivileged("Apache Kafka", "nobody")
        account.own(self.folder, mode=0o711)
        if not (self.folder / "data").exists():
            self._format(account)
        return account

    def command(self, port: int) -> list[str]:
        """The broker's JVM with its configuration, which fixes all of its ports."""
        assert port == self.ports.port, "the others know a broker by its ports"
        return self._java("kafka.Kafka", self._configure(self.folder / "data"))

    def answers(self, port: int) -> bool:
        """Tell whether the broker answers a protocol request."""
        return KafkaServer(self.folder).answers(port)

    def url(self, port: int) -> str:
        """Where clients find it."""
        return f"kafka://127.0.0.1:{port}"

    def _java(self, main: str, *arguments: str | Path) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}"
        return ["java", *_JAVA, logging, "-cp", f"{kafka_jars()}/*", main, *map(str, arguments)]

    def _configure(self, data: Path) -> Path:
        file = self.folder / "server.properties"
        told = _CONFIGURATION.format(
            node=self.node,
            voters=self.voters,
            port=self.ports.port,
            peer=self.ports.peer,
            controller=self.ports.controller,
            door=self.ports.door,
            data=data,
        )
        file.write_text(told)
        return file

    def _format(self, account: Account) -> None:
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        configuration = self._configure(draft)
        command = self._java(
            "kafka.tools.StorageTool", "format", "-t", self.cluster, "-c", configuration
        )
        log = self.folder / "format.log"
        run_once(self.name, command, folder=self.folder, account=account, log=log)
        draft.rename(self.folder / "data")


class Brokers:
    """The cluster below *folder*; its brokers are called kafka-1, kafka-2 and kafka-3.

    *doors* are the ports at which clients are told to find the three, where a proxy stands before
    them; None: the brokers' own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ports: Sequence[int] | None = None,
        doors: Sequence[int] | None = None,
    ) -> None:
        self._home = Home(folder)
        self.ports = list(ports or (harness_port() for _ in NODES))
        where = [
            Ports(port, harness_port(), harness_port(), door)
            for port, door in zip(self.ports, doors or self.ports, strict=True)
        ]
        voters = ",".join(
            f"{node}@127.0.0.1:{one.controller}" for node, one in zip(NODES, where, strict=True)
        )
        cluster = "C" + urlsafe_b64encode(secrets.token_bytes(16)).decode()[1:22]
        self._brokers = {
            broker.name: broker
            for broker in (
                Broker(folder / f"kafka-{node}", node, one, voters, cluster)
                for node, one in zip(NODES, where, strict=True)
            )
        }

    @contextmanager
    def running(self) -> Generator[None]:
        """All three, until the block is left."""
        kafka_jars()  # brought once, not by three at a time
        self._home.open()
        try:
            self._all(self.start)
            yield
        finally:
            self._all(self.kill)

    @property
    def names(self) -> list[str]:
        """Names of the brokers, in the order of their nodes."""
        return list(self._brokers)

    @property
    def url(self) -> str:
        """Where clients find the cluster: at its doors."""
        return self._url(broker.ports.door for broker in self._brokers.values())

    @property
    def peer_url(self) -> str:
        """The way past any proxy, for orders to the cluster."""
        return self._url(broker.ports.peer for broker in self._brokers.values())

    def name_of(self, node: int) -> str:
        """The name of the broker that Kafka knows by this number."""
        return f"kafka-{node}"

    def runs(self, name: str) -> bool:
        """Whether its process lives."""
        return state(self._home, name).value == "running"

    def start(self, name: str) -> None:
        """Start it where it does not run; returns when it answers. Raises ServicesError."""
        broker = self._brokers[name]
        ensure(self._home, broker, broker.ports.port)

    def stop(self, name: str) -> None:
        """End it as its operator would: its partitions get new leaders first."""
        stop(self._home, self._brokers[name])

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash would."""
        kill(self._home, name)
        for pid in self.pids(name):  # one that was started and not yet written down
            if found := Process.find(pid):
                found.signal(signal.SIGKILL)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send its process a signal; nothing when it does not run."""
        if record := self._home.read(name):
            record.process.signal(number)

    def pids(self, name: str) -> list[int]:
        """Its process, as far as it works in its folder."""
        return pids_working_in(self._brokers[name].workplace)

    def _all(self, act: Callable[[str], None]) -> None:
        """Together: none of them answers before two are there."""
        with ThreadPoolExecutor(len(NODES)) as pool:
            list(pool.map(act, self.names))

    def _url(self, ports: Generator[int]) -> str:
        return "kafka://" + ",".join(f"127.0.0.1:{port}" for port in ports)
