"""No way in that names no action, and the description of all of them."""

import re

import pytest
from starlette.routing import BaseRoute

from app.http.access import UnknownAction, guarded
from app.http.probes import healthz
from app.policy import POLICY
from app.settings import Settings
from app.web import make_web
from tests.app.town import Town, store_grid_of_town

_ASKED = tuple(
    f"/api/{room}"
    for room in (
        *("cases", "duplicates", "tasks", "escalations", "evaluation", "grid"),
        *("alarms", "sensors", "situations"),
    )
)
"""Where doors are that refuse a parameter that they do not know."""


def _asks(path: str) -> str:
    """Somebody who may ask there."""
    return "operator.city" if path.startswith("/api/duplicates") else "auditor.city"


def actions_of(route: BaseRoute) -> list[str]:
    """The actions a route asks the policy for, by its guard."""
    guard = getattr(getattr(route, "endpoint", None), "__self__", None)
    return [guard.action] if hasattr(guard, "action") else []


def test_every_route_names_one_action_of_the_policy():
    app = make_web(Settings(database_url="postgresql://nowhere"))

    named = {str(route): actions_of(route) for route in app.routes}

    assert len(named) > 20
    assert {route: found for route, found in named.items() if len(found) != 1} == {}
    assert {action for found in named.values() for action in found} <= POLICY.keys()


def test_a_route_cannot_name_an_action_that_the_policy_does_not_list():
    with pytest.raises(UnknownAction):
        guarded("case.delete", healthz)


def test_every_action_of_the_policy_is_asked_for_somewhere():
    app = make_web(Settings(database_url="postgresql://nowhere"))
    asked = {action for route in app.routes for action in actions_of(route)}

    unasked = {action for action in POLICY.keys() - asked if not action.startswith("case.move.")}

    # The one is asked within GET requests, by those who show a key; the other by a setting.
    assert unasked == {"report.list_own", "grid.read_open"}


async def test_the_description_tells_every_route_with_its_action_and_body(town: Town):
    described = (await town.client.get("/api/openapi.json")).json()

    report = described["paths"]["/api/reports"]["post"]
    assert report["x-action"] == "report.submit"
    assert [one["name"] for one in report["parameters"]] == ["Idempotency-Key"]
    told = described["components"]["schemas"]["Told"]
    assert told["additionalProperties"] is False
    samples = described["paths"]["/api/observations"]["post"]["requestBody"]["content"]
    assert sorted(samples) == ["application/json", "application/x-ndjson"]
    assert all(
        operation["summary"] for path in described["paths"].values() for operation in path.values()
    )


async def test_the_description_tells_every_parameter_that_a_door_takes_and_no_other(town: Town):
    await store_grid_of_town(town.conn)
    paths = (await town.client.get("/api/openapi.json")).json()["paths"]
    told = {
        path: [one["name"] for one in doors["get"]["parameters"] if one["in"] == "query"]
        for path, doors in paths.items()
        if "get" in doors and not path.startswith(("/ogc", "/open311", "/sta"))
    }

    taken = dict[str, list[str]]()
    for path in told:
        async with await town.logged_in(_asks(path)) as browser:
            if path.startswith(_ASKED):
                url = re.sub(r"\{.*?\}", "1", path)
                answer = await browser.get(url, params={"nonsense": "1"})
                remedies = [one["remedy"] for one in answer.json().get("errors", ())]
                known = [one for one in remedies if one.startswith("there are ")]
                taken[path] = known[0].removeprefix("there are ").split(", ") if known else []

    assert {path: sorted(names) for path, names in told.items() if names} == {
        path: sorted(names) for path, names in taken.items() if names
    }
    assert len(taken["/api/cases"]) > 5


async def test_an_answer_carries_the_request_id_of_its_caller(town: Town):
    told = await town.client.get("/healthz", headers={"x-request-id": "phone-7-000123"})
    crooked = await town.client.get("/healthz", headers={"x-request-id": "a b"})

    assert told.headers["x-request-id"] == "phone-7-000123"
    assert crooked.headers["x-request-id"] != "a b"
    assert told.headers["x-content-type-options"] == "nosniff"
