"""What lists of cases, tasks and escalations can be asked for, as `/api/openapi.json` tells it.

`app.http.case_filters`, `app.http.tasks` and `app.http.escalations` read it; a test holds them
against this.
"""

from __future__ import annotations

from typing import Final

from app.http.case_filters import LONGEST_LIST, CaseFilter
from app.http.escalations import EscalationFilter
from app.http.parameters import Query, choice_query, flag_query, number_query
from app.http.sorting import NAMES
from app.http.tasks import TaskFilter
from dispatch.case import State
from dispatch.workflow.state import PartState

_LARGEST_ID: Final = 2**63 - 1
_FOUR: Final = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}
_SUSPENDED: Final = flag_query("suspended", "Whether its clocks stand")
_OVERDUE: Final = flag_query("overdue", "Whether a milestone of its limit has passed")
_BEFORE: Final = number_query(
    "before", "Only what comes after this case: `next` of the page before", most=_LARGEST_ID
)


_SORT: Final = (
    number_query("severity", "From 1, the most severe, to 4", most=4),
    Query(
        "sort", "In which order; - is from the greatest down",
        {"type": "string", "enum": [*NAMES], "default": "-id"},
    ),
    Query("after", "Only what comes after this: `next` of the page before, where it is a text"),
)  # fmt: skip


def _limit(usual: int) -> Query:
    return number_query("limit", "How many at the most", most=LONGEST_LIST, usual=usual)


CASES: Final = (
    choice_query("state", "In one of these states", tuple(State)),
    Query("department", "Code of the department that answers for it"),
    Query("category", "Code of the category"),
    Query("area", "Code of an area that holds it"),
    Query("cell", "Code of the cell"),
    Query("component", "Id of the component it is about"),
    _OVERDUE,
    _SUSPENDED,
    flag_query("excused", "Whether it is late and that was excused"),
    Query("bbox", "west, south, east, north in degrees WGS84", _FOUR),
    *_SORT,
    _BEFORE,
    _limit(CaseFilter().limit),
)
TASKS: Final = (
    choice_query("state", "Tasks in one of these states", tuple(PartState)),
    Query("department", "Code of the department whose task it is"),
    flag_query("lead", "Whether it is the task of the lead, or of a helper"),
    number_query("case", "Id of the case", most=_LARGEST_ID),
    Query("category", "Code of the category of the case"),
    Query("area", "Code of an area that holds the case"),
    _SUSPENDED,
    _OVERDUE,
    *_SORT,
    _BEFORE,
    _limit(TaskFilter().limit),
)
ESCALATIONS: Final = (
    flag_query("mine", "Whether the one who asks was told"),
    flag_query("open", "Whether nobody has acknowledged it"),
    flag_query("failed", "Whether some message of it did not get through"),
    number_query("case", "Id of the case", most=_LARGEST_ID),
    number_query("before", "Only below this id: `next` of the page before", most=_LARGEST_ID),
    _limit(EscalationFilter().limit),
)
