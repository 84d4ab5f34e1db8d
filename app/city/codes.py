"""Which codes the parts of a pack have, for those who name them; None where a part has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.city.rules import Part
from app.city.territory import Areas
from grid.catalogue import COMPONENT, MATTER


def codes_of(part: Part | None) -> set[str] | None:
    """The codes of a part."""
    return {row["code"] for row in part} if part is not None else None


def matter_codes(parts: Mapping[str, Any]) -> set[str] | None:
    """Of what is reported of no component (事件)."""
    listed = parts["catalogue"]
    return (
        {one["code"] for one in listed["categories"] if one["kind"] == MATTER} if listed else None
    )


def component_codes(parts: Mapping[str, Any]) -> set[str] | None:
    """Of what is reported of components (部件)."""
    listed = parts["catalogue"]
    if listed is None:
        return None
    return {one["code"] for one in listed["categories"] if one["kind"] == COMPONENT}


def all_codes(parts: Mapping[str, Any], areas: Areas) -> dict[str, set[str]]:
    """What a city may hold back from its rules, by kind; categories also by their beginnings."""
    codes = [one["code"] for one in parts["catalogue"]["categories"] if one["kind"] == MATTER]
    beginnings = {code[:length] for code in codes for length in range(1, len(code) + 1)}
    rule_names = {rule["name"] for rule in parts["routing"]}
    return {"categories": beginnings, "rules": rule_names, "areas": areas.codes}
