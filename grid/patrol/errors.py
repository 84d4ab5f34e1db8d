"""What can be wrong with a question about patrols."""

from datetime import datetime

from grid.errors import GridError


class NaiveMoment(GridError):
    """A moment says no offset, so nobody knows when it was."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"{at.isoformat()} has no offset from UTC; give one, such as +08:00")
        self.at = at
