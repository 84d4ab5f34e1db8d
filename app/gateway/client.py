"""The connection to an MQTT broker: a session the broker keeps, acknowledged when we say so."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiomqtt
from aiomqtt import Message, ProtocolVersion, Will
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from app.settings import Settings

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_KEEPALIVE_S: Final = 30
ROOM: Final = 2000
"""Messages of quality 0 that may wait; nobody would send them again, so more are counted, gone."""


class UnusableCredentials(Exception):
    """The credentials file cannot be used."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"{file}: {problem}. Write the user name and the password, a line each")
        self.file, self.problem = file, problem


class Client(aiomqtt.Client):
    """aiomqtt's client, with messages that count as taken only once they are acknowledged.

    Messages of quality 1 are never dropped: the broker sends no more of them than it was told may
    be under way. *dropped* counts those of quality 0 for which there was no room, and any that
    were nothing at all.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._client.manual_ack_set(True)
        self.dropped = 0

    def acknowledge(self, message: Message) -> bool:
        """Tell the broker that it can forget the message; False when the connection is gone.

        Then the broker sends it again on the next one.
        """
        return self._client.ack(message.mid, message.qos) == 0

    def at_hand(self, most: int) -> list[Message]:
        """Messages that have come in already, at most so many, without waiting."""
        found: list[Message] = []
        while len(found) < most and not self._queue.empty():
            found.append(self._queue.get_nowait())
        return found

    @property
    def is_gone(self) -> bool:
        """Whether the connection has ended."""
        return self._disconnected.done()

    def _on_message(self, client: Any, userdata: Any, message: Any) -> None:
        if message.qos == 0 and self._queue.qsize() >= ROOM:
            self.dropped += 1
            return
        try:
            super()._on_message(client, userdata, message)
        except ValueError:  # a topic that is none, which a broker should not have passed on
            self.dropped += 1
            client.ack(message.mid, message.qos)


def make_client(settings: Settings) -> Client:
    """A client for one connection, as the settings say; credentials are read anew each time.

    Raises UnusableCredentials, and OSError or ssl.SSLError for certificates that cannot be read.
    """
    parts = urlsplit(settings.mqtt_url or "")
    user, password = _credentials(settings.mqtt_credentials_file)
    latest = settings.mqtt_version == "5"
    return Client(
        parts.hostname or "",
        parts.port or _PORTS[parts.scheme],
        username=user,
        password=password,
        identifier=settings.mqtt_client_id,
        protocol=ProtocolVersion.V5 if latest else ProtocolVersion.V311,
        clean_start=False if latest else 3,
        clean_session=None if latest else False,
        properties=_session(settings) if latest else None,
        keepalive=_KEEPALIVE_S,
        will=Will(state_topic(settings), b"offline", qos=1, retain=True),
        tls_context=_tls(settings) if parts.scheme == "mqtts" else None,
    )


def state_topic(settings: Settings) -> str:
    """Where it stands, retained, whether this client is online."""
    return f"citygrid/gateways/{settings.mqtt_client_id}/state"


def _session(settings: Settings) -> Properties:
    told = Properties(PacketTypes.CONNECT)
    told.SessionExpiryInterval = min(0xFFFFFFFE, int(settings.mqtt_session_expiry.total_seconds()))
    told.ReceiveMaximum = settings.mqtt_in_hand
    return told


def _credentials(file: Path | None) -> tuple[str | None, str | None]:
    if file is None:
        return None, None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise UnusableCredentials(file, f"cannot be read ({type(err).__name__})") from err
    if len(lines) < 2 or not lines[0]:
        raise UnusableCredentials(file, f"has {len(lines)} lines")
    return lines[0], lines[1]


def _tls(settings: Settings) -> ssl.SSLContext:
    file = settings.mqtt_ca_file
    context = ssl.create_default_context(cafile=None if file is None else str(file))
    if settings.mqtt_cert_file is not None:
        context.load_cert_chain(settings.mqtt_cert_file, settings.mqtt_key_file)
    return context
