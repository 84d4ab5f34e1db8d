"""Why a layer could not be imported."""

from __future__ import annotations

from grid.errors import GridError


class NothingToCompare(GridError):
    """A layer and its reference have no ground in common."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"it cannot be compared with the reference: {reason}")
        self.reason = reason
