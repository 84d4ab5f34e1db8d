from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from app.services.postgres import (
    create_database,
    drop_database,
    has_database,
    list_databases,
    with_database,
)


@pytest.fixture
def name(database_server_url: str) -> Iterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    yield name
    drop_database(database_server_url, name)


def test_a_database_is_a_copy_of_its_template(database_server_url: str, name: str):
    template = f"{name}_template"
    with psycopg.connect(create_database(database_server_url, template)) as connection:
        connection.execute("CREATE TABLE seed AS SELECT 7 AS n")

    url = create_database(database_server_url, name, template)

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT n FROM seed").fetchone() == (7,)
    drop_database(database_server_url, template)


def test_a_database_is_dropped_even_while_somebody_is_connected(
    database_server_url: str, name: str
):
    with psycopg.connect(create_database(database_server_url, name)):
        drop_database(database_server_url, name)

        assert not has_database(database_server_url, name)
        assert name not in list_databases(database_server_url)


def test_a_name_that_is_taken_is_refused(database_server_url: str, name: str):
    create_database(database_server_url, name)

    with pytest.raises(psycopg.errors.DuplicateDatabase):
        create_database(database_server_url, name)


@pytest.mark.parametrize("odd", ['quo"te', "中文", "a-b"])
def test_an_odd_name_is_quoted(database_server_url: str, name: str, odd: str):
    database = f"{name}_{odd}"

    create_database(database_server_url, database)

    assert has_database(database_server_url, database)
    drop_database(database_server_url, database)


def test_only_the_database_of_a_url_is_replaced():
    url = with_database("postgresql://user:p%40ss@host:5433/one?sslmode=require", "two")

    assert url == "postgresql://user:p%40ss@host:5433/two?sslmode=require"
