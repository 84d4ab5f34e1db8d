"""`[dispatch]` of city.toml: what a city leaves to its rules."""

from __future__ import annotations

from pathlib import Path

from app.city.checking import check_pack
from app.city.dispatching import check_held_back, read_dispatch
from app.city.faults import Faults
from dispatch.auto_dispatch import AutoDispatch
from tests.app.city.makers import change_text, write_pack


def test_what_is_not_said_stays_as_it_was() -> None:
    faults = Faults()

    assert read_dispatch(None, faults) is None
    assert AutoDispatch.of(None) == AutoDispatch.of(read_dispatch({}, faults)) == AutoDispatch()
    assert faults.found == []


def test_what_is_said_is_what_the_rulebook_goes_by() -> None:
    told = {
        "confidence": 0.9,
        "hold_back": {"categories": ["06"], "rules": ["night"], "areas": ["990101001"]},
    }

    found = AutoDispatch.of(read_dispatch(told, Faults()))

    held = frozenset({"night"}), frozenset({"990101001"})
    assert found == AutoDispatch(True, 90, ("06",), *held)


def test_every_slip_is_told_by_its_setting() -> None:
    slips: dict[str, object] = {
        "dispatch": 3,
        "dispatch.atuo": {"atuo": True},
        "dispatch.auto": {"auto": "perhaps"},
        "dispatch.confidence": {"confidence": 90},
        "dispatch.hold_back": {"hold_back": ["06"]},
        "dispatch.hold_back.rule": {"hold_back": {"rule": []}},
        "dispatch.hold_back.areas": {"hold_back": {"areas": "990101"}},
    }
    for field, told in slips.items():
        faults = Faults()
        read_dispatch(told, faults)
        assert [one.field for one in faults.found] == [field]


def test_what_is_held_back_must_be_there() -> None:
    faults = Faults()
    told = {"hold_back": {"categories": ["06"], "rules": ["night"], "areas": ["9"]}}

    known = {"categories": {"0", "06"}, "rules": {"nights"}, "areas": {"990101"}}
    check_held_back(told, known, faults)

    assert [one.field.rpartition(".")[2] for one in faults.found] == ["rules", "areas"]
    assert "nights" in faults.found[0].remedy


def test_a_pack_with_it_is_checked_against_its_own_codes(tmp_path: Path) -> None:
    folder = write_pack(tmp_path)
    dispatch = '[dispatch]\nhold_back = { categories = ["0602", "07"], rules = ["night-noise"] }\n'
    change_text(folder / "city.toml", "[merge]", f"{dispatch}\n[merge]")

    [fault] = check_pack(folder).faults

    assert (fault.file, fault.field) == ("city.toml", "dispatch.hold_back.categories")
    change_text(folder / "city.toml", ', "07"', "")
    stored = check_pack(folder).sound().parts["city"]["dispatch"]
    assert stored["hold_back"]["categories"] == ["0602"]
