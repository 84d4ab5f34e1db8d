"""The bulletin is one page for print: nothing is asked for, nothing runs, names are only text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dispatch.evaluation.scoring import GRADES
from grid.naming import Label
from maps.report.bulletin import (
    Bulletin,
    Day,
    LateCase,
    Place,
    Row,
    Tile,
    bulletin_page,
)
from maps.report.drawings import bars, drawn_places
from tests.grid.versions.makers import square
from tests.maps.report.pages import Page
from tests.maps.report.test_document import HOSTILE


def bulletin(words: str = "甲") -> Bulletin:
    name = Label(words, words)
    [drawn] = drawn_places(np.array([square(0, 0)], dtype=object), 330, 300)
    ((one,), (other,)), _ = bars([[1], [2]], 700, 110)
    rows = [Row("1", name, ["5", "—"], "93.1", GRADES[0]), Row("—", name, ["0", "—"], "—")]
    return Bulletin(
        city=name, span=name, made=words, known=words, grid=name,
        tiles=[Tile(name, words, words, True, GRADES[3])], days=[Day(words, one, other)],
        days_top="2", places_name=name, places=[Place(name, drawn, GRADES[1])],
        place_heads=[name, name], place_rows=rows, department_heads=[name, name],
        department_rows=rows, category_heads=[name, name], category_rows=rows,
        late=[LateCase(words, name, name, name, "10-15 18:00", "16.2 d", name)], late_more=3,
        grades=GRADES, identity=words, weights=[(name, "100")],
    )  # fmt: skip


def test_a_bulletin_asks_for_nothing_runs_nothing_and_is_made_for_paper():
    page = Page(bulletin_page(bulletin()))

    assert page.asked == []
    assert not {"script", "link", "img"} & set(page.tags)
    assert "default-src 'none'" in page.html
    assert "@page { size: A4" in page.html


@pytest.mark.parametrize("words", HOSTILE)
def test_what_people_wrote_is_only_text(words: str):
    page, plain = Page(bulletin_page(bulletin(words))), Page(bulletin_page(bulletin()))

    assert page.tags == plain.tags


def test_a_period_without_cases_says_so_in_both_languages():
    empty = replace(bulletin(), place_rows=[], department_rows=[], category_rows=[], late=[])

    told = bulletin_page(empty)

    for words in (
        "本期无案卷 No cases",
        "本期无派遣 Nothing was assigned",
        "本期无上报",
        "本期无超期",
    ):
        assert words in told
