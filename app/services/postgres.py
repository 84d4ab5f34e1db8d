"""Databases on any PostgreSQL server: wait for it, make and drop them, copy templates."""

from __future__ import annotations

from typing import LiteralString
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql


def answers(url: str) -> bool:
    """Tell whether the server takes the login of *url* and answers a query."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def with_database(url: str, name: str) -> str:
    """The same server and login, database *name*."""
    return urlunsplit(urlsplit(url)._replace(path="/" + quote(name, safe="")))


def has_database(url: str, name: str) -> bool:
    """Tell whether the server of *url* has a database *name*."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
    return row is not None


def list_databases(url: str) -> list[str]:
    """The names of all databases of the server but its own templates, in order."""
    query = "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY datname"
    with psycopg.connect(url) as connection:
        return [str(name) for (name,) in connection.execute(query)]


def create_database(
    url: str, name: str, template: str = "template0", *, by_files: bool = False
) -> str:
    """Make database *name* as a copy of *template*; the URL of the new database.

    Copying needs the template to itself: nobody may be connected to it. *by_files* copies its
    files after a checkpoint, which is the faster way only where files are in memory. Raises
    psycopg.errors.DuplicateDatabase, psycopg.errors.ObjectInUse.
    """
    statement = "CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8' STRATEGY {}"
    _run(url, statement, name, template, "file_copy" if by_files else "wal_log")
    return with_database(url, name)


def drop_database(url: str, name: str) -> None:
    """Drop database *name*, whoever is connected to it; nothing when there is none."""
    _run(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _run(url: str, statement: LiteralString, *names: str) -> None:
    # Neither statement runs inside a transaction, and neither may run in the database it names.
    query = sql.SQL(statement).format(*map(sql.Identifier, names))
    with psycopg.connect(with_database(url, "postgres"), autocommit=True) as connection:
        connection.execute(query)
