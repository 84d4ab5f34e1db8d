"""``python -m app.services.session``: does a process of this container hold its database session?

The health check of the processes without a door. A worker or clock that lost PostgreSQL and does
not come back has no session there; one that stalls is ended by its own watchdog.
"""

from __future__ import annotations

import os
import sys
from typing import Final

import psycopg

# Sessions from this container's address, on our database, besides the one that asks.
_SESSIONS: Final = """
    SELECT count(*)
      FROM pg_stat_activity
     WHERE datname = current_database()
       AND client_addr = inet_client_addr()
       AND pid <> pg_backend_pid()
"""


def sessions_beside_this(url: str) -> int:
    """How many sessions this address holds on the database of *url*; raises psycopg.Error."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(_SESSIONS).fetchone()
    return int(row[0]) if row else 0


def main() -> int:
    """Exit code 0 when there is at least one, else 1 with one line."""
    try:
        held = sessions_beside_this(os.environ["CITY_DATABASE_URL"])
    except (KeyError, psycopg.Error) as fault:
        print(f"session: {type(fault).__name__}: {fault}", file=sys.stderr)
        return 1
    if not held:
        print("session: no other session from this address", file=sys.stderr)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
