"""A rolling upgrade runs the previous release on the new schema: no migration may break it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.migrations import MARK, breaks
from tests.house.repository import ROOT

MIGRATIONS = sorted((ROOT / "app" / "migrations").glob("*.sql"))


@pytest.mark.parametrize("migration", MIGRATIONS[1:], ids=lambda path: path.name)
def test_the_previous_release_goes_on_after_the_migration(migration: Path) -> None:
    found = breaks(migration.read_text(encoding="utf-8"))

    assert not found, f"expand first, contract a release later, or say why with `{MARK}`"


def test_migrations_have_numbers_of_their_own() -> None:
    numbers = [re.match(r"(\d{4})_[a-z_]+\.sql", path.name) for path in MIGRATIONS]

    assert None not in numbers
    assert len({found[1] for found in numbers if found}) == len(MIGRATIONS)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE photo",
        "ALTER TABLE inbox DROP COLUMN flags",
        "ALTER TABLE inbox RENAME COLUMN flags TO notes",
        "ALTER TABLE inbox RENAME TO reports",
        "ALTER TABLE inbox ALTER COLUMN receipt TYPE uuid",
        "ALTER TABLE inbox ALTER receipt SET DATA TYPE uuid",
        "ALTER TABLE inbox ALTER COLUMN position SET NOT NULL",
        "ALTER TABLE inbox ALTER COLUMN flags DROP DEFAULT",
        "ALTER TABLE inbox ADD COLUMN lane text NOT NULL",
        "ALTER TABLE inbox ADD COLUMN a int, ADD COLUMN b text CHECK (b IN ('x', 'y')) NOT NULL",
        "ALTER TABLE inbox ADD CONSTRAINT short CHECK (length(receipt) < 40)",
        "CREATE UNIQUE INDEX once ON inbox (source, receipt)",
        "CREATE TRIGGER t BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION f()",
        "DELETE FROM photo",
        "TRUNCATE photo",
    ],
)
def test_what_breaks_the_previous_release_is_noticed(sql: str) -> None:
    assert len(breaks(f"-- a comment; with a semicolon\n{sql};\n")) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE lane (name text); ALTER TABLE lane ADD CONSTRAINT c CHECK (true);",
        "ALTER TABLE inbox ADD COLUMN lane text;",
        "ALTER TABLE inbox ADD COLUMN lane text NOT NULL DEFAULT 'usual';",
        "ALTER TABLE inbox ADD COLUMN n int; CREATE UNIQUE INDEX i ON inbox (n) WHERE n > 0;",
        "ALTER TABLE inbox DROP CONSTRAINT inbox_channel_check;",
        "CREATE INDEX i ON inbox (source, receipt);",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DROP TABLE x; END $$;",
        f"{MARK} nothing reads it since 0.3\nALTER TABLE inbox DROP COLUMN flags;",
    ],
)
def test_what_only_adds_passes(sql: str) -> None:
    assert breaks(sql) == []


def test_a_reason_covers_one_statement_only() -> None:
    sql = f"{MARK} nothing reads it since 0.3\nDROP TABLE photo;\nDROP TABLE reporter;"

    assert len(breaks(sql)) == 1
