"""The job in quixstreams: from Kafka, message by message as it hands them on, state in memory.

python -m benchmarks.streaming.quix_job BROKER TOPIC MESSAGES SAMPLES
"""

# pyright: reportMissingImports=false

from __future__ import annotations

import json
import sys
import time
from typing import Any
from uuid import uuid4

from quixstreams import Application
from quixstreams.models import TopicConfig

from benchmarks.streaming.job import City, decoded


def main(broker: str, topic: str, count: int, samples: int) -> None:
    """Read the whole topic once and print one JSON object."""
    city = City()
    engine = city.engine()
    states: dict[bytes, Any] = {}
    found = {"seen": 0, "changes": 0, "began_s": 0.0, "ended_s": 0.0}
    app = Application(
        broker_address=broker,
        consumer_group=f"quix-{uuid4().hex[:8]}",
        auto_offset_reset="earliest",
        auto_create_topics=False,
        loglevel="ERROR",
    )

    def judge(value: bytes, key: bytes, timestamp: int, headers: Any) -> None:
        found["began_s"] = found["began_s"] or time.perf_counter()
        state = states.get(key)
        if state is None:
            state = states[key] = engine.blank()
        found["changes"] += len(engine.advance(state, decoded([value])).changes)
        found["seen"] += 1
        if found["seen"] == count:
            found["ended_s"] = time.perf_counter()
            app.stop()

    source = app.topic(
        topic,
        value_deserializer="bytes",
        key_deserializer="bytes",
        config=TopicConfig(num_partitions=12, replication_factor=1),
    )
    app.dataframe(source).update(judge, metadata=True)
    app.run()
    assert engine.located == samples
    seconds = found["ended_s"] - found["began_s"]
    print(json.dumps({"per_second": round(samples / seconds), "changes": found["changes"]}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
