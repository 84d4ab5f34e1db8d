"""What is changed during a run is a sound pack again, and another one."""

from __future__ import annotations

import pytest

from app.city.checking import check_pack
from app.city.pack import CityPack, digest
from tests.chaos.city import Pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    made = Pack(tmp_path_factory.mktemp("city") / "pack")
    made.make()
    return made


def versions(pack: Pack) -> dict[str, str]:
    """A digest of the grid and of each part of the pack as it is now."""
    sound: CityPack = check_pack(pack.folder).sound()
    parts = {name: digest(content) for name, content in sound.parts.items()}
    return parts | {"grid": sound.tiling.digest()}


@pytest.mark.parametrize(
    ("what", "parts"),
    [("grid", {"grid", "profile"}), ("calendar", {"calendar"}), ("rule", {"routing"})],
)
def test_a_part_is_changed_and_changed_back(pack: Pack, what: str, parts: set[str]) -> None:
    before = versions(pack)

    pack.change(what)
    between = versions(pack)
    pack.change(what)

    assert {name for name in before if before[name] != between[name]} == parts
    assert versions(pack) == before


def test_the_deadlines_of_some_categories_fall_due_while_a_run_lasts(pack: Pack) -> None:
    limits = check_pack(pack.folder).sound().parts["limits"]

    amounts = {row["amount"] for row in limits if row["category"].startswith(("06", "09"))}

    assert amounts == {0.01}
