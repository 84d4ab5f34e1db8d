from pathlib import Path

import psycopg

from app.services import running
from app.services.session import sessions_beside_this


def test_only_sessions_of_others_on_the_same_database_count(private_home: Path):
    with running(private_home, redis=False) as services:
        alone = sessions_beside_this(services.database_url)
        with psycopg.connect(services.database_url):
            beside = sessions_beside_this(services.database_url)

    assert (alone, beside) == (0, 1)
