"""The catalogue and the limits of the demo city, spelled out from the tables beside this module.

Codes and Chinese names are those of GB/T 47678.5-2026; the English, the severity, the departments
and all limits are this project's own.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from grid.catalogue import MATTER
from grid.standards import tables
from grid.standards.vintage import Vintage

STANDARD: Final = Vintage.FIVE_DIGIT.value
FALLBACK_LIMIT: Final = {
    "category": "*",
    "condition": "any",
    "name_zh": "未列明",
    "name_en": "Not listed",
    "milestone": "resolve",
    "amount": "5",
    "unit": "work_day",
    "default": "true",
    "closing_zh": "问题消除，现场恢复",
    "closing_en": "What was reported is gone, the place is as it was",
}
Line = dict[str, str]


def table(name: str) -> list[Line]:
    """The lines of a CSV file beside this module."""
    text = (files("app.city.yunxi") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def catalogue() -> list[Line]:
    """The 153 components and 250 matters as lines of ``catalogue.csv``."""
    own = {one["code"]: one for one in table("catalogue.csv")}
    return [_line(one, own[one.code]) for one in tables.table(Vintage.FIVE_DIGIT).values()]


def limits() -> list[Line]:
    """Every matter with the conditions and milestones of its family, and the fallback."""
    closing = {one.pop("family"): one for one in table("closing.csv")}
    families: dict[str, list[Line]] = defaultdict(list)
    for line in table("limits.csv"):
        family = line.pop("family")
        families[family].append(line | closing[family])
    return [*_limits(families), FALLBACK_LIMIT]


def duties() -> list[Line]:
    """Who answers for each matter in the whole city."""
    return [
        {"category": one["code"], "area": "", "department": one["department"]}
        for one in table("catalogue.csv")
    ]


def _limits(families: dict[str, list[Line]]) -> Iterator[Line]:
    for one in table("catalogue.csv"):
        for line in families[one["family"]]:
            yield {"category": one["code"], **line}


def _line(entry: tables.Entry, own: Line) -> Line:
    return {
        "kind": entry.kind,
        "class": entry.code[:2],
        "class_zh": entry.class_name.zh,
        "class_en": entry.class_name.en,
        "code": entry.code,
        "name_zh": entry.name.zh,
        "name_en": entry.name.en,
        "severity": own["severity"],
        "reportable": "true" if entry.kind == MATTER else "false",
        "keywords": own["keywords"],
    }
