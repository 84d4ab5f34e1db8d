"""Private servers for one machine: PostgreSQL with PostGIS, Redis and, when asked, Apache Kafka.

Each runs on a free loopback port with its own folder below ``.city`` (or ``CITY_HOME``), started
once and shared by all processes that use the same home. ``CITY_DATABASE_URL``, ``CITY_REDIS_URL``
and ``CITY_KAFKA_URL`` name a server from elsewhere instead; then none is started.
"""

from app.services.control import Services, down, found, restart, running, status, up

__all__ = ["Services", "down", "found", "restart", "running", "status", "up"]
