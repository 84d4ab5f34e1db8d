"""The page of evaluation shows the definitions as the code has them, in both languages."""

import re

from dispatch.evaluation import describing
from dispatch.evaluation.counts import Count
from dispatch.evaluation.indicators import INDICATORS
from dispatch.evaluation.meanings import MEANINGS, Moment
from dispatch.evaluation.scoring import FULL, GRADES, WEIGHTS
from tests.house.documents import read

PAGE = read("docs/evaluation.md")
CHINESE = re.compile("[\u4e00-\u9fff]")


def test_the_tables_on_the_page_are_those_of_the_code():
    for made in (
        describing.indicator_table(),
        describing.count_table(),
        describing.moment_table(),
        describing.identities(),
        describing.grade_table(),
    ):
        assert made in PAGE


def test_every_count_has_a_meaning_and_every_name_stands_for_one_thing():
    assert MEANINGS.keys() == set(Count)
    labels = [one.name for one in (*MEANINGS.values(), *INDICATORS.values())]
    assert len({label.zh for label in labels}) == len(labels)
    assert len({label.en for label in labels}) == len(labels)


def test_every_word_is_there_in_both_languages():
    labels = [
        *(label for one in MEANINGS.values() for label in (one.name, one.what)),
        *(one.name for one in INDICATORS.values()),
        *(one.value for one in Moment),
        *(one.name for one in GRADES),
    ]
    assert [label for label in labels if not CHINESE.search(label.zh)] == []
    assert [label for label in labels if not label.en or CHINESE.search(label.en)] == []


def test_the_weights_are_of_indicators_that_can_be_judged_and_sum_to_a_hundred():
    assert WEIGHTS.keys() <= INDICATORS.keys()
    assert sum(WEIGHTS.values()) == FULL
    assert GRADES[-1].least == 0
