"""What a migration does to a release that goes on running on the schema it changes.

Reads SQL by its words, and so sees only what words can tell: `tests.chaos.upgrade` runs the
previous release on the new schema and sees the rest.
"""

from __future__ import annotations

import re
from typing import Final

MARK: Final = "-- previous release:"
"""Before a statement, with the reason why the release before does not mind it."""

_MARKED: Final = "/*marked*/"
_NAME: Final = r'"?(\w+)"?'
_BREAKS: Final = {
    r"\bDROP (TABLE|COLUMN|VIEW|MATERIALIZED VIEW|TYPE|FUNCTION|SEQUENCE|SCHEMA|DEFAULT)\b":
        "takes away what the previous release may use",
    r"\bRENAME\b": "takes away a name the previous release may use",
    r"\bALTER (COLUMN )?\w+ (SET DATA )?TYPE\b": "changes a type the previous release reads",
    r"\bSET NOT NULL\b": "refuses rows of the previous release",
    r"\bADD (CONSTRAINT|CHECK|UNIQUE|FOREIGN KEY|PRIMARY KEY|EXCLUDE)\b":
        "may refuse rows of the previous release",
    r"\bCREATE (CONSTRAINT )?TRIGGER\b": "changes what the previous release writes",
    r"^(TRUNCATE|DELETE FROM)\b": "takes away rows the previous release may use",
}  # fmt: skip


def breaks(sql: str) -> list[str]:
    """What of a migration the previous release may not survive; empty when nothing shows.

    Tables and columns the migration itself makes are its own: nobody uses them yet.
    """
    statements = _statements(sql)
    tables = {
        found[1]
        for one in statements
        if (found := re.search(rf"\bCREATE TABLE (?:IF NOT EXISTS )?{_NAME}", one))
    }
    columns = {
        name
        for one in statements
        for name in re.findall(rf"\bADD COLUMN (?:IF NOT EXISTS )?{_NAME}", one)
    }
    return [
        f"{_shortened(one)}: {reason}"
        for one in statements
        if _MARKED not in one and _target(one) not in tables
        for reason in _reasons(one, columns)
    ]


def _reasons(statement: str, columns: set[str]) -> list[str]:
    found = [why for pattern, why in _BREAKS.items() if re.search(pattern, statement)]
    for added in re.findall(r"\bADD COLUMN ([^,]*)", _without_parentheses(statement)):
        if "NOT NULL" in added and not re.search(r"\b(DEFAULT|GENERATED)\b", added):
            found.append("the previous release does not fill it")
    unique = re.search(r"\bCREATE UNIQUE INDEX .*? ON \w+ \(([^)]*)\)", statement)
    if unique and not set(re.findall(r"\w+", unique[1])) <= columns:
        found.append("may refuse rows of the previous release")
    return found


def _statements(sql: str) -> list[str]:
    """Statements without comments and bodies of functions, in one line each."""
    sql = re.sub(rf"{MARK}.*", _MARKED, sql)
    sql = re.sub(r"--.*", "", sql)
    sql = re.sub(r"\$(\w*)\$.*?\$\1\$", "''", sql, flags=re.DOTALL)
    lines = (" ".join(one.split()) for one in sql.split(";"))
    return [one for one in lines if one]


def _target(statement: str) -> str | None:
    """The table a statement is about."""
    act = r"ALTER TABLE(?: IF EXISTS)?(?: ONLY)?|INDEX.*? ON|TRIGGER.*? ON|DELETE FROM"
    found = re.search(rf"\b(?:{act}) {_NAME}", statement)
    return found[1] if found else None


def _without_parentheses(text: str) -> str:
    while (shorter := re.sub(r"\([^()]*\)", "", text)) != text:
        text = shorter
    return text


def _shortened(statement: str) -> str:
    return statement if len(statement) <= 80 else f"{statement[:79]}…"
