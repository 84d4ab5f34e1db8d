"""The world of a run: servers, the network between all, a city, our processes, and who uses them.

`ground` stands on its own and can carry one world after the other; a `World` is one city with
its database, its processes and the books of its clients.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import psycopg

from app.city.loading import load_pack
from app.identity.postgres import add_key
from app.migrating import prepare
from app.services.postgres import create_database
from app.settings import Settings
from dispatch.postgres.destinations import add_destination
from tests.chaos.bugs.bug import Bug
from tests.chaos.city import Pack
from tests.chaos.clients import ROLES
from tests.chaos.kinds import DOORS, PROCESSES
from tests.chaos.network import Network, harness_port
from tests.chaos.processes import NeverReady, Processes
from tests.chaos.servers import Servers

READY_S: Final = 90.0
REPORTS_PER_S: Final = 36
SAMPLES_PER_S: Final = 1000
_SINK_SECRET: Final = "known to the sink"


@dataclass(frozen=True)
class Ground:
    """Servers and network. *door_ports* and *sink_port* are where processes listen."""

    engine: str
    folder: Path
    servers: Servers
    network: Network
    door_ports: Mapping[str, int]
    sink_port: int
    pack: Pack


@contextmanager
def ground(engine: str, folder: Path, brokers: int = 1) -> Generator[Ground]:
    """Servers that run and routes that are open, until the block is left. *folder* is made.

    *brokers*, one or three, is how many Kafka has where it carries.
    """
    folder.mkdir(parents=True)
    # The servers' own accounts go through all folders above theirs.
    folder.chmod(0o711)
    doors = [harness_port() for _ in range(brokers if engine == "kafka" else 0)]
    servers = Servers(folder / "servers", broker_doors=doors)
    ports = {name: harness_port() for name in DOORS}
    stands = Ground(
        engine=engine,
        folder=folder,
        servers=servers,
        network=Network(folder / "proxy.log"),
        door_ports=ports,
        sink_port=harness_port(),
        pack=Pack(folder / "pack"),
    )
    stands.pack.make()
    with stands.network, _routed(stands, doors), servers.running():
        yield stands


@contextmanager
def _routed(stands: Ground, broker_doors: Sequence[int]) -> Generator[None]:
    """All routes, opened before anything runs."""
    network, servers = stands.network, stands.servers
    for name in PROCESSES:
        for server in ("postgres", "redis"):
            network.open(f"{name}>{server}", servers.ports[server])
    for name, port in stands.door_ports.items():
        network.open(f"clients>{name}", port)
    network.open("notifiers>sink", stands.sink_port)
    for name, door in zip(servers.brokers, broker_doors, strict=True):
        network.open(f"all>{name}", servers.ports[name], door)
    yield


class World:
    """One city at work. *folder* holds the books of the run, *database_url* goes round the proxy.

    Made by `world`; its processes are tended until the block is left.
    """

    def __init__(self, stands: Ground, folder: Path, database_url: str, bug: Bug | None) -> None:
        self.ground, self.folder, self.database_url, self.bug = stands, folder, database_url, bug
        self.engine, self.pack = stands.engine, stands.pack
        self.servers, self.network = stands.servers, stands.network
        self.processes = Processes(folder / "logs")
        self.keys: dict[str, str] = {}
        self.turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Whoever harms a server or a route does so alone."""
        self.doors = [
            f"http://127.0.0.1:{stands.network.open(f'clients>{name}', port)}"
            for name, port in stands.door_ports.items()
        ]
        self.sink_url = (
            f"http://127.0.0.1:{stands.network.open('notifiers>sink', stands.sink_port)}/"
        )

    def key_for(self, source: str, role: str) -> str:
        """The API key of a source, made when it is asked for first."""
        if source not in self.keys:
            self.keys[source] = asyncio.run(_add_key(self.database_url, source, role))
        return self.keys[source]

    def environment(self, name: str) -> dict[str, str]:
        """What a process is told: its own way to each server."""
        told = {
            "CITY_DATABASE_URL": self._through(self.database_url, f"{name}>postgres"),
            "CITY_REDIS_URL": self._through(self.servers.redis_url, f"{name}>redis"),
            "CITY_HOME": str(self.folder / "home"),
            "CITY_HOST": "127.0.0.1",
            "CITY_NOTIFY_INSIDE": "127.0.0.1",
        }
        if name in self.ground.door_ports:
            told["CITY_PORT"] = str(self.ground.door_ports[name])
        if self.engine == "kafka":
            told["CITY_KAFKA_URL"] = self.kafka_url
        return told

    @property
    def kafka_url(self) -> str:
        """The brokers, through the proxy: they send their clients there anyway."""
        ports = [self.network.open(f"all>{name}", 0) for name in self.servers.brokers]
        return "kafka://" + ",".join(f"127.0.0.1:{port}" for port in ports)

    def start_product(self) -> None:
        """Start every process of ours."""
        for name in PROCESSES:
            command = name.partition("-")[0]
            program = ("tests.chaos.bugs", self.bug.name) if self.bug else ("app",)
            self.processes.start(name, *program, command, environment=self.environment(name))

    def start_clients(self, seed: int) -> None:
        """Start phones, sensors and the screen."""
        doors = ("--doors", ",".join(self.doors))
        self._client("phones", *doors, "--rate", str(REPORTS_PER_S), "--seed", str(seed))
        gateway = ("--pack", str(self.pack.folder), "--samples", str(SAMPLES_PER_S))
        self._client("sensors", *doors, *gateway, "--seed", str(seed))
        self._client("screen", *doors, "--seed", str(seed))

    def start_sink(self, seed: int) -> None:
        """Start the receiver; like ours it is started again when it was killed."""
        port = str(self.ground.sink_port)
        self._client("sink", "--port", port, "--seed", str(seed), tended=True)

    async def ready(self, patience_s: float = READY_S) -> None:
        """Until every door says that it is ready. Raises NeverReady."""
        async with httpx.AsyncClient(timeout=2.0) as client:
            for name, port in self.ground.door_ports.items():
                give_up = time.monotonic() + patience_s
                while not await _says_yes(client, f"http://127.0.0.1:{port}/readyz"):
                    if time.monotonic() > give_up:
                        raise NeverReady(name, patience_s, self.processes.log(name))
                    await asyncio.sleep(0.1)

    def _client(self, name: str, *arguments: str, tended: bool = False) -> None:
        program = (f"tests.chaos.clients.{name}", "--run", str(self.folder), *arguments)
        self.processes.start(name, *program, environment={}, tended=tended)

    def _through(self, url: str, route: str) -> str:
        port = self.network.open(route, 0)
        parts = urlsplit(url)
        netloc = parts.netloc.rpartition(":")[0] + f":{port}"
        return urlunsplit(parts._replace(netloc=netloc))


