"""A small valid city; each test overrides what matters to it."""

from typing import Any

from grid.naming import Row

MATTER: Row = {
    "code": "06010",
    "kind": "matter",
    "class": "06",
    "class_name": {"zh": "市容环境", "en": "Cityscape"},
    "name": {"zh": "暴露垃圾", "en": "Exposed rubbish"},
    "severity": 3,
    "reportable": True,
    "keywords": ["垃圾", "rubbish"],
}


def area_row(code: str, parent: str | None = None, **changes: Any) -> Row:
    name = {"zh": f"区域{code}", "en": f"Area {code}"}
    row = {"code": code, "level": "street", "parent": parent, "name": name, "department": None}
    return row | changes


def category_row(code: str, **changes: Any) -> Row:
    return dict(MATTER) | {"code": code, "class": code[:2]} | changes


def duty_row(row: int, category: str, area: str, department: str) -> Row:
    return {"row": row, "category": category, "area": area, "department": department}


TREE: list[Row] = [
    area_row("990101", level="division"),
    area_row("990101001", "990101"),
    area_row("990101002", "990101", department="STREET2"),
    area_row("990101001001", "990101001", level="community"),
    area_row("990101002001", "990101002", level="community"),
]
