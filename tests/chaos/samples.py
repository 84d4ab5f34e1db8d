"""A replay of samples while workers are killed: the alarms are those of the undisturbed run.

    python -m tests.chaos.samples [--engine pglog|kafka] [--kills 50] [--samples 40000] [--seed 1]

Devices of several areas send for two months of a made calendar, up to six hours out of order, a
twentieth of it twice. Two workers judge it while it is appended; after each portion one of them is
killed and started again. The undisturbed run takes the same messages, in one process and in other
batches, into another database. Prints one JSON line; exit code 1 when the alarms differ, when a
history has a hole, or when a report or message is missing or there twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from app.database import Database
from app.demo.stage import Stage, on_stage
from app.engines import engine_url
from app.migrating import migrate
from app.sensing.watch import Watch
from app.services import down, running
from app.services.postgres import create_database, with_database
from app.worker import OBSERVATIONS_GROUP
from app.worker_metrics import WorkerMetrics
from dispatch.rulebook import Rulebook
from dispatch.sensing.alarms import AlarmRules
from dispatch.sensing.rules import SensorRules
from streams.batches import Message
from streams.observations import Columns, envelopes
from streams.topics import OBSERVATIONS
from tests.chaos.stopping import end_tidily
from tests.contract.engines import Kafka, Postgres
from tests.littletown import settle
from tests.makers import AREAS, CITY, PARTS, label, rulebook

HOUR_MS: Final = 3_600_000
BEGIN_MS: Final = 1_770_000_000_000
LATENESS_MS: Final = 13 * HOUR_MS
SHUFFLED_MS: Final = 6 * HOUR_MS
STREETS: Final = 8
DEVICES: Final = 40
PATIENCE_S: Final = 180.0
WORKERS: Final = 2

Pair = tuple[bytes, bytes]

_ALARMS: Final = """
    SELECT device, rule, state, highest, extract(epoch FROM started_at)::bigint,
           extract(epoch FROM ended_at)::bigint
      FROM alarm
     WHERE state <> 'withdrawn'
     ORDER BY device, rule, started_at
"""

_WRONG: Final = {
    "holes in histories": """
        SELECT count(*) FROM alarm a
         WHERE a.version <> (SELECT count(*) FROM alarm_event e WHERE e.alarm = a.key)
            OR a.version <> (SELECT max(seq) FROM alarm_event e WHERE e.alarm = a.key)""",
    "changes not sent once": """
        SELECT count(*) FROM alarm_event e
          FULL JOIN outbox o ON o.dedup = 'alarm-' || e.alarm || '-' || e.seq
         WHERE o.topic = 'alarms.v1' AND (e.alarm IS NULL OR o.id IS NULL)
            OR o.topic IS NULL""",
    "alarms without their report": """
        SELECT count(*) FROM alarm a LEFT JOIN inbox i ON i.id = a.report
         WHERE a.category IS NOT NULL AND a.state <> 'withdrawn'
           AND i.client_key IS DISTINCT FROM a.key""",
    "reports without an alarm": """
        SELECT count(*) FROM inbox i
         WHERE i.channel = 'sensor' AND NOT EXISTS (SELECT FROM alarm a WHERE a.report = i.id)""",
}


def sensors() -> list[dict[str, Any]]:
    """Devices over some streets."""
    gauge = PARTS["sensors"][0]
    return [
        {**gauge, "code": f"W{number}", "area": street(number % STREETS)}
        for number in range(DEVICES)
    ]


def street(number: int) -> str:
    """The code of an area right below the city."""
    return f"{CITY}{number + 1:03d}"


def parts() -> dict[str, Any]:
    """What of Littletown is other here: more streets, devices and rules."""
    more = [
        {**AREAS[1], "code": street(number), "name": label(f"Street {number}")}
        for number in range(1, STREETS)
    ]
    return {
        "areas": [*AREAS, *more],
        "sensors": sensors(),
        "sensor_rules": RULES,
        "sensing": {"lateness_ms": LATENESS_MS},
    }


def _rule(name: str, category: str | None, **told: Any) -> dict[str, Any]:
    plain = {"row": 1, "property": "water_level", "unit": "m", "condition": None}
    return {**plain, "name": name, "category": category, "text": label(name), **told}


RULES: Final = [
    _rule("river-high", "01001", above=3.5, below=None, window_s=86_400),
    _rule(
        "river-rising",
        None,
        signal="value",
        steps=[
            {"level": 3, "side": "above", "limit": 3.0, "held_ms": 2 * HOUR_MS},
            {"level": 1, "side": "above", "limit": 5.0},
        ],
        clear={"side": "below", "limit": 2.0, "held_ms": HOUR_MS},
    ),
    _rule(
        "gauge-silent",
        None,
        signal="silence",
        steps=[{"level": 4, "side": "reaching", "limit": 5 * 3600}],
    ),
]


def messages(samples: int, seed: int) -> list[Pair]:
    """About so many samples of the devices, in the order in which they come."""
    chance = random.Random(f"samples {seed}")
    told: list[tuple[int, str, str, int, float]] = []
    for device in sensors():
        level = 1.0
        for hour in range(samples // DEVICES):
            level = max(0.0, level + chance.gauss(0, 0.7) - 0.1 * (level - 2))
            if chance.random() < 0.02 or hour % 97 in range(8):
                continue  # now and then nothing, at times for long
            at_ms = BEGIN_MS + hour * HOUR_MS
            come = at_ms + chance.randint(-SHUFFLED_MS, SHUFFLED_MS)
            row = (come, device["area"], device["code"], at_ms, round(level, 2))
            told += [row] * (2 if chance.random() < 0.05 else 1)
    return [
        (area.encode(), envelope)
        for _, area, code, at_ms, value in sorted(told)
        for envelope in envelopes("gateway:1", Columns([code], [at_ms], [value]), datetime.now(UTC))
    ]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a database holds at the end."""

    alarms: list[tuple[Any, ...]]
    wrong: dict[str, int]

    @classmethod
    def of(cls, url: str) -> Outcome:
        """Read it."""
        with psycopg.connect(url) as conn:
            alarms = conn.execute(_ALARMS).fetchall()
            wrong = {
                name: int((conn.execute(query.encode()).fetchone() or (0,))[0])
                for name, query in _WRONG.items()
            }
        return cls(alarms, {name: count for name, count in wrong.items() if count})


