"""A small mail server for tests: keeps what it is handed, speaks TLS if it is told to."""

from __future__ import annotations

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mailbox:
    """*tls* is offered by STARTTLS. Those in *unknown* get no mail; a *silent* one says nothing."""

    tls: ssl.SSLContext | None = None
    unknown: set[str] = field(default_factory=set[str])
    silent: bool = False
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    logins: list[str] = field(default_factory=list[str])
    encrypted: list[bool] = field(default_factory=list[bool])

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            writer.transport.abort()

    async def _talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        if self.silent:
            await reader.read()
            return
        writer.write(b"220 box\r\n")
        while line := (await reader.readline()).decode():
            word = line.split(" ", 1)[0].strip().upper()
            if word == "STARTTLS" and self.tls:
                writer.write(b"220 go\r\n")
                await writer.start_tls(self.tls)
            elif word == "DATA":
                writer.write(b"354 go\r\n")
                await self._keep(reader, writer)
            else:
                writer.write(self._answer(word, line, writer))
            if word == "QUIT":
                return

    def _answer(self, word: str, line: str, writer: StreamWriter) -> bytes:
        if word == "EHLO":
            secure = writer.get_extra_info("ssl_object") is not None
            offers = ["STARTTLS"] if self.tls and not secure else ["AUTH PLAIN"]
            lines = "".join(f"250-{one}\r\n" for one in ("box", *offers))
            return f"{lines}250 SMTPUTF8\r\n".encode()
        if word == "AUTH":
            self.logins.append(line.split()[-1])
            return b"235 in\r\n"
        if word == "RCPT" and any(one in line for one in self.unknown):
            return b"550 nobody of that name\r\n"
        return b"221 bye\r\n" if word == "QUIT" else b"250 fine\r\n"

    async def _keep(self, reader: StreamReader, writer: StreamWriter) -> None:
        raw = await reader.readuntil(b"\r\n.\r\n")
        mail = message_from_bytes(raw[:-3], policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.encrypted.append(writer.get_extra_info("ssl_object") is not None)
        writer.write(b"250 kept\r\n")


@asynccontextmanager
async def open_mailbox(mailbox: Mailbox) -> AsyncGenerator[Mailbox]:
    """The server on a free port of loopback."""
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
