"""What the check of a pack found."""

from __future__ import annotations

from pathlib import Path

from app.city.checking import check_pack
from app.city.faults import Fault


def faults(folder: Path) -> list[Fault]:
    """All of them, in order."""
    return list(check_pack(folder).faults)


def only_fault(folder: Path) -> Fault:
    """The one there is."""
    found = faults(folder)
    assert len(found) == 1, [str(fault) for fault in found]
    return found[0]
