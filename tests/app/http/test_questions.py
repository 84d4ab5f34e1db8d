"""A report answers what its category asks."""

from __future__ import annotations

from typing import Any

import pytest

from app.http.city import City
from app.http.submission import Envelope, Told, Unfit, submission
from dispatch.report import Channel
from tests.makers import NOON, PARTS, spot

ASKED = {
    "attribute": "size",
    "text": {"zh": "多大", "en": "How large"},
    "kind": "number",
    "required": True,
    "choices": [],
}


def city() -> City:
    listed = [dict(one) | {"questions": [ASKED]} for one in PARTS["catalogue"]["categories"]]
    catalogue = PARTS["catalogue"] | {"categories": listed}
    return City.of(dict(PARTS) | {"catalogue": catalogue}, {})


def told(**attributes: str) -> Told:
    lon, lat = spot()
    return Told(category="06010", lon=lon, lat=lat, datum="wgs84", attributes=attributes)


def check(report: Told) -> Any:
    envelope = Envelope("device:1", "key", bytes(32), Channel.API)
    return submission(report, envelope, city(), NOON)


def test_a_required_answer_that_is_missing_is_told_with_the_question():
    with pytest.raises(Unfit) as unfit:
        check(told())

    [fault] = unfit.value.faults
    assert fault.field == "attributes.size"
    assert fault.problem == "is missing: 多大 / How large"


def test_an_answer_of_the_wrong_kind_is_told():
    with pytest.raises(Unfit, match=r"attributes\.size: is not a number"):
        check(told(size="large"))


def test_an_answer_goes_with_the_report():
    assert check(told(size="2.5")).attributes == {"size": "2.5"}
