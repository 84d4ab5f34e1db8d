"""Connections that leave the house: to addresses outside, judged when they are connected to."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from dispatch.outward import Network, may_reach

TOTAL_S: Final = 5.0
CONNECT_S: Final = 2.0
_ANSWER_BYTES: Final = 64 * 1024


class Outward:
    """The way out of one process; *inside* are networks of one's own that may be reached as well.

    The address is judged that is connected to, not the name: so a name that points elsewhere by
    then helps nobody, and no notation of an address is overlooked.
    """

    def __init__(self, inside: Iterable[Network] = ()) -> None:
        self._inside = tuple(inside)

    def refuses(self, url: str) -> str | None:
        """Why nothing can ever be sent there: the address itself is inside; None when it may."""
        address = _literal(urlsplit(url).hostname or "")
        return None if address is None or self._may(address) else _said(address)

    def session(
        self, connections: int, resolver: AbstractResolver | None = None
    ) -> aiohttp.ClientSession:
        """A client without proxy, login from the environment, or cookies: only what is given."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=connections, socket_factory=self._socket, resolver=resolver
            ),
            timeout=aiohttp.ClientTimeout(total=TOTAL_S, sock_connect=CONNECT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    def connect(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """A connection, blocking; OSError when there is none, or none that may be made."""
        trouble: OSError = OSError(errno.EHOSTUNREACH, f"{host} has no address")
        for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                made = self._socket(info)
            except OSError as refused:
                trouble = refused
                continue
            try:
                made.settimeout(timeout_s)
                made.connect(info[4])
                return made
            except OSError as err:
                made.close()
                trouble = err
        raise trouble

    def _socket(self, info: tuple[Any, Any, int, str, Any]) -> socket.socket:
        family, kind, proto, _, address = info
        if not self._may(address[0]):
            raise OSError(errno.EACCES, _said(address[0]))
        return socket.socket(family=family, type=kind, proto=proto)

    def _may(self, address: str) -> bool:
        return may_reach(address, self._inside)


async def post(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]
) -> str | None:
    """POST a body; None when the answer was a yes, else what was wrong, in a few words.

    A redirect is no yes and is not followed.
    """
    try:
        answer = await session.post(url, data=body, headers=headers, allow_redirects=False)
    except TimeoutError:
        return f"no answer within {TOTAL_S:.0f} s"
    except aiohttp.ClientError as err:
        return f"{type(err).__name__}: {err}"
    async with answer:
        await _read(answer)
    return None if 200 <= answer.status < 300 else f"answered {answer.status}"


async def _read(answer: aiohttp.ClientResponse) -> None:
    """Read the rest of a short answer, so that the connection can be kept; cut a long one.

    The answer is in its status: what goes wrong after it changes nothing.
    """
    read = 0
    try:
        async for piece in answer.content.iter_any():
            read += len(piece)
            if read > _ANSWER_BYTES:
                return answer.close()
    except (aiohttp.ClientError, TimeoutError):
        pass


def _literal(host: str) -> str | None:
    """The address that a host is in itself, however it is written: ``0x7f.1`` is 127.0.0.1."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _said(address: str) -> str:
    return f"{address} is inside: name its network in CITY_NOTIFY_INSIDE if that is meant"
