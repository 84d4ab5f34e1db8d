"""`python -m tests.chaos run|recovery`: faults against a whole city, and how soon it recovers."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.chaos.clients.books import read_book
from tests.chaos.kinds import ENGINES, KINDS
from tests.chaos.recovery import table
from tests.chaos.run import RESULTS, run
from tests.chaos.stopping import end_tidily


def _run(given: argparse.Namespace) -> int:
    told = run(
        given.engine,
        given.faults,
        given.seed,
        given.bug,
        given.short,
        only=given.only,
        brokers=given.brokers,
        calm=given.calm,
        keep=given.keep,
    )
    print(json.dumps(told, ensure_ascii=False))
    return 0 if told["ok"] else 1


def _recovery(given: argparse.Namespace) -> int:
    books = given.book or sorted(RESULTS.glob("*.recovery.jsonl"))
    print(table([line for file in books for line in read_book(file)]))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("run", help="one run; the last line is a JSON object")
    one.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    one.add_argument("--faults", type=int, default=200)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--bug", help="plant this one, see tests/chaos/bugs")
    one.add_argument("--short", action="store_true", help="leave out what takes long")
    one.add_argument("--only", nargs="*", default=[], choices=list(KINDS), metavar="KIND")
    one.add_argument("--brokers", type=int, choices=(1, 3), default=3, help="of Kafka")
    one.add_argument("--calm", action="store_true", help="one fault at a time, to time each")
    one.add_argument("--keep", action="store_true", help="keep the folder of the run")
    one.set_defaults(do=_run)
    times = commands.add_parser("recovery", help="worst times per kind, as a Markdown table")
    times.add_argument("book", nargs="*", type=Path, help="of runs; default: of all that are kept")
    times.set_defaults(do=_recovery)
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    end_tidily()
    sys.exit(given.do(given))
