"""Workers under load and random faults: is anything lost, done twice or out of order?

python -m tests.contract.soak pglog|kafka --faults 60 --seed 1

Servers and data are private to the run. The last line is one JSON object; exit code 1 when
anything was lost or out of order. Which fault comes when follows from the seed, what it hits
does not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psycopg
from aiokafka.errors import KafkaError

from app.services import Services, down, restart, running
from tests.contract.conftest import Place, new_place
from tests.contract.engines import Engine, Kafka, Postgres
from tests.contract.ledger import Ledger
from tests.contract.workers import Workers, kill, terminate

WORKERS = 3
BATCH = 40
FROZEN_S = 4.5
"""Longer than the lease of the worker program."""
PATIENCE_S = 90.0


class Sender:
    """Sends numbered reports until told to stop; each batch until the engine takes it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.sent: set[str] = set()
        self.stopping = False

    async def send_for_ever(self) -> None:
        while not self.stopping:
            first = len(self.sent)
            numbers = range(first, first + BATCH)
            await self._send([(b"cell-%d" % (n % 37), b"report-%d" % n) for n in numbers])
            self.sent |= {f"report-{n}" for n in numbers}
            await asyncio.sleep(0.2)

    async def _send(self, pairs: list[tuple[bytes, bytes]]) -> None:
        while True:
            try:
                return await self._place.engine.produce(self._place.topic, pairs)
            except (psycopg.OperationalError, KafkaError):
                await asyncio.sleep(0.3)


class Soak:
    """One run: keeps three to five workers alive and does them harm."""

    def __init__(self, home: Path, services: Services, workers: Workers, seed: int) -> None:
        self._home, self._services, self._workers = home, services, workers
        self._random = random.Random(seed)
        self._live: list[asyncio.subprocess.Process] = []
        self.faults: Counter[str] = Counter()

    async def revive(self) -> None:
        """Start workers until there are enough that run."""
        self._live = [worker for worker in self._live if worker.returncode is None]
        while len(self._live) < WORKERS:
            self._live.append(await self._workers.start())

    async def fault(self) -> None:
        """Do one kind of harm, then leave the workers alone for a moment."""
        servers = ["postgres", "kafka"] if self._services.kafka_url else ["postgres"]
        kind = self._random.choice(["kill", "kill", "stop", "freeze", "cut", "join", *servers])
        self.faults[kind] += 1
        victim = self._random.choice(self._live)
        match kind:
            case "kill":
                await kill(victim)
            case "stop":
                await terminate(victim)
            case "freeze":
                victim.send_signal(signal.SIGSTOP)
                await asyncio.sleep(FROZEN_S)
                victim.send_signal(signal.SIGCONT)
            case "cut":
                await cut_connections(self._services.database_url)
            case "join":
                self._live.append(await self._workers.start())
            case server:
                crash = self._random.random() < 0.6
                await asyncio.to_thread(restart, self._home, server, crash=crash)
        await asyncio.sleep(self._random.uniform(0.3, 2.5))


async def cut_connections(url: str) -> None:
    """End every other connection to the database."""
    async with await psycopg.AsyncConnection.connect(url) as conn:
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def soak(kind: str, faults: int, seed: int, home: Path) -> dict[str, object]:
    with running(home, redis=False, kafka=kind == "kafka") as services:
        engine: Engine = Postgres(services.database_url)
        if services.kafka_url is not None:
            engine = Kafka(services.kafka_url)
        place = await new_place(engine)
        async with (
            await Ledger.open(services.database_url) as ledger,
            Workers(place, ledger, home / "faust") as workers,
        ):
            run, sender = Soak(home, services, workers, seed), Sender(place)
            sending = asyncio.create_task(sender.send_for_ever())
            for _ in range(faults):
                await run.revive()
                await run.fault()
            sender.stopping = True
            await sending
            await ledger.reconnect()
            await settle(run, ledger, sender.sent)
            return await verdict(ledger, sender.sent, run.faults) | {"engine": kind, "seed": seed}


async def settle(run: Soak, ledger: Ledger, sent: set[str]) -> None:
    """Wait until everything has its effect, or for as long as our patience."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while await ledger.effects() != sent and loop.time() < deadline:
        await run.revive()
        await asyncio.sleep(0.3)


async def verdict(ledger: Ledger, sent: set[str], faults: Counter[str]) -> dict[str, object]:
    effects = await ledger.effects()
    return {
        "faults": faults.total(),
        "kinds": dict(faults),
        "sent": len(sent),
        "lost": len(sent - effects),
        "unknown": len(effects - sent),
        "delivered_again": await ledger.deliveries() - len(sent),
        "out_of_order": await ledger.out_of_order(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=["pglog", "kafka"])
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="citygrid-soak-"))
    home.chmod(0o711)
    try:
        result = asyncio.run(soak(wanted.engine, wanted.faults, wanted.seed, home))
    finally:
        down(home)
        shutil.rmtree(home)
    print(json.dumps(result))
    return 1 if result["lost"] or result["unknown"] or result["out_of_order"] else 0


if __name__ == "__main__":
    sys.exit(main())
