"""The counts, indicators and the score as people read them: tables in Markdown."""

from __future__ import annotations

from dispatch.evaluation.indicators import INDICATORS, Better, Indicator, formula
from dispatch.evaluation.meanings import IDENTITIES, MEANINGS, Moment
from dispatch.evaluation.scoring import GRADES, WEIGHTS

_BETTER = {Better.HIGH: "↑", Better.LOW: "↓", Better.UNJUDGED: ""}


def indicator_table() -> str:
    """Every indicator with its formula in both languages."""
    return _table(
        ["key", "中文", "English", "formula", "公式", "whose", "better", "weight"],
        [_indicator(one) for one in INDICATORS.values()],
    )


def _indicator(one: Indicator) -> list[str]:
    told = formula(one)
    weight = WEIGHTS.get(one.key)
    return [
        f"`{one.key}`",
        one.name.zh,
        one.name.en,
        told.en,
        told.zh,
        one.post,
        _BETTER[one.better],
        f"{weight:g}" if weight else "",
    ]


def count_table() -> str:
    """Every count, what it counts, and which moment puts it into a period."""
    return _table(
        ["key", "中文", "English", "what", "含义", "whose", "when"],
        [
            [
                f"`{count}`",
                one.name.zh,
                one.name.en,
                one.what.en,
                one.what.zh,
                one.post,
                one.moment.name.lower(),
            ]
            for count, one in MEANINGS.items()
        ],
    )


def moment_table() -> str:
    """The moments, in words."""
    return _table(
        ["when", "it counts in the period in which", "计入时间"],
        [[one.name.lower(), one.value.en, one.value.zh] for one in Moment],
    )


def identities() -> str:
    """What is equal to what, a line for each, in both languages."""
    lines: list[str] = []
    for whole, parts in IDENTITIES:
        zh = " + ".join(MEANINGS[part].name.zh for part in parts)
        keys = " + ".join(parts)
        lines.append(f"- {MEANINGS[whole].name.zh} = {zh}: `{whole} = {keys}`")
    return "\n".join(lines)


def grade_table() -> str:
    """The grades where a city says nothing else."""
    return _table(
        ["from", "中文", "English", "colour"],
        [[f"{one.least:g}", one.name.zh, one.name.en, f"`{one.colour}`"] for one in GRADES],
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
