"""A real HTTP receiver for tests: keeps what it was sent, and answers as it is told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Answer = Callable[["Post"], Awaitable[Response]]


@dataclass(frozen=True)
class Post:
    """One request as it came."""

    path: str
    key: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """*answers* by path; a path that has none says yes. *posts* in the order in which they came."""

    url: str = ""
    posts: list[Post] = field(default_factory=list[Post])
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def keys(self, path: str) -> Counter[str]:
        """How often each key came to this path."""
        return Counter(post.key for post in self.posts if post.path == path)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for a post after which the condition holds."""
        async with asyncio.timeout(30):
            while not holds():
                self.came.clear()
                await self.came.wait()

    async def take(self, request: Request) -> Response:
        headers = dict(request.headers)
        post = Post(request.url.path, headers["idempotency-key"], headers, await request.body())
        self.posts.append(post)
        self.came.set()
        answer = self.answers.get(post.path)
        return await answer(post) if answer else Response(status_code=204)


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    """A receiver on a free port of loopback, in this loop, behind real sockets."""
    receiver = Receiver()
    app = Starlette(routes=[Route("/{path:path}", receiver.take, methods=["GET", "POST"])])
    config = uvicorn.Config(
        app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}"
    try:
        yield receiver
    finally:
        server.should_exit = True
        await task
