"""Mails, handed to a mail server by the library of Python on threads of their own."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from app.outward import Outward
from dispatch.postgres.notices import Channel

PORTS: Final = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
"""The usual port of each way to speak to a mail server."""

_STEP_S: Final = 4.0
_WHOLE_S: Final = 20.0
"""How long a mail may take: less than the lease, so that nobody else takes it up meanwhile."""


class Mailer:
    """One mail server. Few at once, and on own threads: one that hangs keeps nobody else's."""

    at_once = 4

    def __init__(self, channel: Channel, outward: Outward) -> None:
        self._channel, self._outward = channel, outward
        self._threads = ThreadPoolExecutor(self.at_once, "mail")

    async def send(self, key: str, told: Mapping[str, Any]) -> str | None:
        """Hand one mail over; None when the server took it, else what was wrong."""
        mail = message(key, told, self._channel.sender or "")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_WHOLE_S):
                await loop.run_in_executor(self._threads, self._hand_over, mail)
        except TimeoutError:
            return "the mail server did not answer in time"
        except (OSError, smtplib.SMTPException) as err:
            return f"{type(err).__name__}: {err}"[:500]
        return None

    def close(self) -> None:
        """Wait for nobody."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hand_over(self, mail: EmailMessage) -> None:
        url = urlsplit(self._channel.url)
        host, port = url.hostname or "", url.port or PORTS[url.scheme]
        context = ssl.create_default_context()
        if url.scheme == "smtps":
            server = _SmtpOverTls(self._outward, context)
        else:
            server = _Smtp(self._outward)
        with server:
            server.connect(host, port)
            if url.scheme == "smtp":
                # Raises where the server has no TLS: nothing is said in the open.
                server.starttls(context=context)
            if self._channel.login is not None:
                server.login(self._channel.login, self._channel.secret or "")
            server.send_message(mail)


def message(key: str, told: Mapping[str, Any], sender: str) -> EmailMessage:
    """The mail of a notice; its id is made of the key, so that a repetition is known by it."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = told["to"]["mail"]
    mail["Subject"] = told["subject"]
    mail["Date"] = format_datetime(datetime.fromisoformat(told["at"]))
    mail["Message-ID"] = f"<{key.replace(':', '.')}@{sender.rpartition('@')[2] or 'citygrid'}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Citygrid-Notice"] = key
    if told["repeat"]:
        mail["X-Citygrid-Repeat"] = "true"
    mail.set_content(told["text"])
    return mail


class _Smtp(smtplib.SMTP):
    """Connects only to where the process may."""

    def __init__(self, outward: Outward) -> None:
        self._outward = outward
        super().__init__(timeout=_STEP_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._outward.connect(host, port, timeout)

    def connect(
        self, host: str = "localhost", port: int = 0, source_address: Any = None
    ) -> tuple[int, bytes]:
        """As it is, but the name is remembered: certificates are checked against it."""
        self._host = host
        return super().connect(host, port, source_address)


class _SmtpOverTls(_Smtp):
    """The same, speaking TLS from the start."""

    def __init__(self, outward: Outward, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(outward)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = super()._get_socket(host, port, timeout)
        return self._context.wrap_socket(plain, server_hostname=host)
