"""Reports from files of others."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.replay.reading import Columns, UnreadableFile, read_incidents

CSV = """\ufeffId,Type,When,X,Y,Street,Borough
1,Noise,09/01/2024 12:30:00 AM,-73.9,40.7,  BROAD   STREET,MANHATTAN
2,Noise,09/01/2024 12:00:00 AM,,,,QUEENS
"""
NEW_YORK = Columns(
    columns={"key": "Id", "category": "Type", "happened_at": "When", "lon": "X", "lat": "Y"},
    addresses=("Street", "Borough"),
    time_format="%m/%d/%Y %I:%M:%S %p",
    timezone="America/New_York",
)


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    file = tmp_path / "requests.csv"
    file.write_text(CSV, encoding="utf-8")
    return file


def test_incidents_come_oldest_first_whatever_the_file_says(requests: Path) -> None:
    assert [one.name for one in read_incidents(requests, NEW_YORK)] == ["2", "1"]


def test_a_local_time_is_read_in_the_zone_of_the_file(requests: Path) -> None:
    first = read_incidents(requests, NEW_YORK)[0]

    assert first.happened_at == datetime(2024, 9, 1, 4, 0, tzinfo=UTC)
    assert first.happened_at.tzinfo is UTC


def test_the_address_is_the_first_column_that_is_not_empty(requests: Path) -> None:
    assert [one.address for one in read_incidents(requests, NEW_YORK)] == ["QUEENS", "BROAD STREET"]


def test_a_missing_position_is_none(requests: Path) -> None:
    without, with_one = read_incidents(requests, NEW_YORK)

    assert (without.lon, without.lat) == (None, None)
    assert (with_one.lon, with_one.lat) == (-73.9, 40.7)


def test_the_same_file_gives_the_same_keys_packed_or_not(requests: Path, tmp_path: Path) -> None:
    packed = tmp_path / "other" / "requests.csv.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(requests.read_bytes()))

    names = [one.name for one in read_incidents(packed, NEW_YORK)]

    assert names == ["2", "1"]
    assert len({one.key for one in read_incidents(requests, NEW_YORK)}) == 2


def test_json_lines_need_no_mapping(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_text(
        '{"category": "06010", "happened_at": "2026-11-23T08:00:00+08:00", "lon": 113}\n\n'
    )

    [one] = read_incidents(file, Columns({}))

    assert (one.category, one.lon, one.lat) == ("06010", 113.0, None)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("nonsense", "not JSON"),
        ("[1]", "one JSON object"),
        ('{"category": "1"}', "'happened_at' is empty or missing"),
        ('{"category": "1", "happened_at": "yesterday"}', "yesterday"),
        ('{"category": "1", "happened_at": "2026-01-01", "lon": "NaN"}', "not a coordinate"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, problem: str) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_text(f'{{"category": "1", "happened_at": "2026-01-01"}}\n{line}\n')

    with pytest.raises(UnreadableFile, match=problem) as error:
        read_incidents(file, Columns({}))

    assert error.value.line == 2
