"""`citygrid whatif` as a person types it."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from app.__main__ import main
from tests.app.city.makers import ROUTING_TOML, change_layer, change_text
from tests.app.whatif.past_city import NOISE, PAST, RUBBISH

RUNNER = CliRunner()
RUBBISH_TO_POLICE = """\
[[rule]]
name = "rubbish-tried"
when = 'category == "06010"'
department = "POLICE"
because_zh = "试行：垃圾由公安处置"
because_en = "On trial: rubbish is for the police"

"""


@pytest.fixture(autouse=True)
def environment(past_city: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITY_DATABASE_URL", past_city)
    monkeypatch.setenv("CITY_HOME", str(tmp_path / "home"))


def typed(*arguments: object) -> Result:
    return RUNNER.invoke(main, ["whatif", *map(str, arguments)])


def told(*arguments: object) -> dict[str, Any]:
    done = typed(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.splitlines()[-1])


def rules_file(folder: Path, text: str) -> Path:
    file = folder / "tried.toml"
    file.write_text(text, encoding="utf-8")
    return file


def contents(url: str) -> dict[str, tuple[int, str]]:
    """How many rows every table has, and a digest of them all."""
    with psycopg.connect(url) as conn:
        names = conn.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        return {
            name: conn.execute(
                "SELECT count(*), md5(coalesce(string_agg(t::text, '' ORDER BY t::text), ''))"
                f" FROM {name} t".encode()
            ).fetchone()
            or (0, "")
            for (name,) in names
        }


def test_what_is_in_force_changes_nothing(pack: Path):
    outcome = told(pack)

    assert outcome["tried"] == []
    assert (outcome["cases"], outcome["changed"]) == (len(PAST), 0)
    assert outcome["before"] == outcome["after"]
    assert outcome["changed_cases"] == []


def test_a_rule_in_front_moves_exactly_its_cases_and_both_reasons_are_told(tmp_path: Path):
    file = rules_file(tmp_path, RUBBISH_TO_POLICE + ROUTING_TOML)

    outcome = told("--part", f"routing={file}")

    assert outcome["tried"] == ["routing"]
    changed = outcome["changed_cases"]
    assert {one["category"] for one in changed} == {RUBBISH}
    assert len(changed) == sum(category == RUBBISH for category, *_ in PAST)
    assert {one["before"]["department"] for one in changed} == {"SANI"}
    assert {one["after"]["department"] for one in changed} == {"POLICE"}
    assert "职责表" in changed[0]["before"]["why"]["zh"]
    assert changed[0]["after"]["why"]["en"] == (
        "rule rubbish-tried: On trial: rubbish is for the police"
    )


def test_a_rule_of_severity_is_tried_alone_and_a_broken_one_told(tmp_path: Path):
    rule = """\
