"""The catalogue and the limits of the demo city, spelled out from the tables beside this module.

Codes and Chinese names are those of GB/T 47678.5-2026; the English, the severity, the departments
and all limits are this project's own.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

STANDARD: Final = "GB/T 47678.5-2026"
FIRST_CLASS_OF_ACTS: Final = "06"
CLASSES: Final = {
    "01": ("市政公用设施", "Municipal utilities"),
    "02": ("交通设施", "Traffic installations"),
    "03": ("市容环卫设施", "Cityscape and sanitation installations"),
    "04": ("园林绿化设施", "Parks and greening"),
    "05": ("其他管理部件", "Other components"),
    "06": ("市容环境", "Cityscape and environment"),
    "07": ("宣传广告", "Publicity and advertising"),
    "08": ("施工管理", "Construction"),
    "09": ("街面秩序", "Street order"),
    "10": ("其他事项", "Other matters"),
}
FALLBACK_LIMIT: Final = {
    "category": "*",
    "condition": "any",
    "name_zh": "未列明",
    "name_en": "Not listed",
    "milestone": "resolve",
    "amount": "5",
    "unit": "work_day",
    "default": "true",
}
SOS: Final = {"01066": "紧急报警点异常SOS"}
"""The one fault the standard does not name by writing 异常 behind the component."""

Line = dict[str, str]


def table(name: str) -> list[Line]:
    """The lines of a CSV file beside this module."""
    text = (files("app.city.yunxi") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def catalogue() -> list[Line]:
    """The 153 components and 250 matters as lines of ``catalogue.csv``."""
    lines = table("catalogue.csv")
    components = [_line("component", one) for one in lines if _is_component(one)]
    return components + [_line("matter", _matter(one)) for one in lines]


def limits() -> list[Line]:
    """Every matter with the conditions and milestones of its family, and the fallback."""
    families: dict[str, list[Line]] = defaultdict(list)
    for line in table("limits.csv"):
        families[line.pop("family")].append(line)
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


def _is_component(line: Line) -> bool:
    return line["code"] < FIRST_CLASS_OF_ACTS


def _matter(line: Line) -> Line:
    """What a report names: of a component, its fault."""
    if not _is_component(line):
        return line
    zh = SOS.get(line["code"], line["name_zh"] + "异常")
    return line | {"name_zh": zh, "name_en": f"{line['name_en']}: fault"}


def _line(kind: str, line: Line) -> Line:
    class_code = line["code"][:2]
    class_zh, class_en = CLASSES[class_code]
    return {
        "kind": kind,
        "class": class_code,
        "class_zh": class_zh + ("类" if kind == "matter" else ""),
        "class_en": class_en,
        "code": line["code"],
        "name_zh": line["name_zh"],
        "name_en": line["name_en"],
        "severity": line["severity"],
        "reportable": "true" if kind == "matter" else "false",
        "keywords": line["keywords"],
    }
