"""What stands outside the city while faults strike it: phones, sensors, a receiver, a screen.

Each is a process of its own and keeps its own books in the folder of the run; the judge compares
these with the database. Nothing here imports the product: a client knows only what the doors say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PORTAL: Final = "open311:chaos"
DEVICES: Final = ("device:chaos-1", "device:chaos-2", "device:chaos-3", "device:chaos-4")
INSPECTOR: Final = "inspector:chaos"
GATEWAY: Final = "gateway:chaos"
SCREEN: Final = "screen:chaos"

ROLES: Final[Mapping[str, str]] = {
    PORTAL: "citizen",
    **dict.fromkeys(DEVICES, "inspector"),
    INSPECTOR: "inspector",
    GATEWAY: "sensor",
    SCREEN: "auditor",
}
"""The keys that the clients need in ``keys.json`` of the run folder: source → role."""
