"""The schema as migrated, and connections that come back."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import psycopg
import pytest

from app.database import Database, DatabaseAway, SchemaBehind
from app.migrating import migrate
from app.services.postgres import create_database, drop_database


async def test_a_migrated_database_has_an_empty_numbered_log(conn: psycopg.AsyncConnection) -> None:
    found = await conn.execute("SELECT position FROM log_head")

    assert await found.fetchall() == [(0,)]


def test_migrating_again_changes_nothing(database_url: str) -> None:
    assert migrate(database_url) == 0


async def test_history_cannot_be_rewritten(conn: psycopg.AsyncConnection) -> None:
    await conn.execute(
        "INSERT INTO audit (actor, action, target, outcome) VALUES ('a','b','c','done')"
    )

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        await conn.execute("UPDATE audit SET actor = 'x'")


async def test_a_terminated_connection_is_replaced_at_the_next_loan(database_url: str) -> None:
    database = Database(database_url, size=1)
    async with database.session() as conn:
        pid = conn.info.backend_pid
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])

    with pytest.raises(psycopg.OperationalError):
        async with database.connection() as conn:
            await conn.execute("SELECT 1")
    async with database.connection() as conn:
        found = await conn.execute("SELECT 2")

    assert await found.fetchone() == (2,)
    await database.close()


@pytest.mark.parametrize("ask", [Database.open, Database.require_schema])
async def test_a_server_that_goes_away_in_the_middle_of_the_start_is_away(
    ask: Callable[[Database], Awaitable[None]], database_url: str
) -> None:
    database = Database(database_url, size=1)
    async with database.session() as conn:
        pid = conn.info.backend_pid
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])

    with pytest.raises(DatabaseAway):
        await ask(database)

    await ask(database)
    await database.close()


async def test_a_wrong_address_is_said_in_one_line() -> None:
    with pytest.raises(DatabaseAway, match="the database is away: ") as error:
        await Database("postgresql://nobody@127.0.0.1:1/none").open()

    assert "\n" not in str(error.value)


async def test_an_error_rolls_back_everything_of_the_loan(database_url: str) -> None:
    database = Database(database_url)

    async def move_the_head_and_fail() -> None:
        async with database.connection() as conn:
            await conn.execute("UPDATE log_head SET position = 7")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await move_the_head_and_fail()

    async with database.connection() as conn:
        found = await conn.execute("SELECT position FROM log_head")
        assert await found.fetchone() == (0,)
    await database.close()


def test_a_migration_gives_up_when_a_table_stays_in_use(database_server_url: str) -> None:
    name = f"test_{uuid4().hex[:12]}"
    url = create_database(database_server_url, name)
    migrate(url)
    with psycopg.connect(url) as reader:
        # As if the newest migration were still to come, and a table it changes were being read.
        reader.execute("DROP INDEX inbox_replay_of")
        reader.execute("ALTER TABLE inbox DROP COLUMN replay_of")
        reader.execute("DELETE FROM _yoyo_migration WHERE migration_id = '0006_replays'")
        reader.commit()
        reader.execute("SELECT count(*) FROM inbox")

        with pytest.raises(DatabaseAway, match="somebody uses a table that a migration changes"):
            migrate(url)

    assert migrate(url) == 1
    drop_database(database_server_url, name)


@asynccontextmanager
async def closing(database: Database) -> AsyncGenerator[Database]:
    yield database
    await database.close()


async def test_a_schema_that_lacks_a_migration_is_noticed(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await conn.execute("DELETE FROM _yoyo_migration WHERE migration_id = '0003_deliveries'")

    async with closing(Database(database_url)) as database:
        with pytest.raises(SchemaBehind, match=r"lacks 0003_deliveries: run `citygrid migrate`"):
            await database.require_schema()


async def test_a_schema_newer_than_the_program_is_good_enough(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await conn.execute(
            "INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('f', '9999_later')"
        )

    async with closing(Database(database_url)) as database:
        await database.require_schema()
        async with database.session() as conn:
            found = await conn.execute("SELECT count(*) FROM inbox")
            assert await found.fetchone() == (0,)


async def test_a_database_that_was_never_migrated_lacks_everything(
    database_server_url: str,
) -> None:
    name = f"test_{uuid4().hex[:12]}"

    async with closing(Database(create_database(database_server_url, name))) as database:
        with pytest.raises(SchemaBehind, match="0001_first_case"):
            await database.require_schema()

    drop_database(database_server_url, name)
