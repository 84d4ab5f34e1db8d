"""Open311's two formats: JSON with an array at the root, and the same as XML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import Response

from app.problems import Fault, Problem

PREFIX: Final = "/open311/v2"
Value = str | int | float | bool | None
Row = Mapping[str, "Value | Row | Sequence[Row] | Sequence[str]"]

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The standard knows 400, 403 and 404. What says "come again", "too large" or, for our extension
# Idempotency-Key, "used for another report" keeps its own status.
_STATUS: Final[Mapping[int, int]] = {401: 403, 405: 400, 406: 404, 422: 400}
_FORMATS: Final = frozenset({"json", "xml"})


def format_of(request: Request) -> str:
    """'json' or 'xml' by the end of the path; Problem 404 for any other."""
    ending = request.url.path.rpartition(".")[2]
    if ending not in _FORMATS:
        raise Problem(404, "there are the formats json and xml")
    return ending


def answer(
    request: Request, root: str, item: str, rows: Sequence[Row], status: int = 200
) -> Response:
    """*rows* in the format of the path: an array, or the element *root* with an *item* for each."""
    if format_of(request) == "json":
        return _json(rows, status)
    element = ET.Element(root)
    for row in rows:
        _fill(ET.SubElement(element, item), row)
    return _xml(element, status)


def answer_one(request: Request, root: str, row: Row) -> Response:
    """One object in the format of the path."""
    if format_of(request) == "json":
        return _json(row, 200)
    element = ET.Element(root)
    _fill(element, row)
    return _xml(element, 200)


def error_answer(
    path: str,
    status: int,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem in the shape and with the status codes of the standard."""
    code = _STATUS.get(status, status)
    texts = [f"{f.field}: {f.problem}; {f.remedy}" for f in faults] or [detail]
    rows: list[Row] = [{"code": code, "description": text} for text in texts]
    if path.endswith(".json"):
        response = _json(rows, code)
    else:
        element = ET.Element("errors")
        for row in rows:
            _fill(ET.SubElement(element, "error"), row)
        response = _xml(element, code)
    response.headers.update(headers or {})
    return response


def _json(content: object, status: int) -> Response:
    # ASCII only: a fault may quote what no UTF-8 can hold.
    return Response(json.dumps(content), status, media_type="application/json; charset=utf-8")


def _xml(element: ET.Element, status: int) -> Response:
    body = ET.tostring(element, encoding="utf-8", xml_declaration=True)
    return Response(body, status, media_type="text/xml; charset=utf-8")


def _fill(element: ET.Element, row: Row) -> None:
    for name, value in row.items():
        _add(element, name, value)


def _add(
    element: ET.Element, name: str, value: Value | Row | Sequence[Row] | Sequence[str]
) -> None:
    child = ET.SubElement(element, name)
    if isinstance(value, Mapping):
        _fill(child, value)
    elif isinstance(value, str):
        child.text = _NOT_XML.sub("�", value)
    elif isinstance(value, Sequence):
        for one in value:
            _add(child, name.removesuffix("s"), one)
    elif isinstance(value, bool):
        child.text = "true" if value else "false"
    elif value is not None:
        child.text = str(value)
