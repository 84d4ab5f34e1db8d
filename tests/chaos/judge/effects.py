"""Effects: every event leaves once and reaches the receiver unchanged, and nothing else does."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Final

from tests.chaos.judge.books import Line
from tests.chaos.judge.trial import Checks, Problems, Trial

EXCUSED_SHARE: Final = 0.01
EXCUSED: Final = 3
"""So many repeats need no reason: on a busy machine an answer may come too late."""
_BEFORE_S: Final = 1.0
_FAULT_S: Final = 10.0


def told(trial: Trial) -> Problems:
    """Events without an outbox row of their name, rows without an event, rows without a number."""
    events = Counter(f"case-{event.case_id}-{event.seq}" for event in trial.facts.events)
    rows = Counter(row.dedup for row in trial.facts.told)
    yield from (f"event {name} is not in the outbox" for name in events - rows)
    yield from (f"outbox row {name} tells of no event" for name in rows - events)
    yield from (
        f"outbox row {row.dedup} has no position"
        for row in trial.facts.told
        if row.position is None
    )


def received(trial: Trial) -> Problems:
    """Events that never came to the receiver."""
    for row in trial.facts.told:
        if row.dedup not in trial.books.arrivals:
            yield f"{row.dedup} was not delivered"


def settled(trial: Trial) -> Problems:
    """Deliveries that are not settled, or marked as sent and never received."""
    for row in trial.facts.deliveries:
        if row.state == "sent" and row.dedup not in trial.books.arrivals:
            yield f"delivery of {row.dedup} is marked as sent, the sink has not got it"
        if row.state != "sent":
            yield f"delivery of {row.dedup} to {row.destination} is {row.state}"


def unknown(trial: Trial) -> Problems:
    """What came to the receiver and is no event, or not with the bytes of the event."""
    sent = {row.dedup: row.sha256 for row in trial.facts.told}
    for line in trial.books.sink:
        if line["key"] not in sent:
            yield f"the sink was delivered {line['key']!r}, which is no effect of ours"
        elif line["body"] != sent[line["key"]] or line["event_id"] != line["key"]:
            yield f"the sink was delivered {line['key']!r} with other bytes"


def repeats(trial: Trial) -> Problems:
    """Effects that came again after the receiver had said yes, when no fault explains it."""
    faults = [_span(line) for line in trial.books.faults if _concerns_delivery(line)]
    bare = [
        later
        for lines in trial.books.arrivals.values()
        for earlier, later in pairwise(lines)
        if earlier.get("answer") == "200" and not _explained(earlier["t"], later["t"], faults)
    ]
    if len(bare) > max(EXCUSED, EXCUSED_SHARE * len(trial.books.arrivals)):
        yield from (f"{line['key']} was delivered {line['n']} times for no reason" for line in bare)


def _explained(first: float, again: float, faults: list[tuple[float, float]]) -> bool:
    return any(begin <= again and end >= first - _BEFORE_S for begin, end in faults)


def _concerns_delivery(fault: Line) -> bool:
    """Whether the fault can come between a delivery and its being marked as sent."""
    target = str(fault["target"])
    return any(word in target for word in ("notifier", "sink", "postgres", "product", "all"))


def _span(fault: Line) -> tuple[float, float]:
    ended = fault.get("ended")
    if isinstance(ended, int | float) and not isinstance(ended, bool):
        return fault["t"], float(ended)
    return fault["t"], fault["t"] + _FAULT_S


CHECKS: Final[Checks] = {
    "every event is one outbox row with a position": told,
    "every effect was delivered to the sink": received,
    "every delivery is marked as sent, and only what the sink has": settled,
    "the sink got no effect but ours, byte for byte": unknown,
    "no effect was delivered again without a reason": repeats,
}
