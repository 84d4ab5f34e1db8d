"""What can be asked of this city by Open311: discovery, services, and their definitions."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.addresses import base_of
from app.http.city import City
from app.http.open311.writing import PREFIX, Row, answer, answer_one
from app.http.wiring import wiring_of
from app.policy import Actor
from app.problems import Problem
from grid.catalogue import Category
from grid.naming import Language
from grid.question import CHOICE, COMPONENT, FLAG, NUMBER, TEXT, Question

_SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
_DATATYPES: Final = {
    TEXT: "string",
    NUMBER: "number",
    FLAG: "string",
    CHOICE: "singlevaluelist",
    COMPONENT: "string",
}
_CHANGESET: Final = "2026-11-23T00:00:00Z"


def language_of(request: Request, city: City) -> Language:
    """The language of names: as the caller prefers, else the city's own."""
    preferred = request.headers.get("accept-language", "")[:2].lower()
    if preferred == "en":
        return "en"
    return "zh" if preferred == "zh" else city.language


async def discovery(request: Request, actor: Actor) -> Response:
    """Where the endpoints are and how to get a key."""
    city = wiring_of(request).current_city()
    base = base_of(request)
    row: Row = {
        "changeset": _CHANGESET,
        "contact": f"{city.name.zh} / {city.name.en}",
        "key_service": "The city's administrator issues keys: citygrid key add",
        "endpoints": [
            {
                "specification": _SPECIFICATION,
                "url": f"{base}{PREFIX}",
                "changeset": _CHANGESET,
                "type": "production",
                "formats": ["application/json", "text/xml"],
            }
        ],
    }
    return answer_one(request, "discovery", row)


async def services(request: Request, actor: Actor) -> Response:
    """Every category that can be reported."""
    city = wiring_of(request).current_city()
    check_jurisdiction(request, city)
    language = language_of(request, city)
    rows = [_service(category, city, language) for category in city.catalogue.reportable]
    return answer(request, "services", "service", rows)


async def definition(request: Request, actor: Actor) -> Response:
    """What else may be told with a category: its condition for the deadline, and its questions."""
    city = wiring_of(request).current_city()
    check_jurisdiction(request, city)
    category = city.catalogue.find(request.path_params["code"])
    if category is None or not category.reportable:
        raise Problem(404, "there is no such service_code")
    language = language_of(request, city)
    values: list[Row] = [
        {"key": limit.condition, "name": limit.name.get(language)}
        for limit in city.conditions(category.code)
    ]
    condition: Row = {
        "variable": True,
        "code": "condition",
        "datatype": "singlevaluelist",
        "required": False,
        "datatype_description": "",
        "order": 1,
        "description": "情形" if language == "zh" else "Condition",
        "values": values,
    }
    attributes: list[Row] = [condition] if len(values) > 1 else []
    for question in category.questions:
        attributes.append(_asked(question, len(attributes) + 1, language))
    row: Row = {"service_code": category.code, "attributes": attributes}
    return answer_one(request, "service_definition", row)


def _asked(question: Question, order: int, language: Language) -> Row:
    return {
        "variable": True,
        "code": question.attribute,
        "datatype": _DATATYPES[question.kind],
        "required": question.required,
        "datatype_description": "",
        "order": order,
        "description": question.text.get(language),
        "values": [{"key": one.code, "name": one.name.get(language)} for one in question.choices],
    }


def check_jurisdiction(request: Request, city: City) -> None:
    """Problem 404 for another city's jurisdiction_id; this endpoint serves one."""
    if request.query_params.get("jurisdiction_id", city.code) != city.code:
        raise Problem(404, f"jurisdiction_id: this endpoint serves {city.code}")


def _service(category: Category, city: City, language: Language) -> Row:
    return {
        "service_code": category.code,
        "service_name": category.name.get(language),
        "description": f"{category.name.zh} / {category.name.en}",
        "metadata": len(city.conditions(category.code)) > 1 or bool(category.questions),
        "type": "realtime",
        "keywords": ",".join(category.keywords),
        "group": category.class_name.get(language),
    }


_DISCOVERY: Final = guarded("catalogue.read", discovery)
ROUTES: Final = [
    Route(f"{PREFIX}/discovery.{{fmt}}", _DISCOVERY, methods=["GET"]),
    Route(f"{PREFIX}/services.{{fmt}}", guarded("catalogue.read", services), methods=["GET"]),
    Route(
        f"{PREFIX}/services/{{code}}.{{fmt}}",
        guarded("catalogue.read", definition),
        methods=["GET"],
    ),
]
