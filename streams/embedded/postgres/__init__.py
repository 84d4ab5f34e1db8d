"""The embedded log in PostgreSQL. The only place of this package that knows psycopg."""

from streams.embedded.postgres.log import PostgresLog
from streams.embedded.postgres.records import (
    append,
    create_topics,
    forget_group,
    lag,
    log_schema,
    trim,
)

__all__ = [
    "PostgresLog",
    "append",
    "create_topics",
    "forget_group",
    "lag",
    "log_schema",
    "trim",
]
