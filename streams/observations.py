"""What travels on `observations.v1`: envelopes of samples, CloudEvents with columns inside, and
clock marks, by which time goes on in an area that sends nothing.

A message costs the same however much it holds, so up to 50 samples of one key share one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta

from dispatch.events import rfc3339
from dispatch.sensing.sensors import Samples
from streams.wire import BadMessage

MOST_SAMPLES: Final = 50
_SAMPLES: Final = "citygrid.observations"
_MARK: Final = "citygrid.clock-mark"
_LAST_MS: Final = 253_402_300_799_000  # the end of the year 9999
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

_Column = Meta(min_length=1, max_length=MOST_SAMPLES)
_Moment = Annotated[int, Meta(ge=0, le=_LAST_MS)]


class Columns(msgspec.Struct):
    """Samples as columns of one length, at least one sample; *at_ms* counts from 1970 in UTC."""

    devices: Annotated[list[str], _Column]
    at_ms: Annotated[list[_Moment], _Column]
    values: Annotated[list[float], _Column]


class Mark(msgspec.Struct, frozen=True):
    """It is *at_ms*, in milliseconds since 1970 UTC, whether or not a device has sent anything."""

    at_ms: _Moment


class _Envelope(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag=_SAMPLES):
    """The CloudEvent around samples; other attributes of it are not needed here."""

    specversion: Literal["1.0"]
    data: Columns


class _MarkEnvelope(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag=_MARK):
    """The CloudEvent around a clock mark."""

    specversion: Literal["1.0"]
    data: Mark


_DECODE: Final = msgspec.json.Decoder(_Envelope | _MarkEnvelope)


def envelopes(source: str, samples: Columns, now: datetime) -> list[bytes]:
    """The messages that carry *samples*, any number of them, in their order.

    *source* is who sent them. The same samples at the same place in a batch make the same id.
    """
    cuts = range(0, len(samples.devices), MOST_SAMPLES)
    parts = (
        Columns(
            samples.devices[cut : cut + MOST_SAMPLES],
            samples.at_ms[cut : cut + MOST_SAMPLES],
            samples.values[cut : cut + MOST_SAMPLES],
        )
        for cut in cuts
    )
    return [_envelope(source, _SAMPLES, part, now) for part in parts]


def clock_mark(source: str, now: datetime) -> bytes:
    """The message that says what time it is, for the area that is its key."""
    return _envelope(source, _MARK, Mark((now - _EPOCH) // _MILLISECOND), now)


def read_message(value: bytes) -> Columns | Mark:
    """The samples or the mark of a message; raises BadMessage."""
    try:
        told = _DECODE.decode(value).data
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise BadMessage(str(err)) from err
    if isinstance(told, Columns) and not (len(told.devices) == len(told.at_ms) == len(told.values)):
        raise BadMessage("its columns differ in length")
    return told


def gathered(columns: Sequence[Columns]) -> Samples:
    """All samples of *columns*, in their order; none give no samples."""
    return Samples(
        [device for one in columns for device in one.devices],
        np.array([at for one in columns for at in one.at_ms], dtype=np.int64),
        np.array([value for one in columns for value in one.values], dtype=np.float64),
    )


def read_envelope(value: bytes) -> Samples:
    """The samples of a message that holds samples; raises BadMessage."""
    told = read_message(value)
    if isinstance(told, Mark):
        raise BadMessage("it is a clock mark and holds no samples")
    return gathered([told])


def _envelope(source: str, kind: str, data: Columns | Mark, now: datetime) -> bytes:
    told = msgspec.json.encode(data)
    envelope = {
        "specversion": "1.0",
        "id": sha256(told).hexdigest()[:32],
        "source": source,
        "type": kind,
        "time": rfc3339(now),
        "datacontenttype": "application/json",
        "data": msgspec.Raw(told),
    }
    return msgspec.json.encode(envelope)
