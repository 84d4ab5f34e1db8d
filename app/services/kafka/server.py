"""A private Apache Kafka: one broker that is its own controller (KRaft), loopback only.

It takes anybody who can reach 127.0.0.1; a city's own brokers have their own access rules.
"""

from __future__ import annotations

import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.services.accounts import Account, unprivileged
from app.services.errors import MissingProgram
from app.services.kafka.jars import kafka_jars
from app.services.kafka.small import small_broker
from app.services.once import run_once
from app.services.server import any_free_port

_JAVA: Final = 17
_LOGGING: Final = Path(__file__).with_name("log4j2.properties")
_HEAP: Final = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC")

# One broker, so everything that is replicated in a city's cluster has one copy here.
_CONFIGURATION: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=BROKER://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=BROKER://127.0.0.1:{advertised}
inter.broker.listener.name=BROKER
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
""" + small_broker(copies=1, in_sync=1)

# ApiVersions, version 0, correlation id 1, no client id: the first thing any client asks.
_QUESTION: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)
_ANSWER: Final = struct.Struct(">iih")  # size, correlation id, error code


@dataclass(frozen=True, slots=True)
class KafkaServer:
    """The broker of *folder*; clients are sent to the port *advertised* where that is another."""

    folder: Path
    name: str = "kafka"
    room_mb: int = 500
    patience_s: float = 90.0  # a killed broker checks its segments first
    goodbyes: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 30.0),)
    advertised: int | None = None

    @property
    def data(self) -> Path:
        """The folder of the broker's log."""
        return self.folder / "data"

    @property
    def workplace(self) -> Path:
        """The folder it runs in."""
        return self.folder

    def prepare(self) -> Account:
        """Bring the jars and format the log folder where that was not done yet."""
        _require_java()
        kafka_jars()
        account = unprivileged("Apache Kafka", "nobody")
        account.own(self.folder, mode=0o711)
        if self.data.exists():
            account.own(self.data)
        else:
            self._format(account)
        return account

    def command(self, port: int) -> list[str]:
        """The broker's JVM with a fresh configuration file."""
        return self._java("kafka.Kafka", self._configure(port, self.data))

    def answers(self, port: int) -> bool:
        """Tell whether the broker answers a protocol request."""
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2.0) as broker:
                broker.sendall(_QUESTION)
                answer = broker.recv(_ANSWER.size, socket.MSG_WAITALL)
        except OSError:
            return False
        return len(answer) == _ANSWER.size and _ANSWER.unpack(answer)[1:] == (1, 0)

    def url(self, port: int) -> str:
        """Where Faust and aiokafka find it."""
        return f"kafka://127.0.0.1:{port}"

    def _java(self, main: str, *arguments: str | Path) -> list[str]:
        options = [f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}", "-Djava.awt.headless=true"]
        classpath = ["-cp", f"{kafka_jars()}/*"]
        return ["java", *_HEAP, *options, *classpath, main, *map(str, arguments)]

    def _configure(self, port: int, data: Path) -> Path:
        file = self.folder / "server.properties"
        file.write_text(
            _CONFIGURATION.format(
                broker=port,
                advertised=self.advertised or port,
                controller=any_free_port(),
                data=data,
            )
        )
        return file

    def _format(self, account: Account) -> None:
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)  # left by a start that was cut short
        configuration = self._configure(any_free_port(), draft)
        command = self._java(
            "kafka.tools.StorageTool", "format", "-t", _new_cluster_id(), "-c", configuration
        )
        log = self.folder / "format.log"
        run_once("Kafka's storage tool", command, folder=self.folder, account=account, log=log)
        draft.rename(self.data)


def _new_cluster_id() -> str:
    # 16 random bytes in base64, as Kafka writes its ids; one that starts with a dash would be
    # taken for an option.
    return "C" + urlsafe_b64encode(secrets.token_bytes(16)).decode()[1:22]


def _require_java() -> None:
    java = shutil.which("java")
    said = "" if java is None else _java_version(java)
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < _JAVA:
        raise MissingProgram(f"Java {_JAVA}", f"openjdk-{_JAVA}-jre-headless")


def _java_version(java: str) -> str:
    return subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
