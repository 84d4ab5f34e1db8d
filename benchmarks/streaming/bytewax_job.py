"""The job in bytewax: messages from memory, a state for each area, whatever it holds at once.

python -m benchmarks.streaming.bytewax_job SAMPLES TOGETHER BATCH
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false
# pyright: reportUntypedBaseClass=false, reportUnknownParameterType=false

from __future__ import annotations

import json
import sys
import time
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.testing import TestingSink, TestingSource, run_main

from benchmarks.streaming.job import City, decoded, messages


def main(samples: int, together: int, batch: int) -> None:
    """Run once and print one JSON object."""
    city = City()
    engine = city.engine()
    told = [(key.decode(), value) for key, value in messages(samples, together=together)]
    changes: list[Any] = []

    class Judge(StatefulBatchLogic):
        """The state of an area."""

        def __init__(self, state: Any) -> None:
            self.state = state or engine.blank()

        def on_batch(self, values: list[bytes]) -> tuple[list[Any], bool]:
            return engine.advance(self.state, decoded(values)).changes, StatefulBatchLogic.RETAIN

        def snapshot(self) -> bytes:
            return engine.dump(self.state)

    flow = Dataflow("samples")
    stream = op.input("in", flow, TestingSource(told, batch_size=batch))
    found = op.stateful_batch("judge", stream, Judge)
    op.output("out", found, TestingSink(changes))
    began_s = time.perf_counter()
    run_main(flow)
    seconds = time.perf_counter() - began_s
    assert engine.located == samples
    print(json.dumps({"per_second": round(samples / seconds), "changes": len(changes)}))


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
