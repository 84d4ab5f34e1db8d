"""The forms of what is told: times, observations, and observations as rows of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from app.http.sta.kinds import IDS
from app.http.sta.observed import Observation
from app.http.sta.options import Options

Told = dict[str, Any]
_USUAL: Final = ("id", "phenomenonTime", "result", "resultTime")
_ALL: Final = (*_USUAL, "resultQuality", "validTime", "parameters")


def values_of(row: Observation) -> Told:
    """The properties of an observation."""
    at = moment_text(row.at)
    phenomenon = at if row.began_at is None else f"{moment_text(row.began_at)}/{at}"
    told: Told = {
        "phenomenonTime": phenomenon,
        "result": row.value,
        "resultTime": moment_text(row.result_at or row.at),
    }
    return told | dict(row.more or {})


def moment_text(moment: datetime) -> str:
    """A time as SensorThings tells it: in UTC, to the millisecond."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def plain(value: Any) -> Any:
    """A property as it stands in JSON."""
    return moment_text(value) if isinstance(value, datetime) else value


def data_arrays(
    rows: Sequence[Observation], options: Options, address: Callable[[str], str]
) -> list[Told]:
    """Observations as rows of values, together for each Datastream in turn.

    *address* gives that of a Datastream by its id.
    """
    components = _components(options)
    arrays: list[Told] = []
    for code, group in groupby(rows, key=lambda row: row.code):
        values = [{"id": row.id, **values_of(row)} for row in group]
        arrays.append(
            {
                "Datastream@iot.navigationLink": address(code),
                "components": components,
                "dataArray@iot.count": len(values),
                "dataArray": [[row.get(name) for name in components] for row in values],
            }
        )
    return arrays


def _components(options: Options) -> list[str]:
    if options.select is None:
        return list(_USUAL)
    selected = {"id" if name in IDS else name for name in options.select}
    return [name for name in _ALL if name in selected]
