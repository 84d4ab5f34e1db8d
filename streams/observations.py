"""Envelopes of samples: what travels on `observations.v1`, a CloudEvent with columns inside.

A message costs the same however much it holds, so up to 50 samples of one key share one.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta

from dispatch.events import rfc3339
from dispatch.sensing.sensors import Samples
from streams.wire import BadMessage

MOST_SAMPLES: Final = 50
_TYPE: Final = "citygrid.observations"
_LAST_MS: Final = 253_402_300_799_000  # the end of the year 9999

_Column = Meta(min_length=1, max_length=MOST_SAMPLES)
_Moment = Annotated[int, Meta(ge=0, le=_LAST_MS)]


class Columns(msgspec.Struct):
    """Samples as columns of one length, at least one sample; *at_ms* counts from 1970 in UTC."""

    devices: Annotated[list[str], _Column]
    at_ms: Annotated[list[_Moment], _Column]
    values: Annotated[list[float], _Column]


class _Envelope(msgspec.Struct, frozen=True):
    """The CloudEvent around them; other attributes of it are not needed here."""

    specversion: Literal["1.0"]
    type: Literal["citygrid.observations"]
    data: Columns


_DECODE: Final = msgspec.json.Decoder(_Envelope)


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
    return [_envelope(source, part, now) for part in parts]


def read_envelope(value: bytes) -> Samples:
    """The samples of a message; raises BadMessage."""
    try:
        columns = _DECODE.decode(value).data
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise BadMessage(str(err)) from err
    if not len(columns.devices) == len(columns.at_ms) == len(columns.values):
        raise BadMessage("its columns differ in length")
    return Samples(
        columns.devices,
        np.array(columns.at_ms, dtype=np.int64),
        np.array(columns.values, dtype=np.float64),
    )


def _envelope(source: str, samples: Columns, now: datetime) -> bytes:
    told = msgspec.json.encode(samples)
    envelope = {
        "specversion": "1.0",
        "id": sha256(told).hexdigest()[:32],
        "source": source,
        "type": _TYPE,
        "time": rfc3339(now),
        "datacontenttype": "application/json",
        "data": msgspec.Raw(told),
    }
    return msgspec.json.encode(envelope)
