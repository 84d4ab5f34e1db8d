"""What can be set from outside: environment variables with the prefix CITY_."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

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
    samples_oldest: timedelta = Field(
        default=timedelta(hours=72),
        gt=timedelta(0),
        description="Samples measured longer ago are refused, where the city pack says nothing.",
    )
    samples_ahead: timedelta = Field(
        default=timedelta(minutes=5),
        ge=timedelta(0),
        description="So far a device's clock may be ahead, where the city pack says nothing.",
    )
    samples_per_minute: int = Field(
        default=600,
        ge=1,
        le=1_000_000,
        description="Samples of one device that a process bears, where the city pack says nothing.",
    )
    sample_bytes: int = Field(
        default=4096, ge=64, le=65536, description="A sample that is longer is refused."
    )
    device_key_file: Path | None = Field(
        default=None,
        description="File with the key that device keys are encrypted with: 32 random bytes in "
        "base64, readable by its owner only. Without it devices cannot sign.",
    )
    mqtt_url: str | None = Field(
        default=None,
        description="MQTT broker, `mqtt://host:1883` or `mqtts://host:8883`; for `citygrid mqtt`.",
    )
    mqtt_version: Literal["5", "3.1.1"] = Field(
        default="5", description="Version of MQTT that is spoken with it."
    )
    mqtt_client_id: str = Field(
        default="citygrid",
        min_length=1,
        max_length=64,
        description="Name under which the broker keeps our session; another for each process.",
    )
    mqtt_credentials_file: Path | None = Field(
        default=None, description="File with user name and password for the broker, a line each."
    )
    mqtt_ca_file: Path | None = Field(
        default=None, description="Certificates that the broker's is checked by; else the system's."
    )
    mqtt_cert_file: Path | None = Field(
        default=None, description="Our certificate, for a broker that asks for one."
    )
    mqtt_key_file: Path | None = Field(default=None, description="Its private key.")
    mqtt_map_file: Path | None = Field(
        default=None, description="Topics with payloads of others, as docs/mqtt.md says; TOML."
    )
    mqtt_session_expiry: timedelta = Field(
        default=timedelta(days=7), description="How long the broker keeps our session without us."
    )
    mqtt_in_hand: int = Field(
        default=1000,
        ge=1,
        le=65535,
        description="Messages the broker may send before the log has those before (MQTT 5).",
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

    @field_validator("mqtt_url")
    @classmethod
    def _names_a_broker(cls, url: str | None) -> str | None:
        """Refuse what is no address, and a password in it: that belongs into a file."""
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path.strip("/"):
            raise ValueError("must be mqtt://host:port or mqtts://host:port")
        if parts.username or parts.password:
            raise ValueError("put user name and password into CITY_MQTT_CREDENTIALS_FILE")
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
