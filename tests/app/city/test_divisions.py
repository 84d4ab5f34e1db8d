"""The codes of a pack held against a register of divisions."""

import gzip
import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.city.checking import check_pack
from app.city.commands import commands
from app.city.divisions import NotARegister, read_register
from grid.divisions import Register
from tests.app.city.makers import write_pack

YUNXI = {
    "990101": "云溪区",
    "990101001": "东街道",
    "990101001001": "甲社区",
    "990101001002": "乙社区",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pack").mkdir()
    return write_pack(tmp_path / "pack")


def check(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["check", *arguments])


def places(folder: Path, names: dict[str, str]) -> list[tuple[int | None, str]]:
    faults = check_pack(folder, Register(names)).faults
    return [(fault.row, fault.problem) for fault in faults]


def without(*codes: str) -> dict[str, str]:
    return {code: name for code, name in YUNXI.items() if code not in codes}


def test_codes_that_the_register_has_are_fine(folder: Path):
    assert places(folder, YUNXI) == []


def test_a_community_that_its_street_has_not_is_told_with_its_row(folder: Path):
    assert places(folder, without("990101001002")) == [
        (4, "the register has no community '990101001002' in 东街道")
    ]


def test_where_the_register_lists_no_communities_none_is_judged(folder: Path):
    assert places(folder, without("990101001001", "990101001002")) == []


def test_below_a_wrong_division_nothing_more_is_said(folder: Path):
    assert places(folder, {"110101": "东城区", "110101001": "东华门街道"}) == [
        (1, "the register has no division '990101'")
    ]


def test_tables_of_a_folder_are_read_packed_or_not(folder: Path, tmp_path: Path):
    tables = tmp_path / "register"
    tables.mkdir()
    (tables / "areas.csv").write_text("code,name\n990101,云溪区\n99,云\n", encoding="utf-8")
    rest = "code,name\n990101001,东街道\n990101001009,丙社区\n".encode()
    (tables / "streets.csv.gz").write_bytes(gzip.compress(rest))
    (tables / "LICENSE").write_text("text")

    result = check("--divisions", str(tables), "--json", str(folder))

    assert result.exit_code == 1
    assert [fault["row"] for fault in json.loads(result.stdout)["faults"]] == [3, 4]


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"\x1f\x8bnothing", b"code,name\n\xff\xfe"]
)
def test_what_is_no_register_is_refused(tmp_path: Path, content: bytes):
    for name in ("register.csv", "register.csv.gz"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NotARegister):
            read_register(tmp_path / name)


def test_a_register_that_is_not_there_is_told(folder: Path, tmp_path: Path):
    result = check("--divisions", str(tmp_path / "x.csv"), str(folder))

    assert result.exit_code == 2


@pytest.mark.realdata
def test_the_codes_of_the_country_are_read_and_wrong_ones_noticed(shared_data: Path):
    register = read_register(shared_data / "cn_divisions")

    assert len(register) > 50_000
    assert register.objection("440304001") is None
    assert "福田区" in (register.objection("440304999") or "")
    assert register.objection("990101") == "the register has no division '990101'"
