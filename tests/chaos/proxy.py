"""The proxy process: every connection of the world goes through one of its routes.

python -m tests.chaos.proxy reads one JSON object per line and answers each with a line:
{"route": "web-1>postgres", "port": 20001, "to": 20002} opens a route, {"route": …, "mode": …,
"delay_s": …} changes it. It ends when its input ends, with whoever started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
import sys
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final, cast

import uvloop

_FIRST: Final = -10
MODES: Final = ("pass", "refuse", "hold")
"""pass: bytes go through, after delay_s; refuse: every connection is reset, also a new one;
hold: connections are taken and nothing gets through until the route passes again."""

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass
class Route:
    """From a port of ours to a port of the server."""

    to: int
    mode: str = "pass"
    delay_s: float = 0.0
    ends: set[End] = field(default_factory=set["End"])

    def change(self, mode: str, delay_s: float) -> None:
        """Take a mode; what was held goes on, unless connections are refused now."""
        self.mode, self.delay_s = mode, delay_s
        for end in list(self.ends):
            end.obey()

    def cut(self) -> None:
        """Reset every connection that is open; new ones are not touched."""
        for end in list(self.ends):
            end.reset()


class End(asyncio.Protocol):
    """One end of a connection through a route; *peer* is its other end once there is one."""

    def __init__(self, route: Route, peer: End | None = None) -> None:
        self._route, self.peer = route, peer
        self._calls = peer is None
        self._arrived: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._peer_is_full = False
        self._over = False
        self._calling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._route.ends.add(self)
        self.obey()

    def data_received(self, data: bytes) -> None:
        if self._arrived or self._route.delay_s or self.peer is None:
            due = asyncio.get_running_loop().time() + self._route.delay_s
            self._arrived.append((due, data))
            self._pass_on()
        else:
            self.peer.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._route.ends.discard(self)
        self._over = True
        if exc is not None and self.peer:
            self.peer.reset()
        else:
            self._pass_on()

    def pause_writing(self) -> None:
        if self.peer:
            self.peer.read_on(peer_is_full=True)

    def resume_writing(self) -> None:
        if self.peer:
            self.peer.read_on(peer_is_full=False)

    def obey(self) -> None:
        """Do what the route's mode says now."""
        if self._route.mode == "refuse":
            return self.reset()
        if self._route.mode == "pass" and self._calls and not self.peer and not self._calling:
            self._calling = asyncio.create_task(self._call())
        self.read_on(self._peer_is_full)
        self._pass_on()

    def read_on(self, peer_is_full: bool) -> None:
        """Read while the route passes and the peer has room: a full pipe is the sender's matter."""
        self._peer_is_full = peer_is_full
        if self._route.mode == "hold" or peer_is_full:
            self.transport.pause_reading()
        elif not self.transport.is_closing():
            self.transport.resume_reading()

    def reset(self) -> None:
        """End with a RST, as a cable that was cut and a host that came back do."""
        self._over = True
        self._arrived.clear()
        peer, self.peer = self.peer, None
        if not self.transport.is_closing():
            sock = self.transport.get_extra_info("socket")
            with contextlib.suppress(OSError):  # it may have ended by itself
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()
        if peer:
            peer.reset()

    async def _call(self) -> None:
        """Reach the server; nobody there is a reset, as the kernel would answer."""
        loop = asyncio.get_running_loop()
        try:
            _, peer = await loop.create_connection(
                lambda: End(self._route, self), "127.0.0.1", self._route.to
            )
        except OSError:
            return self.reset()
        self.peer = peer
        if self._over and not self._arrived:
            peer.transport.close()
        self._pass_on()

    def _pass_on(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._route.mode != "pass" or not self.peer:
            return
        loop = asyncio.get_running_loop()
        while self._arrived and self._arrived[0][0] <= loop.time():
            self.peer.transport.write(self._arrived.popleft()[1])
        if self._arrived:
            self._timer = loop.call_at(self._arrived[0][0], self._pass_on)
        elif self._over:
            self.peer.transport.close()


class Proxy:
    """All routes."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}

    async def obey(self, order: dict[str, Any]) -> None:
        """Open or change one route."""
        name = order["route"]
        if "to" in order:
            route = self._routes[name] = Route(order["to"])
            loop = asyncio.get_running_loop()
            await loop.create_server(lambda: End(route), "127.0.0.1", order["port"], backlog=512)
        elif order["mode"] == "cut":
            self._routes[name].cut()
        else:
            self._routes[name].change(order["mode"], order["delay_s"])


async def serve() -> None:
    """Obey line by line until the input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    proxy = Proxy()
    while line := await reader.readline():
        await proxy.obey(json.loads(line))
        print("done", flush=True)


def main() -> None:
    """Serve before everybody else: on a busy machine the network must not be what is slow."""
    with contextlib.suppress(PermissionError):  # only root may
        os.nice(_FIRST)
    uvloop.run(serve())


if __name__ == "__main__":
    main()
