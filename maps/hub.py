"""The hub: one source of patches, any number of screens, every queue bounded.

Patches are joined per tick, encoded once per scope and handed to every viewer as the same bytes. A
viewer that does not keep up loses its queue and is told to start over; nobody waits for anybody.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from maps.board import Scope
from maps.errors import PatchesMissing
from maps.patch import Patch, join
from maps.wire import RESET, beat_text, frame_text


class Viewer:
    """One open stream: what is waiting to be sent to it, at most *room* texts."""

    def __init__(self, scope: Scope, room: int) -> None:
        self.scope = scope
        self._room = room
        self._waiting: deque[bytes] = deque()
        self._woken = asyncio.Event()
        self._ended = False

    def give(self, text: bytes) -> None:
        """Queue a text; a full queue is dropped and replaced by the word to start over."""
        if self._ended:
            return
        if len(self._waiting) >= self._room:
            self._waiting.clear()
            text, self._ended = RESET, True
        self._waiting.append(text)
        self._woken.set()

    def end(self) -> None:
        """Let the stream run dry: what waits is still sent, nothing more is taken."""
        self._ended = True
        self._woken.set()

    async def take(self) -> bytes | None:
        """Everything that waits, as one piece; None when the stream has ended."""
        while not self._waiting:
            if self._ended:
                return None
            self._woken.clear()
            await self._woken.wait()
        text = b"".join(self._waiting)
        self._waiting.clear()
        return text


class Hub:
    """Keeps the last *kept* sent patches for those who come back, and the viewers who follow.

    *room* is how many texts may wait for one viewer. The hub begins after row *position*.
    `situations` is the last row that was about one, 0 before the first.
    """

    def __init__(self, position: int = 0, *, kept: int = 20_000, room: int = 64) -> None:
        self._position = position
        self._unsent: list[Patch] = []
        self._sent: deque[Patch] = deque(maxlen=kept)
        self._viewers: set[Viewer] = set()
        self._room = room
        self._ended = False
        self.situations = 0
        self.news = asyncio.Event()

    @property
    def position(self) -> int:
        """The last row the hub knows of."""
        return self._position

    @property
    def sent(self) -> int:
        """The last row that was sent out."""
        return self._position - len(self._unsent)

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return len(self._viewers)

    def take(self, patches: Iterable[Patch]) -> None:
        """Take the next patches; known ones are skipped, a hole raises `PatchesMissing`."""
        for patch in patches:
            if patch.position <= self._position:
                continue
            if patch.position != self._position + 1:
                raise PatchesMissing(self._position + 1, patch.position)
            self._unsent.append(patch)
            self._position = patch.position
            if patch.of_situation:
                self.situations = patch.position
            self.news.set()

    def restart(self, position: int) -> None:
        """Begin again after another row, with everybody told to start over."""
        self._position = position
        self._unsent.clear()
        self._sent.clear()
        for viewer in self._viewers:
            viewer.give(RESET)
            viewer.end()
        self._viewers.clear()

    def join(self, scope: Scope) -> Viewer:
        """A new viewer, who gets everything that is sent out from now on."""
        viewer = Viewer(scope, self._room)
        if self._ended:
            viewer.end()
        else:
            self._viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        self._viewers.discard(viewer)

    def since(self, position: int) -> Sequence[Patch] | None:
        """The patches after *position* that were sent out, None when some are not kept any more."""
        missed = self.sent - position
        if missed <= 0:
            return ()
        if missed > len(self._sent):
            return None
        return list(islice(self._sent, len(self._sent) - missed, None))

    def flush(self, now: datetime) -> None:
        """Send out what came since the last flush: joined, encoded once per scope."""
        self.news.clear()
        if not self._unsent:
            return
        patches, self._unsent = self._unsent, []
        self._sent.extend(patches)
        texts: dict[Scope, bytes] = {}
        for viewer in self._viewers:
            if viewer.scope not in texts:
                texts[viewer.scope] = frame_text(join(patches, viewer.scope), now)
            viewer.give(texts[viewer.scope])

    def beat(self, now: datetime, current_at: datetime, degraded: Sequence[str] = ()) -> None:
        """Tell every viewer that the stream lives, when it was last current, what is degraded."""
        text = beat_text(self.sent, now, current_at, degraded, self.situations)
        for viewer in self._viewers:
            viewer.give(text)

    def end(self) -> None:
        """End every stream, now and later: the process is going down."""
        self._ended = True
        for viewer in self._viewers:
            viewer.end()
        self._viewers.clear()