[[rule]]
name = "noise"
when = 'category == "06028" && hour >= 20'
raise = 1
because_zh = "夜间噪声提高一级"
because_en = "Noise at night is one step more severe"
"""
    outcome = told("--part", f"severity={rules_file(tmp_path, rule)}")
    strange = rule.replace("hour >= 20", "near.school < 100")
    broken = typed("--part", f"severity={rules_file(tmp_path, strange)}", "--json")

    assert outcome["tried"] == ["severity"]
    [changed] = outcome["changed_cases"]
    assert (changed["category"], changed["differences"]) == (NOISE, ["severity"])
    assert changed["after"]["severity"] == changed["before"]["severity"] - 1
    assert broken.exit_code == 1
    assert "there is no site of kind 'school'" in broken.output


def test_departments_and_areas_are_told_before_and_after(tmp_path: Path):
    file = rules_file(tmp_path, RUBBISH_TO_POLICE)

    outcome = told("--part", f"routing={file}")

    lines = {
        one["code"]: (
            one["before"]["cases"],
            one["after"]["cases"],
            one["moved_in"],
            one["moved_out"],
        )
        for one in outcome["departments"]
    }
    # Without the rule for the night, the noise of 23:00 is for Sanitation.
    assert lines == {"SANI": (5, 2, 1, 4), "POLICE": (1, 4, 4, 1)}
    assert outcome["before"]["accuracy"] == 1.0
    assert outcome["after"]["accuracy"] == 0.2
    assert [one["level"] for one in outcome["areas"]] == ["division", "street", *["community"] * 2]
    assert outcome["areas"][0]["before"]["cases"] == len(PAST)
    assert sum(row["before"] for row in outcome["workload"]["rows"]) == len(PAST)


def test_a_longer_limit_is_told_in_what_would_have_been_in_time(pack: Path):
    limits = pack / "limits.csv"
    change_text(
        limits, "06010,small,少量,A little,resolve,2,", "06010,small,少量,A little,resolve,5,"
    )

    outcome = told("--part", f"limits={limits}")

    assert outcome["differences"] == {
        "decision": 0, "department": 0, "cell": 0, "severity": 0, "deadline": 4, "lateness": 1,
    }  # fmt: skip
    assert (outcome["before"]["late"], outcome["after"]["late"]) == (2, 1)


def test_another_grid_in_a_zip_moves_cells(pack: Path, tmp_path: Path):
    def renumber(cells: Any) -> Any:
        cells.loc[0, "code"] = "990101001001009"
        return cells

    change_layer(pack / "cells.geojson", renumber)
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", pack)

    outcome = told(packed)

    assert outcome["tried"] == ["grid"]
    [moved] = outcome["changed_cases"]
    assert moved["differences"] == ["cell"]
    assert moved["after"]["cell"] == "990101001001009"


def test_the_table_holds_every_changed_case_however_few_are_listed(tmp_path: Path):
    file, table = rules_file(tmp_path, RUBBISH_TO_POLICE), tmp_path / "changed.csv"

    outcome = told("--part", f"routing={file}", "--csv", table, "--most", 1)

    assert len(outcome["changed_cases"]) == 1
    with table.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == outcome["changed"] == 5
    assert [row["category"] for row in rows].count(NOISE) == 1
    assert rows[0]["why_after_zh"] == "规则 rubbish-tried：试行：垃圾由公安处置"


def test_only_the_period_is_decided_again(pack: Path):
    outcome = told(pack, "--from", "2026-11-24T00:00", "--until", "2026-11-25T00:00")

    assert outcome["cases"] == 1
    assert outcome["first_at"] == outcome["last_at"] == "2026-11-24T02:00:00+00:00"


def test_a_period_without_cases_is_no_error(pack: Path):
    done = typed(pack, "--until", "2020-01-01")

    assert done.exit_code == 0
    assert "0 cases decided again" in done.stdout


def test_a_person_reads_tables(tmp_path: Path):
    done = typed("--part", f"routing={rules_file(tmp_path, RUBBISH_TO_POLICE)}")

    assert done.exit_code == 0
    assert "6 cases decided again" in done.stdout
    assert "Changed cases, 5 of 5" in done.stdout


def test_nothing_is_written_into_the_database(past_city: str, pack: Path, tmp_path: Path):
    change_text(pack / "city.toml", "radius_m = 50", "radius_m = 60")
    before = contents(past_city)

    told(pack, "--part", f"routing={rules_file(tmp_path, RUBBISH_TO_POLICE)}")

    assert before["public.case_event"][0] > 0
    assert contents(past_city) == before


def test_faults_of_a_part_are_told_with_file_row_and_field(tmp_path: Path):
    file = rules_file(tmp_path, RUBBISH_TO_POLICE.replace('"POLICE"', '"POLITE"'))

    done = typed("--part", f"routing={file}", "--csv", tmp_path / "changed.csv", "--json")

    assert done.exit_code == 1
    [fault] = json.loads(done.stdout)["faults"]
    assert (fault["file"], fault["row"], fault["field"]) == ("tried.toml", 1, "department")
    assert fault["remedy"] == "Did you mean 'POLICE'?"
    assert not (tmp_path / "changed.csv").exists()


def test_faults_of_a_pack_are_told_and_nothing_is_tried(pack: Path):
    (pack / "limits.csv").unlink()

    done = typed(pack)

    assert done.exit_code == 1
    assert "limits.csv" in done.output
    assert "nothing was tried" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a pack, a part (routing=FILE) or another grid"),
        (["nowhere"], "nowhere is not a city pack"),
        (["--grid", "99"], "99"),
        (["--part", "routing"], "write NAME=FILE"),
        (["--part", "people=x.csv"], "write NAME=FILE"),
        (["--part", "routing=a", "--part", "routing=b"], "given twice"),
        (["--grid", "1", "--from", "yesterday"], "'yesterday' is no time"),
        (["--grid", "1", "--from", "2027-02", "--until", "2027-01-01"], "'2027-02' is no time"),
        (
            ["--grid", "1", "--from", "2027-02-01", "--until", "2027-01-01"],
            "--until 2027-01-01 is not later than --from 2027-02-01",
        ),
    ],
)
def test_what_cannot_be_tried_is_refused_with_a_reason(arguments: list[str], said: str):
    done = typed(*arguments)

    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())
    assert "Traceback" not in done.output


def test_a_part_that_is_not_there_is_a_fault(tmp_path: Path):
    done = typed("--part", f"routing={tmp_path / 'none.toml'}", "--json")

    assert done.exit_code == 1
    assert json.loads(done.stdout)["faults"][0]["problem"] == "the file is missing"


def test_a_pack_with_a_grid_of_its_own_leaves_no_room_for_another(pack: Path):
    done = typed(pack, "--grid", 1)

    assert done.exit_code == 2
    assert "brings its own grid" in done.output


def test_a_pack_of_another_city_is_refused(pack: Path):
    for name in ("city.toml", "areas.geojson", "cells.geojson", "people.csv"):
        text = (pack / name).read_text(encoding="utf-8")
        (pack / name).write_text(text.replace("990101", "990102"), encoding="utf-8")

    done = typed(pack)

    assert done.exit_code == 2
    assert "the pack is of city 990102, the cases are of city 990101" in done.output
