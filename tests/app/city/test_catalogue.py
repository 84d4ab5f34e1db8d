"""The catalogue of a pack: one vintage, questions, default departments, closing conditions."""

from pathlib import Path
from typing import Any

import pytest
from psycopg import AsyncConnection

from app.city.checking import check_pack
from app.city.loading import load
from app.rulebook import load_rulebook
from tests.app.city.found import faults, only_fault
from tests.app.city.makers import append_row, change_text

HEADER = "kind,class,class_zh,class_en,code,name_zh,name_en,severity,reportable,keywords"


def matter(code: str, name: str) -> list[str]:
    return ["matter", code[:2], "类", "Class", code, name, "Something", "3", "true", ""]


def categories(folder: Path) -> dict[str, Any]:
    listed = check_pack(folder).sound().parts["catalogue"]["categories"]
    return {one["code"]: one for one in listed if one["kind"] == "matter"}


def test_a_line_of_an_older_vintage_is_refused_with_its_row(folder: Path):
    append_row(folder / "catalogue.csv", matter("0110", "暴露垃圾"))

    fault = only_fault(folder)

    assert (fault.file, fault.row, fault.field) == ("catalogue.csv", 5, "code")
    assert "has 5 digits" in fault.problem
    assert "GB/T 30428.2-2013" in fault.problem


def test_a_line_that_names_another_standard_is_refused_with_its_row(folder: Path):
    change_text(folder / "catalogue.csv", HEADER, f"{HEADER},standard_ref")
    change_text(folder / "catalogue.csv", ",垃圾;rubbish", ",垃圾;rubbish,CJ/T 214-2007")
    change_text(folder / "catalogue.csv", "Noise nuisance,3,true,", "Noise nuisance,3,true,,")
    change_text(folder / "catalogue.csv", "Litter bin,4,false,", "Litter bin,4,false,,")

    fault = only_fault(folder)

    assert (fault.file, fault.row, fault.field) == ("catalogue.csv", 2, "standard_ref")
    assert "CJ/T 214-2007" in fault.problem


def test_of_the_two_vintages_of_four_digits_the_name_tells_which(folder: Path):
    _four_digits(folder, "CJ/T 214-2007")
    append_row(folder / "catalogue.csv", matter("0401", "无照经营游商"))

    fault = only_fault(folder)

    assert (fault.row, fault.field) == (5, "name_zh")
    assert "无照经营游商 in GB/T 30428.2-2013, but 路面塌陷 in CJ/T 214-2007" in fault.problem


def test_the_same_line_is_fine_in_its_own_vintage(folder: Path):
    _four_digits(folder, "GB/T 30428.2-2013")
    change_text(folder / "catalogue.csv", "0102,暴露垃圾", "0110,暴露垃圾")
    change_text(folder / "catalogue.csv", "0508,噪声扰民", "0128,噪声扰民")
    for name in ("jurisdiction.csv", "limits.csv"):
        text = (folder / name).read_text().replace("0102,", "0110,").replace("0508,", "0128,")
        (folder / name).write_text(text)
    append_row(folder / "catalogue.csv", matter("0401", "无照经营游商"))

    assert faults(folder) == []


def test_a_code_that_the_standard_has_not_is_refused_unless_it_is_the_citys_own(folder: Path):
    append_row(folder / "catalogue.csv", matter("06090", "遛狗不牵绳"))
    append_row(folder / "catalogue.csv", matter("90001", "本区事项"))
    assert faults(folder) == []

    append_row(folder / "catalogue.csv", matter("06080", "遛狗不牵绳"))

    fault = only_fault(folder)
    assert (fault.row, fault.field) == (7, "code")
    assert "90 to 99" in fault.remedy


def test_a_citys_own_numbering_is_taken_as_it_is(folder: Path):
    change_text(folder / "city.toml", "GB/T 47678.5-2026", "NYC 311")
    append_row(folder / "catalogue.csv", matter("noise-party", "噪声"))

    assert faults(folder) == []


