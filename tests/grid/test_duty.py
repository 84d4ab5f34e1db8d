from hypothesis import given
from hypothesis import strategies as st

from grid.duty import Duty, Jurisdiction
from tests.grid.makers import duty_row

PLACE = ("990101001001", "990101001", "990101")


def department(rows: list, category: str = "06010", areas: tuple[str, ...] = PLACE) -> str | None:
    duty = Jurisdiction.of(rows).responsible(category, areas)
    return duty.department if duty else None


def test_the_exact_category_goes_before_its_beginning_and_that_before_all():
    rows = [
        duty_row(1, "*", "", "ALL"),
        duty_row(2, "06", "", "CLASS"),
        duty_row(3, "0601", "", "NEARLY"),
        duty_row(4, "06010", "", "EXACT"),
    ]

    assert department(rows) == "EXACT"
    assert department(rows[:3]) == "NEARLY"
    assert department(rows[:2]) == "CLASS"
    assert department(rows[:1]) == "ALL"


def test_the_smallest_area_decides_among_lines_of_one_category():
    rows = [
        duty_row(1, "06010", "", "CITY"),
        duty_row(2, "06010", "990101001", "STREET"),
        duty_row(3, "06010", "990101001001", "COMMUNITY"),
    ]

    assert department(rows) == "COMMUNITY"
    assert department(rows, areas=PLACE[1:]) == "STREET"
    assert department(rows, areas=("990101002", "990101")) == "CITY"


def test_the_category_weighs_more_than_the_area():
    rows = [duty_row(1, "06", "990101001001", "NEAR"), duty_row(2, "06010", "", "EXACT")]

    assert department(rows) == "EXACT"


def test_the_earlier_of_two_equal_lines_decides():
    rows = [duty_row(9, "06010", "", "LATER"), duty_row(3, "06010", "", "EARLIER")]

    assert department(rows) == "EARLIER"


def test_a_line_for_another_area_leaves_the_case_to_a_wider_line():
    rows = [duty_row(1, "06010", "990101002", "ELSEWHERE"), duty_row(2, "06", "", "CLASS")]

    assert department(rows) == "CLASS"


def test_nobody_is_responsible_when_no_line_applies():
    assert department([duty_row(1, "07", "", "OTHER")]) is None
    assert department([]) is None


categories = st.sampled_from(["*", "0", "06", "0601", "06010", "07", "07001"])
areas = st.sampled_from(["", *PLACE, "990101002"])
duties = st.builds(Duty, st.sampled_from("ABC"), st.integers(1, 9), categories, areas)


@given(st.lists(duties, unique_by=lambda duty: duty.row))
def test_the_answer_is_the_best_of_a_plain_search(written: list[Duty]):
    applying = [
        duty
        for duty in written
        if (duty.category == "*" or "06010".startswith(duty.category)) and duty.area in ("", *PLACE)
    ]

    def rank(duty: Duty) -> tuple[int, int, int]:
        narrowness = -1 if duty.category == "*" else len(duty.category)
        depth = PLACE[::-1].index(duty.area) if duty.area else -1
        return -narrowness, -depth, duty.row

    assert Jurisdiction(written).responsible("06010", PLACE) == min(
        applying, key=rank, default=None
    )
