"""Valid markers, rows and histories of the numbered log, for the tests of maps."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from dispatch.case import State
from maps.board import Marker
from maps.patch import CASE_EVENTS, Patch, Row


def make_marker(**changes: Any) -> Marker:
    case_id = changes.get("id", 1)
    fields: dict[str, Any] = {
        "id": case_id,
        "number": f"990101-20261123-{case_id:06d}",
        "state": State.ASSIGNED,
        "category": "06010",
        "severity": 3,
        "cell": "990101001002003",
        "areas": ("990101001002", "990101001", "990101"),
        "department": "city-management",
        "lon": 113.1,
        "lat": 29.2,
        "reported_at": "2026-11-23T08:00:00.000000Z",
        "opened_at": "2026-11-23T08:00:01.000000Z",
        "due_at": "2026-11-23T12:00:00.000000Z",
        "overdue": False,
        "reports": 1,
        "version": 3,
    }
    return Marker(**(fields | changes))


def make_row(position: int, marker: Marker, kind: str = "assigned") -> Row:
    case = {name: getattr(marker, name) for name in marker.__struct_fields__}
    body = {"kind": kind, "seq": marker.version, "actor": "rules", "case": case}
    event = {"specversion": "1.0", "id": f"case-{marker.id}-{marker.version}", "data": body}
    return Row(position, CASE_EVENTS, json.dumps(event, ensure_ascii=False))


@dataclass(frozen=True)
class History:
    """Patches 1..n of a few cases, each case ending at most once."""

    patches: Sequence[Patch]

    def markers_at(self, position: int) -> list[Marker]:
        """What the table of cases holds after this many rows: the newest of each case."""
        newest = {p.marker.id: p.marker for p in self.patches[:position] if p.marker}
        return list(newest.values())


DEPARTMENTS = (None, "city-management", "water")
COMMUNITIES = ("990101001001", "990101001002")


@st.composite
def histories(draw: st.DrawFn) -> History:
    versions: dict[int, int] = {}
    ended: set[int] = set()
    patches: list[Patch] = []
    for position in range(1, draw(st.integers(1, 40)) + 1):
        case_id = draw(st.integers(0, 6))
        if case_id == 0 or case_id in ended:
            patches.append(Patch(position, None))
            continue
        versions[case_id] = versions.get(case_id, 0) + 1
        state = draw(st.sampled_from(State))
        if state.ended:
            ended.add(case_id)
        marker = make_marker(
            id=case_id,
            state=state,
            version=versions[case_id],
            department=draw(st.sampled_from(DEPARTMENTS)),
            areas=(draw(st.sampled_from(COMMUNITIES)), "990101001", "990101"),
        )
        patches.append(Patch(position, marker))
    return History(patches)
