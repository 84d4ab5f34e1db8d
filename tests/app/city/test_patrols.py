"""Duty grids and shifts in a city pack: every fault is told with its row and field."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg import AsyncConnection

from app.city.checking import check_pack
from app.city.loading import load
from tests.app.city.makers import COMMUNITIES, append_row, change_text, write_pack

FIRST, SECOND = COMMUNITIES
GRIDS = f"""\
code,kind,name_zh,name_en,cells
D1,patrol,甲责任网格,First duty grid,{FIRST}
D2,patrol,乙责任网格,Second duty grid,{SECOND}001;{SECOND}002；{SECOND}003;{SECOND}004
N1,night,夜间责任网格,By night,990101001
"""
SHIFTS = """\
grid,person,weekdays,begin,end
D1,inspector1,1-5,08:00,12:00
D2,inspector1,1-5,14:00,18:00
N1,inspector2,7;1-4,22:00,06:00
"""
Place = tuple[str, int | None, str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pack(tmp_path)
    append_row(
        tmp_path / "people.csv", ["inspector2", "赵六", "Zhao Liu", "inspector", "", "990101001"]
    )
    (tmp_path / "duty_grids.csv").write_text(GRIDS, encoding="utf-8")
    (tmp_path / "duty_shifts.csv").write_text(SHIFTS, encoding="utf-8")
    return tmp_path


def add_grid(folder: Path, *values: str) -> None:
    append_row(folder / "duty_grids.csv", list(values))


def add_shift(folder: Path, *values: str) -> None:
    append_row(folder / "duty_shifts.csv", list(values))


def told(folder: Path) -> list[tuple[Place, str]]:
    """Where each fault is and what it says."""
    return [((one.file, one.row, one.field), one.problem) for one in check_pack(folder).faults]


def only_fault(folder: Path) -> tuple[Place, str]:
    [fault] = told(folder)
    return fault


def hints(folder: Path) -> list[tuple[Place, str]]:
    checked = check_pack(folder)
    assert checked.pack is not None, checked.faults
    return [((one.file, one.row, one.field), one.problem) for one in checked.hints]


def test_areas_stand_for_their_cells_and_times_for_every_week(folder: Path):
    checked = check_pack(folder)

    parts = checked.sound().parts
    assert checked.hints == ()
    sizes = {row["code"]: len(row["cells"]) for row in parts["duty_grids"]}
    assert sizes == {"D1": 4, "D2": 4, "N1": 8}
    assert parts["duty_grids"][0]["cells"] == [f"{FIRST}00{n}" for n in (1, 2, 3, 4)]
    assert parts["duty_shifts"][2] == {
        "row": 4,
        "grid": "N1",
        "person": "inspector2",
        "weekdays": [1, 2, 3, 4, 7],
        "begin": "22:00",
        "end": "06:00",
    }


def test_a_pack_without_the_files_says_nothing_of_patrols(tmp_path: Path):
    checked = check_pack(write_pack(tmp_path))

    assert not {"duty_grids", "duty_shifts"} & checked.sound().parts.keys()
    assert checked.hints == ()


def test_a_cell_or_area_that_does_not_exist(folder: Path):
    add_grid(folder, "X1", "other", "某", "Some", f"{FIRST}001;{FIRST}009")

    place, problem = only_fault(folder)

    assert place == ("duty_grids.csv", 5, "cells")
    assert problem == f"there is no cell or area '{FIRST}009'"


def test_a_duty_grid_without_cells(folder: Path):
    add_grid(folder, "X1", "other", "某", "Some", "")

    assert only_fault(folder) == (("duty_grids.csv", 5, "cells"), "no cell is given")


def test_a_code_that_stands_twice(folder: Path):
    add_grid(folder, "D1", "other", "某", "Some", FIRST)

    assert only_fault(folder)[0] == ("duty_grids.csv", 5, "code")


def test_cells_of_another_duty_grid_of_the_kind_are_named_with_its_row(folder: Path):
    add_grid(folder, "D3", "patrol", "丙", "Third", f"{FIRST}001;{FIRST}002;{SECOND}003")

    assert told(folder) == [
        (
            ("duty_grids.csv", 5, "cells"),
            f"{FIRST}001, {FIRST}002 belong to 'D1' of the same kind, row 2",
        ),
        (
            ("duty_grids.csv", 5, "cells"),
            f"{SECOND}003 belongs to 'D2' of the same kind, row 3",
        ),
    ]


def test_cells_that_nobody_patrols_are_a_hint_and_no_fault(folder: Path):
    change_text(folder / "duty_grids.csv", f"；{SECOND}003;{SECOND}004", "")
    change_text(folder / "duty_grids.csv", "990101001\n", f"{FIRST};{SECOND}003\n")

    [(place, problem)] = hints(folder)

    assert place == ("duty_grids.csv", None, "cells")
    assert problem == f"nobody patrols 1 of 8 cells: {SECOND}004"


def test_a_duty_grid_that_no_shift_walks_is_a_hint(folder: Path):
    change_text(folder / "duty_shifts.csv", "N1,inspector2,7;1-4,22:00,06:00\n", "")

    [(place, problem)] = hints(folder)

    assert (place, problem) == (
        ("duty_grids.csv", 4, "code"),
        "no shift walks the duty grid 'N1'",
    )


@pytest.mark.parametrize(
    ("line", "field", "problem"),
    [
        (("D9", "inspector2", "6", "08:00", "12:00"), "grid", "there is no duty grid 'D9'"),
        (("D1", "nobody", "6", "08:00", "12:00"), "person", "there is no person 'nobody'"),
        (
            ("D1", "operator1", "6", "08:00", "12:00"),
            "person",
            "'operator1' is no inspector but operator, dispatcher",
        ),
        (("D1", "inspector2", "8", "08:00", "12:00"), "weekdays", "'8' is no weekday"),
        (("D1", "inspector2", "5-1", "08:00", "12:00"), "weekdays", "'5-1' is no weekday"),
        (("D1", "inspector2", "", "08:00", "12:00"), "weekdays", "no weekday is given"),
        (("D1", "inspector2", "6", "8am", "12:00"), "begin", "'8am' is not a time of day"),
        (("D1", "inspector2", "6", "08:00", "24:01"), "end", "'24:01' is not a time of day"),
        (("D1", "inspector2", "6", "08:00", ""), "end", "the value is missing"),
        (("D1", "inspector2", "6", "24:00", "06:00"), "begin", "a shift cannot begin at 24:00"),
    ],
)
def test_a_shift_that_cannot_be(folder: Path, line: tuple[str, ...], field: str, problem: str):
    add_shift(folder, *line)

    assert (("duty_shifts.csv", 5, field), problem) in told(folder)


def test_nobody_is_in_two_duty_grids_at_once(folder: Path):
    add_shift(folder, "D2", "inspector1", "5;6", "11:59", "13:00")

    assert only_fault(folder) == (
        ("duty_shifts.csv", 5, "begin"),
        "'inspector1' is on duty in 'D1' at that time, row 2",
    )


def test_a_night_overlaps_the_morning_after_it(folder: Path):
    add_shift(folder, "D1", "inspector2", "1", "05:00", "06:30")

    assert only_fault(folder)[1] == "'inspector2' is on duty in 'N1' at that time, row 4"


def test_shifts_that_only_meet_are_fine(folder: Path):
    add_shift(folder, "D1", "inspector2", "1-5", "06:00", "08:00")

    assert told(folder) == []


def test_a_person_is_on_duty_only_where_they_may_act(folder: Path):
    change_text(folder / "people.csv", "inspector,OFFICE001,990101001", f"inspector,,{FIRST}")

    place, problem = only_fault(folder)

    assert place == ("duty_shifts.csv", 3, "person")
    assert problem.startswith(f"'inspector1' works in {FIRST}, not in {SECOND}001, {SECOND}002")


def test_shifts_without_duty_grids_are_refused(folder: Path):
    (folder / "duty_grids.csv").unlink()

    assert [place for place, _ in told(folder)] == [
        ("duty_shifts.csv", row, "grid") for row in (2, 3, 4)
    ]


def test_a_file_that_cannot_be_read_makes_its_own_fault_only(folder: Path):
    (folder / "duty_grids.csv").write_bytes("甲".encode("gb18030"))

    assert [place[0] for place, _ in told(folder)] == ["duty_grids.csv"]


async def test_they_are_versioned_parts_and_stay_when_a_pack_does_not_bring_them(
    conn: AsyncConnection, folder: Path
):
    await load(conn, check_pack(folder).sound())
    change_text(folder / "duty_shifts.csv", "08:00", "07:30")

    changed = [one for one in await load(conn, check_pack(folder).sound()) if one.is_change]
    (folder / "duty_grids.csv").unlink()
    (folder / "duty_shifts.csv").unlink()
    without = await load(conn, check_pack(folder).sound())

    assert [(one.part, one.old, one.new) for one in changed] == [("duty_shifts", 1, 2)]
    assert not any(one.is_change for one in without)
