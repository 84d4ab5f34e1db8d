import pytest

from grid.question import Question


def question(kind: str = "text", *, required: bool = False) -> Question:
    choices = [{"code": "small", "name": {"zh": "小", "en": "Small"}}] if kind == "choice" else []
    return Question.of(
        {
            "attribute": "size",
            "text": {"zh": "多大", "en": "How large"},
            "kind": kind,
            "required": required,
            "choices": choices,
        }
    )


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("text", "什么都行"),
        ("number", "2.5"),
        ("flag", "false"),
        ("choice", "small"),
        ("component", "99010101001000001"),
        ("number", ""),
    ],
)
def test_a_fitting_answer_meets_no_objection(kind: str, answer: str):
    assert question(kind).objection(answer) is None


@pytest.mark.parametrize(
    ("kind", "answer", "why"),
    [
        ("number", "two", "not a number"),
        ("number", "nan", "not a number"),
        ("flag", "yes", "neither true nor false"),
        ("choice", "large", "none of small"),
        ("component", "井盖", "no id"),
        ("component", "1" * 65, "no id"),
    ],
)
def test_an_answer_of_the_wrong_kind_is_objected_to(kind: str, answer: str, why: str):
    assert why in (question(kind).objection(answer) or "")


@pytest.mark.parametrize("answer", [None, ""])
def test_only_what_is_required_must_be_answered(answer: str | None):
    assert question().objection(answer) is None
    assert question(required=True).objection(answer) == "is missing: 多大 / How large"
