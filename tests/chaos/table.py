"""The table of a hunt for planted bugs, written into a document between two marks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from tests.chaos.bugs import BUGS, CONTROLS, PLANTED

BEGIN: Final = "<!-- power: begin -->"
END: Final = "<!-- power: end -->"


class Hunted(Protocol):
    """How the hunt for one bug ended."""

    @property
    def bug(self) -> str: ...
    @property
    def caught_by(self) -> Sequence[str]: ...
    @property
    def foreseen(self) -> Sequence[str]: ...
    @property
    def looking(self) -> str: ...
    @property
    def faults(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def seed(self) -> int: ...
    @property
    def as_wanted(self) -> bool: ...


def write_table(document: Path, engine: str, found: Sequence[Hunted]) -> None:
    """Put the table in the place of the old one; ValueError when the document has no marks."""
    before, begin, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{document} has no {BEGIN} … {END}")
    text = table(engine, found, datetime.now(UTC))
    document.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


def table(engine: str, found: Sequence[Hunted], now: datetime) -> str:
    """One row per bug, as Markdown, the controls below it."""
    bugs = [one for one in found if one.bug in BUGS]
    caught = sum(one.as_wanted for one in bugs)
    rest = [f"`{name}`" for name in BUGS if name not in {one.bug for one in bugs}]
    seeds = ", ".join(str(seed) for seed in sorted({one.seed for one in found}))
    lines = [
        f"Measured {now:%Y-%m-%d}, engine `{engine}`, first seed {seeds}: "
        f"**{caught} of {len(bugs)} caught**.",
        "",
        "| bug | what is wrong | net taken away | faults | seconds | caught by |",
        "|---|---|---|--:|--:|---|",
        *(_row(one) for one in bugs),
        "",
        *(_control(one) for one in found if one.bug in CONTROLS),
        *([f"- Not hunted in this measurement: {', '.join(rest)}."] if rest else []),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _row(one: Hunted) -> str:
    bug = PLANTED[one.bug]
    when = " (in a snapshot)" if one.looking == "snapshot" else ""
    checks = f"{one.foreseen[0]}{when}" if one.as_wanted else "**not caught**"
    nets = ", ".join(bug.nets) or "–"
    return f"| `{bug.name}` | {bug.says} | {nets} | {one.faults} | {one.seconds:.0f} | {checks} |"


def _control(one: Hunted) -> str:
    bug = PLANTED[one.bug]
    told = f"objected: {'; '.join(one.caught_by)}" if one.caught_by else "nothing objected"
    return f"- `{bug.name}` ({bug.says.rstrip('.')}): {one.faults} faults, {told}."
