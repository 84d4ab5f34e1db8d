"""Envelopes of samples: what is packed is what is read, and nothing else is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.sensing.sensors import Samples
from streams.observations import MOST_SAMPLES, Columns, envelopes, read_envelope
from streams.wire import BadMessage
from tests.makers import NOON

SAMPLES = st.lists(
    st.tuples(
        st.text(min_size=1),
        st.integers(0, 253_402_300_799_000),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    max_size=3 * MOST_SAMPLES,
)


def columns(*told: tuple[str, int, float]) -> Columns:
    return Columns([d for d, _, _ in told], [t for _, t, _ in told], [v for _, _, v in told])


def envelope(**changes: Any) -> bytes:
    [value] = envelopes("device:1", columns(("W1", 1, 2.5)), NOON)
    return json.dumps(json.loads(value) | changes).encode()


@given(SAMPLES)
def test_what_is_packed_is_what_is_read(told: list[tuple[str, int, float]]):
    messages = envelopes("device:1", columns(*told), NOON)

    read = Samples.joined([read_envelope(message) for message in messages])

    again = list(zip(read.devices, read.at_ms.tolist(), read.values.tolist(), strict=True))
    assert again == told
    assert len(messages) == -(-len(told) // MOST_SAMPLES)


def test_the_same_samples_have_the_same_id():
    one, other = (envelopes("a", columns(("W1", 1, 2.5)), NOON)[0] for _ in range(2))
    [third] = envelopes("a", columns(("W1", 1, 2.6)), NOON)

    assert one == other
    assert json.loads(one)["id"] != json.loads(third)["id"]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        envelope(specversion="0.3"),
        envelope(type="citygrid.case.filed"),
        envelope(data={"devices": ["W1"], "at_ms": [1], "values": ["2.5"]}),
        envelope(data={"devices": ["W1"], "at_ms": [1], "values": [float("nan")]}),
        envelope(data={"devices": ["W1"], "at_ms": [-1], "values": [2.5]}),
        envelope(data={"devices": ["W1"], "at_ms": [1, 2], "values": [2.5]}),
        envelope(data={"devices": [], "at_ms": [], "values": []}),
        envelope(data={"devices": ["W1"] * 51, "at_ms": [1] * 51, "values": [2.5] * 51}),
    ],
)
def test_what_is_no_envelope_is_told(value: bytes):
    with pytest.raises(BadMessage):
        read_envelope(value)
