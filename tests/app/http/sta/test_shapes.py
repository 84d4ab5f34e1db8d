"""Answers have the keys that those of a live service have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.http.sta.observing_town import told
from tests.app.town import Town

pytestmark = [pytest.mark.realdata, pytest.mark.asyncio(loop_scope="module")]
NOT_OURS = {"MultiDatastream@iot.navigationLink", "parameters", "resultQuality"}
"""An extension that we do not have, and what is told only where a sample came with it."""


@pytest.fixture
def live(shared_data: Path) -> Path:
    return shared_data / "sensorthings_bgs"


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def keys(row: dict[str, Any]) -> set[str]:
    return set(row) - NOT_OURS


async def test_a_page_of_observations_is_as_that_of_a_live_service(things: Town, live: Path):
    theirs = read(live / "observations_response_page.json")

    ours = await told(things, "/Datastreams('W1')/Observations", count="true", top=3)

    assert set(ours) == set(theirs)
    assert keys(ours["value"][0]) == keys(theirs["value"][0])
    assert type(ours["value"][0]["result"]) is type(theirs["value"][0]["result"])
    times = [page["value"][0]["phenomenonTime"] for page in (ours, theirs)]
    assert [len(time) for time in times] == [24, 24]


async def test_a_datastream_is_as_that_of_a_live_service(things: Town, live: Path):
    [theirs, *_] = next(iter(read(live / "datastreams_by_feature.json").values()))
    feature = theirs.pop("FeatureOfInterest")

    ours = await told(things, "/Datastreams('W1')")
    place = await told(things, "/FeaturesOfInterest('W1')")

    assert keys(ours) == keys(theirs)
    assert set(ours["unitOfMeasurement"]) == set(theirs["unitOfMeasurement"])
    assert ours["phenomenonTime"].count("/") == theirs["phenomenonTime"].count("/") == 1
    assert keys(place) >= keys(feature)
    assert set(place["feature"]) == set(feature["feature"])
