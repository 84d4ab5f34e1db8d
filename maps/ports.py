"""What the live map needs from the world: the numbered log, and a faster road beside it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from maps.patch import Row


class Log(Protocol):
    """The numbered log as seen over one open connection; every method may raise `LogAway`."""

    async def head(self) -> int:
        """The position of the last row, 0 before the first."""
        ...

    async def rows_since(self, position: int, limit: int) -> Sequence[Row]:
        """The rows after *position* in order, at most *limit*."""
        ...

    async def news(self, within_s: float) -> int | None:
        """The last position announced, or None when nothing was announced in this time."""
        ...


class LogDoor(Protocol):
    """Opens the log; raises `LogAway` when it cannot be reached."""

    def open(self) -> AbstractAsyncContextManager[Log]:
        """A connection of its own, listening before it is handed out."""
        ...


class Shortcut(Protocol):
    """A second road by which rows may come earlier than a look into the log; may be broken."""

    @property
    def is_open(self) -> bool:
        """Whether rows are expected to come this way at all."""
        ...
