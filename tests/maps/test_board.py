"""The law of the live map: an old snapshot and the patches after it equal a fresh snapshot."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.case import State
from maps.board import WHOLE_CITY, Board, Scope
from maps.errors import PatchesMissing, UnreadableRow
from maps.patch import Frame, Patch, Row, advance, join, read_patch
from tests.maps.makers import History, histories, make_marker, make_row

SCOPES = st.sampled_from(
    [
        WHOLE_CITY,
        Scope(departments=frozenset({"water"})),
        Scope(areas=frozenset({"990101001001"})),
        Scope(departments=frozenset({"city-management"}), areas=frozenset({"990101001001"})),
        Scope(),
    ]
)


def draw_frames(data: st.DataObject, patches: Sequence[Patch], scope: Scope) -> list[Frame]:
    frames: list[Frame] = []
    while patches:
        size = data.draw(st.integers(1, len(patches)))
        frames.append(join(patches[:size], scope))
        patches = patches[size:]
    return frames


@given(histories(), SCOPES, st.data())
def test_an_old_snapshot_and_the_patches_after_it_equal_a_fresh_snapshot(
    history: History, scope: Scope, data: st.DataObject
) -> None:
    total = len(history.patches)
    position = data.draw(st.integers(0, total), label="position")
    ahead = data.draw(st.integers(position, total), label="committed but not numbered")
    redelivered = data.draw(st.integers(0, position), label="redelivery after a reconnect")
    old = Board.of(position, history.markers_at(ahead)).seen_by(scope)

    new = advance(old, draw_frames(data, history.patches[redelivered:], scope))

    assert new == Board.of(total, history.markers_at(total)).seen_by(scope)


@given(histories(), SCOPES, st.data())
def test_frames_delivered_twice_change_nothing(
    history: History, scope: Scope, data: st.DataObject
) -> None:
    frames = draw_frames(data, history.patches, scope)
    once = advance(Board(), frames)

    twice = advance(once, frames)

    assert twice == once


def test_a_hole_between_board_and_frame_is_refused() -> None:
    frame = join([Patch(7, make_marker())], WHOLE_CITY)

    with pytest.raises(PatchesMissing) as caught:
        advance(Board(position=5), [frame])

    assert (caught.value.expected, caught.value.got) == (6, 7)


def test_a_hole_inside_a_run_of_patches_is_refused() -> None:
    with pytest.raises(PatchesMissing):
        join([Patch(1, make_marker()), Patch(3, make_marker(version=4))], WHOLE_CITY)


def test_a_case_that_leaves_the_scope_is_taken_off_its_board() -> None:
    scope = Scope(departments=frozenset({"water"}))
    board = Board.of(1, [make_marker(department="water", version=3)])

    board = advance(board, [join([Patch(2, make_marker(department="roads", version=4))], scope)])

    assert board.markers == {}


@pytest.mark.parametrize("state", [State.CLOSED, State.VOID])
def test_an_ended_case_is_taken_off_the_board(state: State) -> None:
    board = Board.of(1, [make_marker(version=3)])

    board = advance(board, [join([Patch(2, make_marker(state=state, version=4))], WHOLE_CITY)])

    assert board.markers == {}


def test_a_row_of_the_log_becomes_a_patch() -> None:
    marker = make_marker(department=None, due_at=None)

    assert read_patch(make_row(9, marker)) == Patch(9, marker)


def test_a_row_about_something_else_changes_nothing_but_the_position() -> None:
    assert read_patch(Row(9, "plan-events.v1", "{}")) == Patch(9, None)


@pytest.mark.parametrize("payload", ["", "[]", "{}", '{"data": {"case": {"id": "seventeen"}}}'])
def test_a_case_event_without_its_form_is_refused_with_its_position(payload: str) -> None:
    with pytest.raises(UnreadableRow) as caught:
        read_patch(Row(9, "case-events.v1", payload))

    assert caught.value.position == 9
