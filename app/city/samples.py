"""What a city bears of its sensors, from the table ``[samples]`` of ``city.toml``."""

from __future__ import annotations

from typing import Any, Final

from app.city.faults import Faults
from app.city.lines import Line
from app.city.sections import section

_BOUNDS: Final[dict[str, tuple[str, float, float]]] = {
    "oldest_hours": ("oldest_s", 0.01, 24 * 366),
    "ahead_minutes": ("ahead_s", 0, 24 * 60),
    "stuck_hours": ("stuck_s", 0, 24 * 366),
    "per_minute": ("per_minute", 1, 1_000_000),
    "moved_m": ("moved_m", 1, 100_000),
}
"""Setting of the file: its name as it is stored, the least and the most of it."""
_SECONDS: Final = {"hours": 3600, "minutes": 60}


def read_samples(content: object, faults: Faults) -> dict[str, Any] | None:
    """The table as it is stored, every wrong setting noted; None where the city says nothing."""
    if content is None:
        return None
    line = section("samples", content, (*_BOUNDS, "device"), faults)
    told = _bounds("samples", line)
    blocks = line.values.get("samples.device", [])
    if not isinstance(blocks, list):
        line.wrong("samples.device", "it is no list", "Write [[samples.device]] tables")
        blocks = []
    return told | {"devices": [_device(block, faults) for block in blocks]}


def _device(block: object, faults: Faults) -> dict[str, Any]:
    name = "samples.device"
    line = section(name, block, (*_BOUNDS, "devices"), faults)
    return {"devices": line.text(f"{name}.devices", longest=64)} | _bounds(name, line)


def _bounds(name: str, line: Line) -> dict[str, Any]:
    """What is set, as it is stored: spans in seconds."""
    found: dict[str, Any] = {}
    for setting, (stored, least, most) in _BOUNDS.items():
        field = f"{name}.{setting}"
        if field in line.values:
            value = line.number(field, least, most)
            unit = setting.rpartition("_")[2]
            found[stored] = int(value) if setting == "per_minute" else value * _SECONDS.get(unit, 1)
    return found