def undisturbed(url: str, told: Sequence[Pair]) -> Outcome:
    """The same messages in one process, one partition and batches of their own."""
    rules = rulebook(
        alarms=AlarmRules.of(sensors(), RULES, "zh"),
        sensor_rules=SensorRules.of(RULES, {"lateness_ms": LATENESS_MS}),
    )
    asyncio.run(_judge(url, told, rules))
    return Outcome.of(url)


async def _judge(url: str, told: Sequence[Pair], rules: Rulebook) -> None:
    async def current() -> Rulebook:
        return rules

    class Letters:
        async def carry(self, topic: str, records: Sequence[Pair]) -> None:
            raise AssertionError(f"{len(records)} messages were put away")

    database = Database(url, 2)
    place = (OBSERVATIONS, 0)
    watch = Watch(
        database, current, Letters(), WorkerMetrics(), group="calm", partitions=lambda: [place]
    )
    written = time.time()
    log = [Message(key, value, *place, n, written) for n, (key, value) in enumerate(told)]
    for begin in range(0, len(log), 700):
        await watch.take(log[begin : begin + 700])
        await watch.keep()
    await database.close()


def disturbed(
    home: Path, told: Sequence[Pair], *, engine: str, kills: int, seed: int
) -> tuple[Outcome, int]:
    """The outcome with workers killed after each portion, and how many were."""
    os.environ["CITY_SENSING_MARK_EVERY_S"] = "0"  # time must go on by the replay alone
    chance = random.Random(f"kills {seed}")
    with on_stage(
        home,
        database="killed",
        load=_load,
        fresh=True,
        workers=WORKERS,
        kafka=engine == "kafka",
    ) as stage:
        each = -(-len(told) // max(1, kills))
        for begin in range(0, len(told), each):
            asyncio.run(_append(stage, told[begin : begin + each]))
            time.sleep(chance.uniform(0.3, 2.5))
            worker = f"worker-{chance.randint(1, WORKERS)}"
            stage.processes.kill(worker)
            stage.processes.start(worker, "worker")
        _wait_until_kept(stage, len(told))
        return Outcome.of(stage.settings.database_url), len(range(0, len(told), each))


def _load(url: str) -> None:
    async def load() -> None:
        async with await psycopg.AsyncConnection.connect(url) as conn:
            await settle(conn, **parts())

    asyncio.run(load())


async def _append(stage: Stage, told: Sequence[Pair]) -> None:
    url = engine_url(stage.settings)
    engine = Kafka(url) if stage.settings.kafka_url else Postgres(stage.settings.database_url)
    await engine.produce(OBSERVATIONS, told)


def _wait_until_kept(stage: Stage, count: int) -> None:
    """Every message is below the checkpoint of its partition."""
    query = "SELECT coalesce(sum(next_offset), 0) FROM sensing_checkpoint WHERE group_name = %s"
    give_up = time.monotonic() + PATIENCE_S
    with psycopg.connect(stage.settings.database_url, autocommit=True) as conn:
        while (conn.execute(query, [OBSERVATIONS_GROUP]).fetchone() or (0,))[0] < count:
            stage.processes.check()
            if time.monotonic() > give_up:
                raise TimeoutError(f"not all of {count} messages were judged in {PATIENCE_S:.0f} s")
            time.sleep(0.1)


def run(engine: str, *, kills: int, samples: int, seed: int) -> dict[str, Any]:
    """Both runs, and what is different."""
    home = Path(tempfile.mkdtemp(prefix="citygrid-samples-"))
    home.chmod(0o711)
    told = messages(samples, seed)
    try:
        with running(home, redis=False) as services:
            url = create_database(with_database(services.database_url, "postgres"), "calm")
            migrate(url)
            calm = undisturbed(url, told)
            shaken, killed = disturbed(home, told, engine=engine, kills=kills, seed=seed)
    finally:
        down(home)
        shutil.rmtree(home, ignore_errors=True)
    lost = sorted(set(map(str, calm.alarms)) - set(map(str, shaken.alarms)))
    more = sorted(set(map(str, shaken.alarms)) - set(map(str, calm.alarms)))
    return {
        "engine": engine,
        "seed": seed,
        "messages": len(told),
        "kills": killed,
        "alarms": len(calm.alarms),
        "missing": lost[:5],
        "invented": more[:5],
        "wrong": shaken.wrong | calm.wrong,
        "same": shaken.alarms == calm.alarms and not (shaken.wrong or calm.wrong),
    }


def main() -> int:
    """Run and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("pglog", "kafka"), default="kafka")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--samples", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    found = run(told.engine, kills=told.kills, samples=told.samples, seed=told.seed)
    print(json.dumps(found, ensure_ascii=False))
    return 0 if found["same"] and found["alarms"] else 1


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
