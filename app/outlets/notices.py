"""Notices on a channel: a line in the log, a signed POST, or a mail."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import structlog
from psycopg import AsyncConnection

from app.outlets.events import headers
from app.outlets.mailing import Mailer
from app.outward import Outward, post
from dispatch.delivery import Letter
from dispatch.escalation.channels import Kind, kind_of
from dispatch.postgres.leases import Failure
from dispatch.postgres.notices import NOTICES, Channel

LOG: Final = Channel(Kind.LOG, "")
"""The channel that needs no setting up."""

_log: Final = structlog.get_logger("citygrid.notice")


class NoticeOutlet(ABC):
    """`app.courier.Outlet` of one channel; how it sends is its subclass."""

    at_once = 8

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.name = f"notices:{channel.name}"

    async def claim(self, conn: AsyncConnection, limit: int) -> list[Letter]:
        """The next notices, leased."""
        return await NOTICES.claim(conn, self._channel.name, limit)

    async def settle(
        self, conn: AsyncConnection, sent: Sequence[int], failed: Sequence[Failure], *, most: int
    ) -> None:
        """Write what became of them."""
        await NOTICES.settle(conn, sent, failed, most=most)

    @abstractmethod
    async def send(self, letter: Letter) -> str | None:
        """None when it has arrived, else what was wrong."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of what is open."""


class LogOutlet(NoticeOutlet):
    """Writes a line for each notice; nothing can go wrong with that."""

    async def send(self, letter: Letter) -> str | None:
        """Write the line."""
        told = _content(letter)
        _log.warning("notice", **told)
        return None

    async def close(self) -> None:
        """Nothing is open."""


class PostOutlet(NoticeOutlet):
    """Posts notices, signed: a webhook, or a gateway of short messages."""

    def __init__(self, channel: Channel, outward: Outward) -> None:
        super().__init__(channel)
        self._session = outward.session(self.at_once)

    async def send(self, letter: Letter) -> str | None:
        """POST it as JSON; from the second attempt on it says that it may be a repetition."""
        body = msgspec.json.encode(_content(letter))
        told = headers(letter, body, "application/json", self._channel.secret)
        return await post(self._session, self._channel.url, body, told)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


class MailOutlet(NoticeOutlet):
    """Sends mails."""

    at_once = Mailer.at_once

    def __init__(self, channel: Channel, outward: Outward) -> None:
        super().__init__(channel)
        self._mailer = Mailer(channel, outward)

    async def send(self, letter: Letter) -> str | None:
        """Hand it to the mail server."""
        return await self._mailer.send(letter.dedup, _content(letter))

    async def close(self) -> None:
        """Let go of the threads."""
        self._mailer.close()


def notice_outlet(channel: Channel, outward: Outward) -> NoticeOutlet:
    """The outlet of a channel, by its kind."""
    match kind_of(channel.name):
        case Kind.LOG:
            return LogOutlet(channel)
        case Kind.MAIL:
            return MailOutlet(channel, outward)
        case Kind.WEBHOOK | Kind.GATEWAY:
            return PostOutlet(channel, outward)


def _content(letter: Letter) -> dict[str, Any]:
    return {**msgspec.json.decode(letter.payload), "repeat": letter.attempts > 1}
