"""From topics and payloads to samples: ours, SensorThings, CloudEvents, and maps of others."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateway.mapping import BadMap, TopicMap
from app.gateway.samples import Refusal, ToldSample
from dispatch.sensing.reasons import Reason
from streams.observations import Columns, envelopes
from tests.makers import NOON

OURS = TopicMap(4096)
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
MAP = """
[[topic]]
topic = "water/{site}/{number}/level"
device = "W-{site}-{number}"
value = "level.mm"
time = "ts"
time_in = "ms"
unit = "mm"
source = "gateway:water"

[[topic]]
topic = "rain/{device}"

[[topic]]
topic = "boxes/#"
each = "readings"
device_at = "id"
value = "v"
time = "t"
unit_at = "u"
"""


@pytest.fixture
def mapped(tmp_path: Path) -> TopicMap:
    file = tmp_path / "map.toml"
    file.write_text(MAP)
    return TopicMap.of(file, 4096)


def read(topics: TopicMap, topic: str, payload: object) -> list[ToldSample | Refusal]:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return [one.told for one in topics.read(topic, body, NOON)]


def reasons(found: list[ToldSample | Refusal]) -> list[Reason | None]:
    return [one.reason if isinstance(one, Refusal) else None for one in found]


@pytest.mark.parametrize(
    ("topic", "device"),
    [
        ("v1.1/Datastreams(W1)/Observations", "W1"),
        ("v1.1/Datastreams('W1')/Observations", "W1"),
        ("v1.1/Datastreams('it''s')/Observations", "it's"),
        ("v1.1/Datastreams(a%2Fb)/Observations", "a/b"),
    ],
)
def test_an_observation_of_sensorthings_is_of_the_datastream_of_its_topic(topic: str, device: str):
    payload = {"result": 1.5, "phenomenonTime": "2026-11-23T08:00:00Z", "FeatureOfInterest": {}}

    assert read(OURS, topic, payload) == [ToldSample(device=device, at=AT, value=1.5)]


def test_without_a_datastream_in_the_topic_the_observation_names_it():
    payload = {"result": 1.5, "Datastream": {"@iot.id": "W1"}}

    assert read(OURS, "v1.1/Observations", payload) == [ToldSample(device="W1", at=NOON, value=1.5)]


def test_of_an_interval_the_end_counts():
    told = "2026-11-23T07:00:00Z/2026-11-23T08:00:00Z"
    [one] = read(OURS, "v1.1/Datastreams(W1)/Observations", {"result": 2, "phenomenonTime": told})

    assert isinstance(one, ToldSample)
    assert one.at == AT


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ({"device": "W1", "at": "2026-11-23T08:00:00Z", "value": 1}, [None]),
        ({"samples": [{"device": "W1", "at": "2026-11-23T08:00:00Z", "value": 1}, 7]},
         [None, Reason.MALFORMED]),
        (envelopes("gateway:1", Columns(["W1", "R1"], [1, 2], [1.0, 2.0]), NOON)[0], [None, None]),
        ({"specversion": "1.0", "type": "other", "data": {}}, [Reason.MALFORMED]),
        (b"", [Reason.MALFORMED]),
        (b"x" * 300_000, [Reason.SIZE]),
    ],
)  # fmt: skip
def test_our_own_json_is_one_sample_or_many_or_an_envelope(
    payload: Any, found: list[Reason | None]
):
    assert reasons(read(OURS, "citygrid/observations/here", payload)) == found


def test_a_map_says_where_the_parts_of_a_sample_stand(mapped: TopicMap):
    payload = {"ts": 1_764_000_000_000, "level": {"mm": "1250.5"}}

    [one] = mapped.read("water/mill/7/level", json.dumps(payload).encode(), NOON)

    assert one.source == "gateway:water"
    assert one.told == ToldSample(
        device="W-mill-7",
        at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=1_764_000_000),
        value=1250.5,
        unit="mm",
    )


def test_a_plain_number_is_measured_when_it_arrives(mapped: TopicMap):
    assert read(mapped, "rain/R1", b"0.4") == [ToldSample(device="R1", at=NOON, value=0.4)]


def test_a_list_gives_a_sample_for_each_of_its_places(mapped: TopicMap):
    payload = {
        "readings": [
            {"id": "W1", "v": 1, "t": "2026-11-23T08:00:00Z", "u": "cm"},
            {"id": "W1", "v": 1, "t": "2026-11-23T08:00:00", "u": "cm"},
            {"id": "W1", "v": None, "t": "2026-11-23T08:00:00Z", "u": "cm"},
            {"v": 1, "t": "2026-11-23T08:00:00Z"},
            7,
        ]
    }

    found = read(mapped, "boxes/a/b", payload)

    assert found[0] == ToldSample(device="W1", at=AT, value=1, unit="cm")
    assert reasons(found)[1:] == [Reason.MALFORMED] * 4


def test_all_of_it_is_subscribed_to(mapped: TopicMap):
    assert mapped.filters == [
        "boxes/#", "citygrid/observations/#", "rain/+", "v1.1/+/Observations",
        "v1.1/Observations", "water/+/+/level",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[topic]]\n", "settings"),
        ("nonsense = 1\n", "settings"),
        ("= 1", "file"),
        ('[[topic]]\ntopic = "a/#/b"\n', "[[topic]] 1"),
        ('[[topic]]\ntopic = "a/b{device}"\n', "[[topic]] 1"),
        ('[[topic]]\ntopic = "a/{device}/{device}"\n', "[[topic]] 1"),
        ('[[topic]]\ntopic = "a"\n', "[[topic]] 1"),
        ('[[topic]]\ntopic = "a/{device}"\ntime = "t"\n', "[[topic]] 1"),
        ('[[topic]]\ntopic = "a"\ndevice = "x"\ndevice_at = "y"\nvalue = "v"\n', "[[topic]] 1"),
    ],
)
def test_a_map_that_cannot_work_is_refused_with_its_place(text: str, place: str, tmp_path: Path):
    file = tmp_path / "map.toml"
    file.write_text(text)

    with pytest.raises(BadMap) as told:
        TopicMap.of(file, 4096)

    assert told.value.place == place
    assert str(file) in str(told.value)


@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(
                        ["readings", "v", "t", "u", "id", "result", "samples", "device"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ).map(lambda told: json.dumps(told).encode()),
    ),
    st.sampled_from(
        ["v1.1/Datastreams(W1)/Observations", "citygrid/observations", "boxes/x", "elsewhere"]
    ),
)
def test_any_payload_gives_at_least_one_sample_or_refusal(payload: bytes, topic: str):
    found = HYPOTHETICAL.read(topic, payload, NOON)

    assert found


def _hypothetical() -> TopicMap:
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(MAP)
        file.flush()
        return TopicMap.of(Path(file.name), 4096)


HYPOTHETICAL = _hypothetical()
