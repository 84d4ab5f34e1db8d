"""Whatever stands in a filter, the answer is a page or says what is wrong: never a defect."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.http.sta.expressions import Call, Expression, Literal, Path
from tests.app.http.sta.test_language import EXPRESSIONS, OPERATORS, TEXTS
from tests.app.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")
ADDRESSES = st.sampled_from(
    ["Observations", "Datastreams('W1')/Observations", "Datastreams", "Things", "Locations",
     "FeaturesOfInterest", "HistoricalLocations"]
)  # fmt: skip


def in_writing(expression: Expression) -> str:
    """An expression as it is sent."""
    match expression:
        case Literal(value):
            return written(value)
        case Path():
            return str(expression)
        case Call(name, (left, right)) if name in OPERATORS:
            return f"({in_writing(left)} {name} {in_writing(right)})"
        case Call("not" | "negative" as name, (inner,)):
            return f"{'not' if name == 'not' else '-'} ({in_writing(inner)})"
        case Call(name, arguments):
            return f"{name}({','.join(map(in_writing, arguments))})"


def written(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return "'" + value.replace("'", "''") + "'"
        case timedelta():
            return f"duration'PT{int(value.total_seconds())}S'"
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return repr(value)


CONDITIONS = EXPRESSIONS.map(in_writing) | TEXTS


async def test_any_filter_is_answered(things: Town):
    answers: list[tuple[int, str]] = []
    with httpx.Client(base_url=things.url, timeout=30) as client:

        @example("Things", "name eq 'a'", "$filter")
        @given(ADDRESSES, CONDITIONS, st.sampled_from(["$filter", "$orderby", "$expand"]))
        @settings(max_examples=150, suppress_health_check=list(HealthCheck))
        def ask(address: str, text: str, option: str) -> None:
            answer = client.get(
                f"/sta/v1.1/{address}",
                params={option: text, "$count": "true"},
                headers={"x-api-key": things.keys["auditor"]},
            )
            answers.append((answer.status_code, text))
            assert answer.status_code in (200, 400), (answer.status_code, answer.text)

        await asyncio.to_thread(ask)

    assert {status for status, _ in answers} == {200, 400}
