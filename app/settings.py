"""What can be set from outside: environment variables with the prefix CITY_."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatch.outward import networks


class Settings(BaseSettings):
    """One process's settings; every one is told in docs/settings.md, which a test compares."""

    model_config = SettingsConfigDict(env_prefix="CITY_", frozen=True, extra="ignore")

    database_url: str = Field(
        description="PostgreSQL with PostGIS, as a libpq URL. The only store of what is true."
    )
    redis_url: str | None = Field(
        default=None, description="Redis, for fan-out and tile cache; without it both still work."
    )
    kafka_url: str | None = Field(
        default=None,
        description="Kafka as `host:port[,host:port]`; without it the log lives in PostgreSQL.",
    )
    kafka_replication: int = Field(
        default=1, ge=1, le=9, description="Copies of each topic that `citygrid migrate` makes."
    )
    home: Path = Field(
        default=Path(".city"), description="Folder for caches and the private services."
    )
    host: str = Field(default="127.0.0.1", description="Address the web process listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Its port; 0 takes a free one.")
    public_url: str | None = Field(
        default=None,
        description="Address people type. With https the session cookie is `__Host-` and Secure, "
        "and only pages of this origin may change anything.",
    )
    grid_open: bool = Field(
        default=False,
        description="Everybody may read cells, areas and releases of the grid; components, figures "
        "and cases never.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe record that is written."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="One JSON object per line, or lines for a person's terminal."
    )
    database_connections: int = Field(
        default=8,
        ge=2,
        le=100,
        description="Most connections a process has for its work; a web process has four more.",
    )
    database_folder: Path | None = Field(
        default=None,
        description="A folder on the disk that PostgreSQL writes to, where a web process can see "
        "it: its free space is then watched.",
    )
    disk_free_min_mb: int = Field(
        default=2000,
        ge=0,
        description="With less free on that disk, in MB, photos are refused; reports are taken.",
    )
    intake_waiting: int = Field(
        default=2000,
        ge=1,
        description="Reports that may wait for the next commit; more are answered 503.",
    )
    intake_batch: int = Field(
        default=500, ge=1, le=5000, description="Most reports of one commit at the door."
    )
    observations_kept: timedelta = Field(
        default=timedelta(days=35),
        ge=timedelta(0),
        le=timedelta(days=4000),
        description="How long samples are kept to be read at `/sta`; whole days are dropped. "
        "0: none are kept.",
    )
    session_idle: timedelta = Field(
        default=timedelta(minutes=30), description="A session unused for so long is over."
    )
    session_absolute: timedelta = Field(
        default=timedelta(hours=12), description="A session older than this is over."
    )
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port of `/metrics` of a worker or notifier; without it they serve none.",
    )
    relay_every_s: float = Field(
        default=1.0, gt=0, description="The relay looks at least so often, told or not; seconds."
    )
    rescue_after_s: float = Field(
        default=1.0,
        gt=0,
        description="A report undecided for so long is decided without the stream; seconds.",
    )
    rescue_urgent_after_s: float = Field(
        default=0.5,
        gt=0,
        description="The same for reports of the highest severity; seconds.",
    )
    clock_every_s: float = Field(
        default=1.0, gt=0, description="How often the clock looks for what fell due; seconds."
    )
    sensing_mark_every_s: float = Field(
        default=30.0,
        ge=0,
        description="How often the log of samples is told the time, so that silence is noticed; "
        "seconds, 0: never, for playing old samples.",
    )
    notify_attempts: int = Field(
        default=1440,
        ge=1,
        description="Failed attempts after which a delivery is dead; 1440 take about a day.",
    )
    notify_inside: str | None = Field(
        default=None,
        description="Networks of one's own that notifiers may connect to, as "
        "`10.20.0.0/16,127.0.0.1`; otherwise only addresses outside.",
    )
    stop_after: timedelta = Field(
        default=timedelta(seconds=10),
        description="How long SIGTERM waits for open requests; live streams are cut then.",
    )

    @field_validator("database_url")
    @classmethod
    def _names_postgresql(cls, url: str) -> str:
        """Refuse what is no address, without repeating it: it may hold a password."""
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        try:
            conninfo_to_dict(url)
        except ProgrammingError:
            raise ValueError("is not an address that libpq understands") from None
        return url

    @field_validator("notify_inside")
    @classmethod
    def _names_networks(cls, text: str | None) -> str | None:
        """Refuse what is no list of networks."""
        try:
            networks(text or "")
        except ValueError as err:
            raise ValueError(f"{err}: write networks divided by commas") from None
        return text

    @property
    def is_https(self) -> bool:
        """Whether people reach the doors over TLS."""
        return self.public_url is not None and self.public_url.startswith("https://")
