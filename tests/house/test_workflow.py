"""The page of the workflow shows the table as the code has it, and every word is there twice."""

import re

from app.policy import POLICY
from dispatch.case import MOVES, Move, State
from dispatch.kinds import KINDS
from dispatch.workflow import diagram
from dispatch.workflow.clocks import Stage
from dispatch.workflow.given import HOLDS, Given
from dispatch.workflow.variant import STAGE_MINUTES
from dispatch.workflow.words import GIVEN_NAMES, MOVE_NAMES
from tests.house.documents import blocks, read
from tests.maps.test_page import table as words_of_the_page

PAGE = read("docs/workflow.md")
CHINESE = re.compile("[\u4e00-\u9fff]")


def who(move: Move) -> list[str]:
    return [str(role) for role in POLICY[f"case.move.{move}"]]


def test_the_diagram_on_the_page_is_that_of_the_table():
    assert blocks(PAGE, "mermaid") == [diagram.mermaid() + "\n"]


def test_the_table_on_the_page_is_the_table():
    assert diagram.table(who) in PAGE


def test_the_diagram_shows_every_move_that_leads_elsewhere():
    leading = {move for move, step in MOVES.items() if step.target and step.origins - {step.target}}

    assert [
        move for move in leading if f"{move} {MOVE_NAMES[move].zh}" not in diagram.mermaid()
    ] == []
    assert [state for state in State if state not in diagram.mermaid()] == []


def test_every_move_and_condition_has_words_in_both_languages():
    assert (MOVE_NAMES.keys(), GIVEN_NAMES.keys(), HOLDS.keys()) == (
        set(Move),
        set(Given),
        set(Given),
    )
    labels = [*MOVE_NAMES.values(), *GIVEN_NAMES.values()]
    assert [label for label in labels if not CHINESE.search(label.zh)] == []
    assert [label for label in labels if not label.en or CHINESE.search(label.en)] == []


def test_no_two_moves_are_called_the_same():
    for names in (
        {label.zh for label in MOVE_NAMES.values()},
        {label.en for label in MOVE_NAMES.values()},
    ):
        assert len(names) == len(Move)


def test_the_map_has_words_for_every_event_and_every_stage():
    for language in ("zh", "en"):
        words = words_of_the_page(language)
        assert [kind for kind in KINDS if f"event.{kind}" not in words] == []
        assert [stage for stage in Stage if f"milestone.{stage}" not in words] == []


def test_every_stage_but_the_one_that_is_ordered_has_minutes_to_begin_with():
    assert {f"stage.{name}" for name in STAGE_MINUTES} == {*Stage} - {Stage.SUPERVISION}
