"""The network of the world: named routes through the proxy process, and the harm done to them."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self

_ROOT: Final = Path(__file__).parents[2]
_PORTS: Final = range(20_000, 32_000)
"""Below what the kernel gives to outgoing connections: a server that is away for a moment must
find its port free when it comes back, and nobody may connect to itself there."""


_given: Final[set[int]] = set()


def harness_port() -> int:
    """A loopback port that nobody holds now, and that no outgoing connection will be given.

    Never the same one twice: most are used a good while after they were chosen.
    """
    while True:
        port = random.SystemRandom().choice(_PORTS)
        if port in _given:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


class Network:
    """Routes by name, each with its own port; use as a context manager.

    A name says from whom to whom: `web-1>postgres`. Every method returns when the proxy has done
    it.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._ports: dict[str, int] = {}
        self._turn = Lock()

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._proxy = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.proxy"],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._proxy.communicate(timeout=10)

    @property
    def routes(self) -> list[str]:
        """All names."""
        return list(self._ports)

    def open(self, route: str, to: int, port: int | None = None) -> int:
        """A new route to a port; the port that leads there. The same again gives the same."""
        if route not in self._ports:
            chosen = port or harness_port()
            self._order(route=route, port=chosen, to=to)
            self._ports[route] = chosen
        return self._ports[route]

    def cut(self, route: str) -> None:
        """Reset all connections of the route; new ones get through."""
        self._order(route=route, mode="cut", delay_s=0.0)

    def refuse(self, route: str) -> None:
        """Reset all connections, and every new one."""
        self._order(route=route, mode="refuse", delay_s=0.0)

    def hold(self, route: str) -> None:
        """Half-open: connections are taken, nothing gets through, nobody is told."""
        self._order(route=route, mode="hold", delay_s=0.0)

    def delay(self, route: str, seconds: float) -> None:
        """Everything takes that much longer, each way."""
        self._order(route=route, mode="pass", delay_s=seconds)

    def heal(self, route: str) -> None:
        """Everything gets through again, what was held first."""
        self._order(route=route, mode="pass", delay_s=0.0)

    def _order(self, **order: Any) -> None:
        assert self._proxy.stdin is not None
        assert self._proxy.stdout is not None
        with self._turn:
            self._proxy.stdin.write(json.dumps(order) + "\n")
            self._proxy.stdin.flush()
            answer = self._proxy.stdout.readline()
        if answer != "done\n":
            raise ConnectionError(f"the proxy process ended; see {self._log}")
