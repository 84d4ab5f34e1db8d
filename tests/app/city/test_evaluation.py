"""How a city judges its work: what it may say, what is filled in, what is refused."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.city.checking import check_pack
from app.city.evaluation import read_evaluation
from app.city.faults import Faults
from dispatch.evaluation.scoring import GRADES, WEIGHTS, Scoring
from tests.app.city.makers import change_text, write_pack

TWO_GRADES = """
[[grade]]
from = 70
name_zh = "达标"
name_en = "fit"
colour = "#00aa00"
[[grade]]
from = 0
name_zh = "不达标"
name_en = "unfit"
colour = "#aa0000"
"""


def read(text: str) -> tuple[dict[str, Any], list[str]]:
    """What is stored, and the fields that are wrong."""
    faults = Faults()
    found = read_evaluation(tomllib.loads(text), faults)
    return found, [fault.field for fault in faults.found]


def test_what_a_city_does_not_say_is_filled_in():
    found, wrong = read("")

    assert wrong == []
    assert Scoring.of(found) == Scoring() == Scoring.of(None)
    assert (found["weights"], len(found["grades"])) == (dict(WEIGHTS), len(GRADES))


def test_a_city_may_weigh_and_grade_as_it_likes():
    found, wrong = read(f"weights = {{ in_time_rate = 60, rework_rate = 40 }}\n{TWO_GRADES}")

    scoring = Scoring.of(found)
    assert wrong == []
    assert scoring.score({}) is None
    assert [scoring.grade(score).name.en for score in (69.94, 69.95, 100)] == [
        "unfit", "fit", "fit",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("weights = { in_time_rate = 99 }", "evaluation.weights"),
        ("weights = { }", "evaluation.weights"),
        ("weights = 5", "evaluation.weights"),
        ("weights = { in_time_rate = 150, rework_rate = -50 }", "evaluation.weights.in_time_rate"),
        ('weights = { in_time_rate = "x", rework_rate = 100 }', "evaluation.weights.in_time_rate"),
        ("weights = { luck = 50, in_time_rate = 50 }", "evaluation.weights.luck"),
        ("weights = { mean_disposal = 0, in_time_rate = 100 }", "evaluation.weights.mean_disposal"),
        ("weights = { valid_report_rate = 9, in_time_rate = 91 }",
         "evaluation.weights.valid_report_rate"),
        ("grade = 5", "evaluation.grade"),
        ("grade = [ 5 ]", "evaluation.grade"),
        ("grade = []", "evaluation.grade"),
        (TWO_GRADES.replace("from = 0", "from = 5"), "evaluation.grade.from"),
        (TWO_GRADES.replace("from = 70", "from = 0"), "evaluation.grade.from"),
        (TWO_GRADES.replace("#00aa00", "green"), "evaluation.grade.colour"),
        (TWO_GRADES.replace('name_en = "fit"', ""), "evaluation.grade.name_en"),
        (TWO_GRADES.replace("from = 70", "from = 70\nleast = 3"), "evaluation.grade.least"),
        ("colour = 1", "evaluation.colour"),
    ],
)  # fmt: skip
def test_what_makes_no_score_is_refused_by_field(text: str, field: str):
    assert field in read(text)[1]


def test_city_check_tells_it_and_the_pack_keeps_it(tmp_path: Path):
    folder = write_pack(tmp_path)
    change_text(
        folder / "city.toml", "[merge]", "[evaluation]\nweights = { in_time_rate = 9 }\n[merge]"
    )
    refused = check_pack(folder)
    change_text(folder / "city.toml", "in_time_rate = 9", "in_time_rate = 100")

    kept = check_pack(folder).sound()

    assert [(one.file, one.field) for one in refused.faults] == [
        ("city.toml", "evaluation.weights"),
    ]  # fmt: skip
    assert kept.parts["city"]["evaluation"]["weights"] == {"in_time_rate": 100}
