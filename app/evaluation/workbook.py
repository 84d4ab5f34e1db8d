"""An evaluation as XLSX, for people: the table, what its words mean, and what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from app.evaluation.answering import Evaluation, Line
from app.evaluation.words import GRIDS, NONE, moment_told
from dispatch.evaluation.indicators import INDICATORS, Indicator, formula
from dispatch.evaluation.meanings import MEANINGS
from dispatch.evaluation.scoring import Grade, Scoring
from grid.naming import Label

_BOLD: Final = Font(bold=True)
_PALE: Final = PatternFill("solid", fgColor="E8EEF2")
_HEADING: Final = Alignment(wrap_text=True, vertical="top")
_KEYS: Final = (Label("编码", "code"), Label("名称", "name"), Label("英文名称", "English name"))
_JUDGED: Final = (Label("得分", "score"), Label("等级", "grade"), Label("名次", "rank"))
_FORMATS: Final = {"ratio": "0.0%", "s": '0.0" h"'}


def as_xlsx(found: Evaluation, scoring: Scoring, city: Label, timezone: str) -> bytes:
    """The file; times stand in it by the clocks of the city."""
    book = Workbook(write_only=True)
    _write_table(_Sheet(book, "评价 Evaluation", [16, 24, 24], pinned="D2"), found)
    _write_meanings(_Sheet(book, "指标 Definitions", [22, 20, 26, 48, 56, 30]), found, scoring)
    _write_question(_Sheet(book, "说明 About", [28, 60]), found, city, timezone)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


class _Sheet:
    """A sheet that is written line by line; texts stay texts, whatever they begin with."""

    def __init__(self, book: Any, title: str, widths: Sequence[int], pinned: str = "A2") -> None:
        self._sheet: Any = book.create_sheet(title)
        self._sheet.freeze_panes = pinned
        for number, width in enumerate(widths, 1):
            self._sheet.column_dimensions[get_column_letter(number)].width = width

    def head(self, labels: Sequence[Label]) -> None:
        """The first line: both languages, one below the other."""
        self.write([self._headed(self.cell(f"{one.zh}\n{one.en}")) for one in labels])

    def write(self, cells: Sequence[Any]) -> None:
        """One line of cells, or of values."""
        made = [one if isinstance(one, Cell) else self.cell(one) for one in cells]
        self._sheet.append(made)

    def cell(self, value: object, style: str = "") -> Any:
        """A cell; *style* is how a number is shown. None is a dash: nothing was to be measured."""
        if value is None:
            value = NONE
        made: Any = WriteOnlyCell(self._sheet)
        if isinstance(value, str):
            made.value = ILLEGAL_CHARACTERS_RE.sub("", value)
            made.data_type = "s"
        else:
            made.value = value
        if style:
            made.number_format = style
        return made

    def _headed(self, cell: Any) -> Any:
        cell.font, cell.fill, cell.alignment = _BOLD, _PALE, _HEADING
        return cell


def _write_table(sheet: _Sheet, found: Evaluation) -> None:
    names = [*_KEYS, *_JUDGED]
    names += [one.name for one in found.indicators]
    names += [MEANINGS[count].name for count in found.counts]
    sheet.head(names)
    for line in found.lines:
        sheet.write(list(_line(sheet, line, found)))
    for cell in (last := list(_line(sheet, found.total, found))):
        cell.font = _BOLD
    sheet.write(last)


def _line(sheet: _Sheet, line: Line, found: Evaluation) -> Iterator[Any]:
    for text in (line.key or "", line.name.zh, line.name.en):
        yield sheet.cell(text)
    yield sheet.cell(line.score, "0.0")
    yield _graded(sheet, line.grade)
    yield sheet.cell(line.rank)
    for one in found.indicators:
        yield sheet.cell(_shown(one, line), _FORMATS[one.unit])
    for count in found.counts:
        yield sheet.cell(line.counts.get(count, 0), "#,##0")


def _graded(sheet: _Sheet, grade: Grade | None) -> Any:
    cell = sheet.cell(f"{grade.name.zh} {grade.name.en}" if grade else None)
    if grade:
        cell.fill = PatternFill("solid", fgColor=grade.colour.removeprefix("#"))
    return cell


def _shown(indicator: Indicator, line: Line) -> float | None:
    """The value in the unit that it is shown in: a ratio, or hours."""
    value = indicator.of(line.counts).value
    return value if value is None or indicator.unit == "ratio" else value / 3600


def _write_meanings(sheet: _Sheet, found: Evaluation, scoring: Scoring) -> None:
    sheet.head(
        [
            Label("代号", "key"),
            Label("名称", "name"),
            Label("英文名称", "English name"),
            Label("公式或含义", "formula or meaning (Chinese)"),
            Label("公式或含义(英文)", "formula or meaning"),
            Label("权重或计入时间", "weight, or counted when"),
        ]
    )
    for one in INDICATORS.values():
        told, weight = formula(one), scoring.weights.get(one.key)
        sheet.write([one.key, one.name.zh, one.name.en, told.zh, told.en, weight])
    for count, meaning in MEANINGS.items():
        moment = meaning.moment.value
        sheet.write(
            [
                str(count),
                meaning.name.zh,
                meaning.name.en,
                meaning.what.zh,
                meaning.what.en,
                f"{moment.zh} {moment.en}",
            ]
        )


def _write_question(sheet: _Sheet, found: Evaluation, city: Label, timezone: str) -> None:
    """What was asked and how it was answered."""
    period = found.question.period
    grid, version = GRIDS[found.question.grid], found.grid_version or ""
    within = " ".join(found.within) if found.within is not None else "全市 the whole city"
    sheet.head([Label("项目", "item"), Label("内容", "value")])
    sheet.write(["城市 city", f"{city.zh} {city.en}"])
    sheet.write(["起 from", moment_told(period.begin, timezone)])
    sheet.write(["止 until", moment_told(period.until, timezone)])
    sheet.write(["数据截至 by what was known at", moment_told(period.known_at, timezone)])
    sheet.write(["网格 grid", f"{grid.zh} {grid.en} {version}".strip()])
    sheet.write(["范围 within", within])
    sheet.write(["统计案卷数 cases looked at", found.cases])
    balanced = "是 yes" if found.balanced else "否 no"
    sheet.write(["各行恒等式成立 identities hold in every line", balanced])
