"""Patches: what one row, or a run of rows, of the numbered log changes on the board. Pure.

The law of this module, kept by a property test: an old snapshot and the patches after it make the
same board as a fresh snapshot, however they are cut, joined or delivered twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from maps.board import Board, Marker, Scope
from maps.errors import PatchesMissing, UnreadableRow

CASE_EVENTS = "case-events.v1"
SITUATION_EVENTS = "situation-events.v1"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the numbered log as stored: CloudEvents JSON text under its position."""

    position: int
    topic: str
    payload: str


@dataclass(frozen=True, slots=True)
class Patch:
    """What one row changes; a row about something that is not on the map has no marker.

    A row about a situation says only so: whoever may see it asks for it.
    """

    position: int
    marker: Marker | None
    of_situation: bool = False


class Frame(msgspec.Struct, frozen=True):
    """A run of patches as one message: rows *first* to *last*, each case at most once.

    *gone* holds (case id, version) of the cases to take off the board.
    """

    first: int
    last: int
    shown: tuple[Marker, ...]
    gone: tuple[tuple[int, int], ...]


class _EventBody(msgspec.Struct):
    case: Marker


class _CaseEvent(msgspec.Struct):
    data: _EventBody


_READER = msgspec.json.Decoder(_CaseEvent)


def read_patch(row: Row) -> Patch:
    """The patch of one row; raises `UnreadableRow` when a case event has not its form."""
    if row.topic != CASE_EVENTS:
        return Patch(row.position, None, row.topic == SITUATION_EVENTS)
    try:
        return Patch(row.position, _READER.decode(row.payload).data.case)
    except msgspec.MsgspecError as err:
        raise UnreadableRow(row.position, str(err)) from err


def join(patches: Sequence[Patch], scope: Scope) -> Frame:
    """One frame of a run of patches, with what this scope may see.

    A case outside the scope is told as gone: it may have been inside a moment ago.
    Raises `PatchesMissing` when the run has a hole, ValueError when it is empty.
    """
    if not patches:
        raise ValueError("a frame needs at least one patch")
    latest = _latest(patches)
    shown = tuple(m for m in latest if not m.ended and scope.shows(m))
    gone = tuple((m.id, m.version) for m in latest if m.ended or not scope.shows(m))
    return Frame(patches[0].position, patches[-1].position, shown, gone)


def advance(board: Board, frames: Iterable[Frame]) -> Board:
    """The board after these frames; what it already knows changes nothing.

    Raises `PatchesMissing` when rows between the board and a frame were never seen.
    """
    position, markers = board.position, dict(board.markers)
    for frame in frames:
        if frame.first > position + 1:
            raise PatchesMissing(position + 1, frame.first)
        if frame.last > position:
            _paint(markers, frame)
            position = frame.last
    return Board(position, markers)


def _latest(patches: Sequence[Patch]) -> list[Marker]:
    latest: dict[int, Marker] = {}
    expected = patches[0].position
    for patch in patches:
        if patch.position != expected:
            raise PatchesMissing(expected, patch.position)
        expected += 1
        marker = patch.marker
        if marker is not None and _is_newer(latest.get(marker.id), marker.version):
            latest[marker.id] = marker
    return list(latest.values())


def _paint(markers: dict[int, Marker], frame: Frame) -> None:
    for marker in frame.shown:
        if _is_newer(markers.get(marker.id), marker.version):
            markers[marker.id] = marker
    for case_id, version in frame.gone:
        if _is_newer(markers.get(case_id), version):
            markers.pop(case_id, None)


def _is_newer(known: Marker | None, version: int) -> bool:
    return known is None or version > known.version