@asynccontextmanager
async def world(stands: Ground, folder: Path, bug: Bug | None = None) -> AsyncGenerator[World]:
    """A new city on the ground, with its processes at work but without clients.

    *folder* is made and stays. Everything that was started has ended when the block is left.
    """
    name = f"city_{uuid4().hex[:10]}"
    database_url = create_database(stands.servers.maintenance_url, name)
    made = World(stands, folder, database_url, bug)
    await _settle(made)
    made.start_sink(1)
    made.start_product()
    tending = asyncio.create_task(made.processes.tend())
    try:
        await made.ready()
        yield made
        await made.processes.stop_all()
    finally:
        tending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await tending
        made.processes.kill_all()
        shutil.rmtree(folder / "home", ignore_errors=True)


async def _settle(made: World) -> None:
    """Schema, topics, city, keys, receiver and, where one is planted, the bug's SQL."""
    settings = Settings(
        database_url=made.database_url,
        kafka_url=made.kafka_url if made.engine == "kafka" else None,
        kafka_replication=max(1, len(made.servers.brokers)),
    )
    await prepare(settings)
    if made.bug and made.bug.sql:
        async with await psycopg.AsyncConnection.connect(made.database_url) as conn:
            await conn.execute(made.bug.sql.encode())
    await asyncio.to_thread(load_pack, made.pack.folder, made.database_url)
    for source, role in ROLES.items():
        made.keys[source] = await _add_key(made.database_url, source, role)
    async with await psycopg.AsyncConnection.connect(made.database_url) as conn:
        await add_destination(conn, "sink", made.sink_url, _SINK_SECRET, [])
    (made.folder / "keys.json").write_text(json.dumps(made.keys))


async def _add_key(database_url: str, source: str, role: str) -> str:
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        return await add_key(conn, source, [role], "chaos")


async def _says_yes(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.HTTPError:
        return False
