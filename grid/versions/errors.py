"""What stands in the way of a release of the grid."""

from collections.abc import Sequence
from datetime import datetime

from grid.errors import GridError


class NoActiveGrid(GridError):
    """Nothing is in force that a release could follow."""

    def __init__(self) -> None:
        super().__init__("no grid is in force yet; load a city pack first")


class NotARelease(GridError):
    """The version was never drafted: it came with a city pack, or there is none."""

    def __init__(self, version: int) -> None:
        super().__init__(f"grid version {version} was not drafted; see `citygrid grid releases`")
        self.version = version


class NotCompared(GridError):
    """The release was not compared with the grid that is in force."""

    def __init__(self, version: int, base: int | None, active: int) -> None:
        last = "with nothing yet" if base is None else f"with version {base}"
        super().__init__(
            f"grid version {version} was compared {last}, in force is version {active}; "
            f"run `citygrid grid diff {active} {version}` and look at it"
        )
        self.version, self.base, self.active = version, base, active


class CodesUsedAgain(GridError):
    """Codes of old cells stand for other ground in the release; old cases would be misread."""

    def __init__(self, version: int, codes: Sequence[str]) -> None:
        some = ", ".join(codes[:5]) + (" …" if len(codes) > 5 else "")
        super().__init__(
            f"grid version {version} uses {len(codes)} code(s) for other ground ({some}); "
            "give those cells codes that were never used"
        )
        self.version, self.codes = version, tuple(codes)


class AlreadyApproved(GridError):
    """Somebody approved the release before."""

    def __init__(self, version: int, approved_by: str) -> None:
        super().__init__(f"grid version {version} was approved by {approved_by}")
        self.version, self.approved_by = version, approved_by


class NotApproved(GridError):
    """A release comes into force only once it is approved."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"grid version {version} is not approved; run `citygrid grid approve {version}`"
        )
        self.version = version


class TooSoon(GridError):
    """A switch needs a moment ahead of it, so that every process can get ready."""

    def __init__(self, active_from: datetime, earliest_at: datetime) -> None:
        super().__init__(
            f"{active_from.isoformat(timespec='seconds')} is too soon; "
            f"the earliest is {earliest_at.isoformat(timespec='seconds')}"
        )
        self.active_from, self.earliest_at = active_from, earliest_at