def test_questions_go_to_every_category_they_are_written_for(folder: Path):
    _questions(
        folder,
        "*,photo_of,拍到了什么,What the photo shows,text,false,",
        "06,size,多大,How large,choice,true,small=小=Small;large=大=Large",
        "06028,size,多响,How loud,number,false,",
    )

    found = categories(folder)

    assert [one["attribute"] for one in found["06010"]["questions"]] == ["photo_of", "size"]
    assert found["06010"]["questions"][1]["choices"][1]["name"]["en"] == "Large"
    assert found["06028"]["questions"][1]["kind"] == "number"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("07,size,多大,How large,text,false,", "category"),
        ("06,size,多大,How large,picture,false,", "kind"),
        ("06,size,多大,How large,choice,false,", "choices"),
        ("06,size,多大,How large,choice,false,small=小", "choices"),
        ("06,size,多大,How large,text,perhaps,", "required"),
        ("06,size,多大,,text,false,", "name_en"),
    ],
)
def test_a_wrong_question_is_told(folder: Path, row: str, field: str):
    _questions(folder, row)

    fault = only_fault(folder)

    assert (fault.file, fault.row, fault.field) == ("questions.csv", 2, field)


def test_a_default_department_must_exist(folder: Path):
    _default_department(folder, "NOBODY")

    fault = only_fault(folder)

    assert (fault.file, fault.row, fault.field) == ("catalogue.csv", 3, "department")


async def test_a_default_department_takes_what_no_duty_speaks_of(
    conn: AsyncConnection, folder: Path, tmp_path: Path
):
    _default_department(folder, "POLICE")
    change_text(folder / "jurisdiction.csv", "06028,,SANI", "06028,990101001001,SANI")
    await load(conn, check_pack(folder).sound())
    rules = await load_rulebook(conn, tmp_path / "cache")
    facts = {
        "category": "06028", "class_code": "06", "kind": "matter", "severity": 3, "areas": [],
        "cell": "", "hour": 12, "weekday": 1, "workday": True, "channel": "api",
        "attributes": {}, "description": "",
    }  # fmt: skip

    there = rules.router.route(facts, ("990101001001", "990101001", "990101"))
    elsewhere = rules.router.route(facts, ("990101001002", "990101001", "990101"))

    assert (there.department, there.row) == ("SANI", 3)
    assert (elsewhere.department, elsewhere.row) == ("POLICE", 3)
    assert elsewhere.because.en == "row 3 of the catalogue: category 06028 in the whole city"


async def test_the_closing_condition_goes_with_its_limit(
    conn: AsyncConnection, folder: Path, tmp_path: Path
):
    change_text(folder / "limits.csv", "unit,default", "unit,default,closing_zh,closing_en")
    change_text(folder / "limits.csv", "2,work_hour,true", "2,work_hour,true,清理干净,Cleaned up")
    change_text(folder / "limits.csv", "4,work_hour,false", "4,work_hour,false,,")
    change_text(folder / "limits.csv", "5,work_day,true", "5,work_day,true,,")
    await load(conn, check_pack(folder).sound())

    limits = (await load_rulebook(conn, tmp_path / "cache")).limits

    assert (limits.limit_for("06010").closing or limits.limit_for("06010").name).en == "Cleaned up"
    assert limits.limit_for("06010", "large").closing is None


def test_a_closing_condition_is_written_in_both_languages(folder: Path):
    change_text(folder / "limits.csv", "unit,default", "unit,default,closing_zh,closing_en")
    change_text(folder / "limits.csv", "2,work_hour,true", "2,work_hour,true,清理干净,")
    change_text(folder / "limits.csv", "4,work_hour,false", "4,work_hour,false,,")
    change_text(folder / "limits.csv", "5,work_day,true", "5,work_day,true,,")

    assert only_fault(folder).field == "closing_en"


def _four_digits(folder: Path, standard: str) -> None:
    """Make the pack one of four digits throughout."""
    change_text(folder / "city.toml", "GB/T 47678.5-2026", standard)
    (folder / "routing.toml").unlink()
    for name in ("catalogue.csv", "jurisdiction.csv", "limits.csv"):
        text = (folder / name).read_text(encoding="utf-8")
        for old, new in (("06010", "0102"), ("06028", "0508"), ("03005", "0305"), (",06,", ",01,")):
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")


def _questions(folder: Path, *rows: str) -> None:
    header = "category,attribute,name_zh,name_en,kind,required,choices"
    (folder / "questions.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def _default_department(folder: Path, department: str) -> None:
    """Noise goes to *department*, unless a duty says otherwise."""
    change_text(folder / "catalogue.csv", HEADER, f"{HEADER},department")
    change_text(folder / "catalogue.csv", ",垃圾;rubbish", ",垃圾;rubbish,")
    change_text(folder / "catalogue.csv", "nuisance,3,true,", f"nuisance,3,true,,{department}")
    change_text(folder / "catalogue.csv", "Litter bin,4,false,", "Litter bin,4,false,,")
