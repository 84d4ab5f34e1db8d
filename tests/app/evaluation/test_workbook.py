"""A workbook of any table: texts stay texts, numbers are numbers, nothing to measure is a dash."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from app.evaluation.answering import Evaluation, Line, lines_of, total_of
from app.evaluation.asking import Question
from app.evaluation.comma import as_csv
from app.evaluation.workbook import as_xlsx
from dispatch.evaluation.counts import Count, Period
from dispatch.evaluation.meanings import Post
from dispatch.evaluation.scoring import Scoring
from dispatch.evaluation.tables import Table
from grid.naming import Label
from tests.makers import NOON

CITY = Label("小镇", "Littletown")


def evaluation(name: str, by: str = "department") -> Evaluation:
    """A table with one line that was measured and one that was not."""
    table = Table(Post(by))
    table.rows["water"] |= {Count.NEED: 4, Count.IN_TIME: 3, Count.LATE_OPEN: 1}
    table.rows[name] |= {Count.INSIDE: 1}
    question = Question(by, Period(NOON, NOON + timedelta(days=1), NOON + timedelta(days=1)))
    return Evaluation(
        question=question,
        lines=lines_of(table, {name: Label(name, name)}, Scoring()),
        total=total_of(table, Scoring()),
        cases=5, balanced=table.is_balanced, grid_version=None, within=None,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "bell\u0007", "＝1"])
def test_no_text_of_a_workbook_is_a_formula(name: str):
    found = as_xlsx(evaluation(name), Scoring(), CITY, "Asia/Shanghai")

    table = load_workbook(BytesIO(found)).worksheets[0]
    cells = [cell for row in table.iter_rows(min_row=2) for cell in row]
    assert {cell.data_type for cell in cells if isinstance(cell.value, str)} == {"s"}
    assert name.replace("\u0007", "") in [table["B3"].value, table["C3"].value]


def test_what_was_not_measured_is_a_dash_and_in_csv_nothing():
    found = evaluation("fire")

    table = load_workbook(BytesIO(as_xlsx(found, Scoring(), CITY, "Asia/Shanghai"))).worksheets[0]
    heads = [cell.value for cell in table[1]]
    rates = [row[heads.index("处置率\ndisposal rate")].value for row in table.iter_rows(min_row=2)]
    assert rates == [0.75, "—", 0.75]
    assert b'"fire","fire","fire","","","",""' in as_csv(found)


def test_nobody_is_in_no_competition_and_comes_last():
    table = Table(Post.DEPARTMENT)
    table.rows[None] |= {Count.NEED: 1, Count.IN_TIME: 1}
    table.rows["water"] |= {Count.NEED: 2, Count.IN_TIME: 1, Count.LATE: 1}

    lines = lines_of(table, {None: Label("尚未派遣", "not assigned")}, Scoring())

    assert [(line.key, line.rank) for line in lines] == [("water", 1), (None, None)]
    assert isinstance(lines[1], Line)
    assert lines[1].score == 100
