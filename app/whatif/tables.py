"""The outcome of a trial for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from rich.table import Table

from app.screen import screen

_BUSIEST: Final = 12
"""So many rows of the workload are shown, those in which most changes; --json has all."""
_MOST_AREAS: Final = 30


def print_outcome(told: Mapping[str, Any], changed: Sequence[Mapping[str, Any]]) -> None:
    """What `app.whatif.telling.as_json` made, as tables; *changed* are the cases to list."""
    console = screen()
    console.print(_headline(told), highlight=False)
    if not told["cases"]:
        return
    console.print(_sides("Before and after", [{"name": {"en": "the city"}, **told}], moved=False))
    console.print(_sides("By department", told["departments"]))
    for level, areas in groupby(told["areas"], key=lambda one: one["level"]):
        console.print(_areas(level or "area of the past", list(areas)))
    console.print(_workload(told["workload"]))
    if changed:
        console.print(_cases(changed, told["changed"]))


def _headline(told: Mapping[str, Any]) -> str:
    parts = ", ".join(told["tried"]) or "nothing (it is what is in force)"
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in told["differences"].items() if count)
    said = f"{told['cases']:,} cases decided again; tried: {parts}\n{told['changed']:,} changed"
    return f"{said}: {kinds}" if kinds else said


def _sides(title: str, rows: Sequence[Mapping[str, Any]], *, moved: bool = True) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    heads = ["cases", *(["in", "out"] if moved else []), "late", "late h", "first right"]
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        before, after = row["before"], row["after"]
        moves = [f"{row['moved_in']:,}", f"{row['moved_out']:,}"] if moved else []
        table.add_row(
            _name(row),
            _change(f"{before['cases']:,}", f"{after['cases']:,}"),
            *moves,
            _change(f"{before['late']:,}", f"{after['late']:,}"),
            _change(f"{before['late_hours']:,.0f}", f"{after['late_hours']:,.0f}"),
            _change(_percent(before["accuracy"]), _percent(after["accuracy"])),
        )
    return table


def _areas(level: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """The areas of one level; of many those in which most changes."""
    if len(rows) <= _MOST_AREAS:
        return _sides(f"By {level}", rows)
    moved = sorted(rows, key=lambda one: -(one["moved_in"] + one["moved_out"] + _later(one)))
    title = f"By {level}, {_MOST_AREAS} of {len(rows):,} where most changes; --json has all"
    return _sides(title, moved[:_MOST_AREAS])


def _later(row: Mapping[str, Any]) -> int:
    return abs(row["after"]["late"] - row["before"]["late"])


def _name(row: Mapping[str, Any]) -> str:
    code, name = row.get("code", ""), row["name"]["en"] if row["name"] else ""
    return f"{code} {name}".strip()


def _workload(told: Mapping[str, Any]) -> Table:
    rows = sorted(told["rows"], key=lambda one: -abs(one["after"] - one["before"]))[:_BUSIEST]
    title = f"Workload by the {told['by']}, where it changes most"
    table = Table(told["by"], "department", "new cases", title=title, title_justify="left")
    for row in sorted(rows, key=lambda one: one["at"]):
        change = _change(f"{row['before']:,}", f"{row['after']:,}")
        table.add_row(row["at"][:16].replace("T", " "), row["department"], change)
    return table


def _cases(changed: Sequence[Mapping[str, Any]], total: int) -> Table:
    title = f"Changed cases, {len(changed):,} of {total:,}"
    table = Table("case", "differs in", "before", "after", title=title, title_justify="left")
    for one in changed:
        sides = [_explained(one[side]) for side in ("before", "after")]
        number = f"{one['number']}\n{one['category']}"
        table.add_row(number, "\n".join(one["differences"]), *sides)
    return table


def _explained(side: Mapping[str, Any]) -> str:
    late = f"late since {side['late_since'][:16]}" if side["late_since"] else ""
    where = (
        f"{side['department'] or '–'} · {side['cell'] or '–'} · severity {side['severity'] or '–'}"
    )
    return "\n".join(filter(None, [where, side["why"]["en"], side["limit"]["en"], late]))


def _change(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
