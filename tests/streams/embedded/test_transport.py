"""From the URL of a broker to the database it means."""

from __future__ import annotations

import pytest
from psycopg.conninfo import conninfo_to_dict
from yarl import URL

from streams.embedded.transport import conninfo


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        (
            "pglog://me@127.0.0.1:5433/city",
            {"user": "me", "host": "127.0.0.1", "port": "5433", "dbname": "city"},
        ),
        (
            "pglog://me:p%40ss%2Fw%25rd%3B%2C%20x@db/city",
            {"user": "me", "password": "p@ss/w%rd;, x", "host": "db", "dbname": "city"},
        ),
        (
            "pglog:///city?host=/run/postgresql&port=5433",
            {"host": "/run/postgresql", "port": "5433", "dbname": "city"},
        ),
        (
            "pglog://db/city?sslmode=require&options=-c%20search_path%3Dx",
            {
                "host": "db",
                "dbname": "city",
                "sslmode": "require",
                "options": "-c search_path=x",
            },
        ),
    ],
)
def test_everything_a_libpq_uri_can_say_reaches_the_database(
    url: str, meant: dict[str, str]
) -> None:
    assert conninfo_to_dict(conninfo(URL(url))) == meant
