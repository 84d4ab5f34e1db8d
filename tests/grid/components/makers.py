"""A valid component; each test overrides what matters to it."""

from datetime import date
from typing import Any

from shapely import Point

from grid.components.component import Body, Component, ComponentState


def component(id: str = "99010101001000001", **changes: Any) -> Component:
    fields: dict[str, Any] = {
        "id": id,
        "category": id[6:11],
        "name": "供水井盖",
        "manager": Body("12990101YX00000001", "自来水公司"),
        "cell": "990101001001001",
        "state": ComponentState.INTACT,
        "initial_on": date(2024, 1, 31),
        "geometry": Point(112.8, 30.8),
    }
    return Component(**(fields | changes))
