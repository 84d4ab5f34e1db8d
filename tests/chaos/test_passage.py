"""Stages of an upgrade are counted, and one in which nothing went on is named."""

from __future__ import annotations

from typing import Any

from tests.chaos.passage import passage

STAGES = {"old": 0.0, "new": 10.2}


def attempt(t: float, status: int | None = 201, kind: str = "fresh") -> dict[str, Any]:
    return {"t": t, "status": status, "kind": kind}


def test_what_was_taken_and_decided_is_counted_by_stage() -> None:
    attempts = [attempt(10.0), attempt(10.1, 200), attempt(10.6)]

    found = passage(attempts, [10.1, 10.7], STAGES)

    assert found.accepted == {"old": 2, "new": 1}
    assert found.decided == {"old": 1, "new": 1}
    assert found.longest_s_without_acceptance == 0.5
    assert found.idle == []


def test_only_what_the_phone_did_not_choose_is_unanswered() -> None:
    attempts = [attempt(1.0, None), attempt(2.0, None, "hang-up"), attempt(3.0, 503)]

    found = passage(attempts, [], STAGES)

    assert (found.unanswered, found.told_to_come_again) == (1, 1)


def test_a_stage_without_decisions_is_idle_and_so_is_one_that_took_nothing() -> None:
    assert passage([attempt(1.0), attempt(11.0)], [1.5], STAGES).idle == ["new"]
    assert passage([attempt(1.0)], [1.5, 11.0], STAGES).idle == ["new"]
