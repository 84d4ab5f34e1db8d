"""How soon a city recovers is measured from the fault on, and never flattered."""

from __future__ import annotations

from typing import Any

from tests.chaos.recovery import recoveries, table, worst


def a_fault(t: float, kind: str = "process-killed") -> dict[str, Any]:
    return {"n": 1, "kind": kind, "target": "web-1", "t": t, "ended": t}


def test_times_count_from_the_beginning_of_the_fault() -> None:
    beats = [(99.95, 5), (100.05, 5), (100.15, 5), (102.5, 6)]

    [line] = recoveries([a_fault(100.0)], [99.0, 101.5, 103.0], beats)

    assert (line["accepted_s"], line["decided_s"]) == (1.5, 2.5)


def test_what_was_decided_right_before_the_fault_does_not_count() -> None:
    beats = [(99.9, 5), (100.05, 9), (101.0, 9), (104.0, 10)]

    [line] = recoveries([a_fault(100.0)], [], beats)

    assert line["decided_s"] == 4.0


def test_decisions_made_while_nobody_could_look_count_from_the_first_look() -> None:
    beats = [(99.9, 5), (103.0, 9), (103.1, 9)]

    [line] = recoveries([a_fault(100.0)], [], beats)

    assert line["decided_s"] == 3.0


def test_a_city_that_never_came_back_is_said_to_never_have() -> None:
    lines = recoveries([a_fault(100.0), a_fault(80.0)], [95.0], [(99.0, 5), (100.1, 5)])

    assert worst(lines) == {"process-killed": {"accepted_s": None, "decided_s": None}}
    assert "| process-killed | 2 | never | never | 3.0 s |" in table(lines)


def test_a_fault_beside_another_says_nothing_about_its_kind() -> None:
    beats = [(99.95, 5), (100.05, 5), (104.0, 6), (150.05, 6), (150.2, 7)]
    faults = [a_fault(100.0), a_fault(103.0, "redis-flushed"), a_fault(150.0)]

    lines = recoveries(faults, [101.0, 104.0, 150.1], beats)

    assert [line["alone"] for line in lines] == [False, False, True]
    assert worst(lines) == {"process-killed": {"accepted_s": 0.1, "decided_s": 0.2}}
