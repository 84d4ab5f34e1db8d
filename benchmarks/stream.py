"""Samples a second through one worker process, beside quixstreams and bytewax doing the same job.

    python -m benchmarks.stream --json [--samples 1000000] [--singles 50000] [--rounds 3]
                                [--only memory pglog kafka] [--kept DAYS] [--no-peers]

The job: decode a message, look up the cell of each sample, judge it by the rules, keep the state.
Ours runs in the agent and the watch of the worker, with checkpoints in PostgreSQL; quixstreams
reads the same topic of the same Kafka, bytewax a list in memory, and neither keeps anything beyond
its process. The ceiling only decodes and looks up. Every round runs all of them in turn;
figures are medians. Who cannot run here is told with the reason.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import uvloop

from app.migrating import migrate
from app.services import running
from app.services.errors import JarsUnavailable, MissingProgram
from app.services.postgres import create_database, with_database
from benchmarks.machine import machine, print_result, server_version
from benchmarks.streaming.bare import ceiling
from benchmarks.streaming.job import City, messages
from benchmarks.streaming.ours import measured
from benchmarks.streaming.peers import Peers
from streams.observations import MOST_SAMPLES
from streams.topics import OBSERVATIONS
from tests.contract.engines import Engine, Kafka, Memory, Postgres

ENGINES: Final = ("memory", "pglog", "kafka")
AT_ONCE: Final = 40
"""Messages the ceiling and bytewax take at once, as our agent judges them."""

Figures = dict[str, Any]


def main() -> None:
    """Run all rounds and print one JSON object as the last line."""
    options = _options()
    city = City()
    peers = None if options.no_peers else Peers(options.peers)
    shapes = {"envelopes": (options.samples, MOST_SAMPLES), "singles": (options.singles, 1)}
    with _servers(options.only) as (server, kafka, why):
        rounds = [
            {
                shape: _round(city, server, kafka, peers, samples, together, options)
                for shape, (samples, together) in shapes.items()
            }
            for _ in range(options.rounds)
        ]
        result = _result(rounds) | {"machine": machine() | {"postgres": server_version(server)}}
    if why:
        result["kafka"] = why
    print_result(
        {
            "benchmark": "stream",
            "samples": options.samples,
            "singles": options.singles,
            "kept_days": options.kept,
        }
        | result
    )


def _round(
    city: City,
    server: str,
    kafka: str | None,
    peers: Peers | None,
    samples: int,
    together: int,
    options: argparse.Namespace,
) -> Figures:
    """Everybody once, with messages of *together* samples."""
    told = messages(samples, together=together)
    only, kept = options.only, timedelta(days=options.kept)
    found: Figures = {"ceiling": {"per_second": ceiling(city, told, samples, at_once=AT_ONCE)}}
    engines: dict[str, Callable[[str], Engine]] = {
        "memory": lambda url: Memory.new(),
        "pglog": Postgres,
        **({"kafka": lambda url: Kafka(kafka)} if kafka else {}),
    }
    for name in [one for one in ENGINES if one in only and one in engines]:
        url = create_database(server, f"stream_{uuid4().hex[:8]}")
        migrate(url)
        found[name] = uvloop.run(_ours(city, engines[name](url), url, told, samples, kept))
        print({name: found[name], "together": together}, flush=True)
    if peers:
        found |= _peers(peers, kafka if "kafka" in only else None, samples, together, len(told))
    return found


async def _ours(
    city: City,
    engine: Engine,
    url: str,
    told: Sequence[tuple[bytes, bytes]],
    samples: int,
    kept: timedelta,
) -> Figures:
    if isinstance(engine, Kafka):
        await engine.make_anew(OBSERVATIONS, 12)
    return await measured(city, engine, url, told, samples, kept)


def _peers(peers: Peers, kafka: str | None, samples: int, together: int, count: int) -> Figures:
    """The topic of Kafka still holds what ours has read."""
    numbers = (str(samples), str(together), str(AT_ONCE))
    found: Figures = {"bytewax": peers.run("bytewax_job", *numbers)}
    if kafka:
        broker = kafka.removeprefix("kafka://")
        found["quixstreams"] = peers.run("quix_job", broker, OBSERVATIONS, str(count), str(samples))
    print(found, flush=True)
    return found


def _result(rounds: Sequence[Mapping[str, Figures]]) -> Figures:
    medians = {shape: _medians([one[shape] for one in rounds]) for shape in rounds[0]}
    packed = medians["envelopes"]
    return {
        "per_second": medians,
        "ratio_quixstreams": _ratio(packed.get("kafka"), packed.get("quixstreams")),
        "ratio_bytewax": _ratio(packed.get("memory"), packed.get("bytewax")),
        "ratio_ceiling": _ratio(packed.get("memory"), packed.get("ceiling")),
        "rounds": rounds,
    }


def _medians(rounds: Sequence[Figures]) -> dict[str, float | None]:
    told = {name: [one[name]["per_second"] for one in rounds] for name in rounds[0]}
    return {
        name: None if None in figures else statistics.median(figures)
        for name, figures in told.items()
    }


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return round(ours / theirs, 3) if ours and theirs else None


@contextmanager
def _servers(only: Sequence[str]) -> Iterator[tuple[str, str | None, str]]:
    """A private PostgreSQL and Kafka in a folder of their own; why there is no Kafka, if not."""
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)  # the servers run under accounts of their own
        with running(Path(home), redis=False) as services:
            server = with_database(services.database_url, "postgres")
            if "kafka" not in only:
                yield server, None, ""
                return
            try:
                with running(Path(home), database=False, redis=False, kafka=True) as brokers:
                    yield server, brokers.kafka_url, ""
            except (MissingProgram, JarsUnavailable) as fault:
                yield server, None, str(fault)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=1_000_000, help="in envelopes of 50")
    parser.add_argument("--singles", type=int, default=50_000, help="one in each message")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument(
        "--kept",
        type=float,
        default=0.0,
        help="days that ours also stores each sample for, at /sta",
    )
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--peers", type=Path, default=Path(".city/peers"), help="their libraries")
    parser.add_argument(
        "--json", action="store_true", help="accepted for uniformity; always prints JSON"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
