"""Why, in a sentence of both languages."""

from __future__ import annotations

import pytest

from dispatch.calendar import Unit
from dispatch.whatif.explaining import UNITS, limit_explained, routing_explained
from dispatch.whatif.past import Verdict
from grid.naming import Label
from tests.dispatch.whatif.makers import past, with_rule
from tests.dispatch.whatif.test_deciding import again


def test_a_rule_is_named_with_its_reason():
    verdict = again(past(), with_rule("category == '06010'", "fire")).after

    assert routing_explained(verdict) == Label(
        "规则 tried：It is tried（中）", "rule tried: It is tried"
    )


def test_a_person_who_assigned_is_named_and_not_quoted():
    verdict = Verdict(routing={"step": "person", "name": "wang", "reason": "she phoned, 555-0100"})

    assert routing_explained(verdict) == Label("由 wang 派遣", "assigned by wang")


@pytest.mark.parametrize(
    ("problem", "zh"),
    [
        ("outside", "没有单元网格包含该位置"),
        ("UnknownCategory: no 1", "目录中没有该类别（no 1）"),
        ("SomethingNew: it broke", "无法作出决定（it broke）"),
    ],
)
def test_why_there_is_no_decision(problem: str, zh: str):
    verdict = Verdict(problem=problem)

    assert routing_explained(verdict).zh == zh
    assert limit_explained(verdict) == Label("", "")


def test_a_case_that_was_sent_to_nobody_says_so():
    assert routing_explained(Verdict()).en == "nobody was sent"


def test_a_limit_tells_its_row_and_what_it_allows():
    assert limit_explained(past(category="01001").verdict) == Label(
        "时限第 2 行：resolve 2 个紧急工作时",
        "row 2 of the limits: resolve 2 hours round the clock",
    )


def test_every_unit_has_a_name_in_both_languages():
    assert UNITS.keys() == set(Unit)
