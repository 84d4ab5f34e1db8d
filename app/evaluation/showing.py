"""An evaluation in the terminal, in one language: two would not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.evaluation.answering import Evaluation, Line
from app.evaluation.words import NONE, period_told, shown
from app.http.city import City
from dispatch.evaluation.counts import Count
from dispatch.evaluation.indicators import Indicator
from dispatch.evaluation.meanings import IDENTITIES, MEANINGS, Post, counts_of
from dispatch.evaluation.scoring import WEIGHTS
from grid.naming import Label, Language

_DISPOSALS: Final = (Count.NEED, Count.IN_TIME, Count.LATE, Count.LATE_OPEN)
_NAME: Final = Label("名称", "name")
_JUDGED: Final = (Label("名次", "rank"), Label("得分", "score"), Label("等级", "grade"))


def show(found: Evaluation, city: City, language: Language) -> None:
    """Print the table, and whether its sums hold."""
    told = period_told(found.question, city.timezone).get(language)
    table = Table(title=escape(f"{city.name.get(language)} · {told}"))
    counts, indicators = _columns(found)
    judged = found.question.post in (None, Post.DEPARTMENT)
    heads = [_NAME, *(_JUDGED if judged else ()), *(one.name for one in indicators)]
    for head in (*heads, *(MEANINGS[one].name for one in counts)):
        table.add_column(head.get(language), justify="left" if head is _NAME else "right")
    for line in found.lines:
        table.add_row(*_cells(line, counts, indicators, judged, language))
    table.add_section()
    table.add_row(*_cells(found.total, counts, indicators, judged, language), style="bold")
    console = Console()
    console.print(table)
    console.print(f"{'✓' if found.balanced else '✗'} {_identity(language)}")


def _identity(language: Language) -> str:
    whole, parts = IDENTITIES[0]
    return f"{MEANINGS[whole].name.get(language)} = " + " + ".join(
        MEANINGS[part].name.get(language) for part in parts
    )


def _columns(found: Evaluation) -> tuple[Sequence[Count], Sequence[Indicator]]:
    """What fits into a terminal: all of a person, the weighted part of a place or department."""
    post = found.question.post
    if post not in (None, Post.DEPARTMENT):
        return counts_of(post), found.indicators
    first = Count.REPORTED if post is None else Count.INSIDE
    return (first, *_DISPOSALS), [one for one in found.indicators if one.key in WEIGHTS]


def _cells(
    line: Line,
    counts: Sequence[Count],
    indicators: Sequence[Indicator],
    judged: bool,
    language: Language,
) -> list[str]:
    score = NONE if line.score is None else f"{line.score:.1f}"
    rank = NONE if line.rank is None else str(line.rank)
    grade = NONE
    if line.grade:
        name = escape(line.grade.name.get(language))
        grade = f"[{line.grade.colour}]■[/] {name}"
    return [
        escape(line.name.get(language)),
        *([rank, score, grade] if judged else []),
        *(shown(one, line.counts) for one in indicators),
        *(f"{line.counts.get(one, 0):,.0f}" for one in counts),
    ]
