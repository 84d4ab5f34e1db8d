"""The proxy does to a connection what its route says, and to no other."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.chaos.network import Network, harness_port

SOON_S = 10.0


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """The port of a server that says everything back."""

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(ConnectionError):
            while text := await reader.read(65536):
                writer.write(text)
                await writer.drain()
        writer.transport.abort() if reader.exception() else writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", harness_port())
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    with Network(tmp_path / "proxy.log") as running:
        yield running


Call = Callable[[int], Awaitable[tuple[StreamReader, StreamWriter]]]


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    """Connects to a port; hangs up at the end."""
    open_ones: list[StreamWriter] = []

    async def connect(port: int) -> tuple[StreamReader, StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        open_ones.append(writer)
        return reader, writer

    yield connect
    for writer in open_ones:
        writer.transport.abort()
    await asyncio.sleep(0)


async def hear(call: Call, port: int) -> bytes:
    """Everything the other side says; a reset may come as early as the call."""
    reader, _ = await call(port)
    return await reader.read()


async def said_back(reader: StreamReader, writer: StreamWriter, text: bytes) -> bytes:
    writer.write(text)
    async with asyncio.timeout(SOON_S):
        return await reader.readexactly(len(text))


async def test_bytes_go_through_and_so_does_the_end(
    echo: int, network: Network, call: Call
) -> None:
    reader, writer = await call(network.open("a>b", echo))
    many = bytes(range(256)) * 8000

    assert await said_back(reader, writer, many) == many
    writer.write_eof()
    async with asyncio.timeout(SOON_S):
        assert await reader.read() == b""


async def test_a_cut_resets_what_is_open_and_lets_new_calls_through(
    echo: int, network: Network, call: Call
) -> None:
    port = network.open("a>b", echo)
    reader, writer = await call(port)
    assert await said_back(reader, writer, b"before") == b"before"

    network.cut("a>b")

    with pytest.raises(ConnectionResetError):
        await reader.read()
    again = await call(port)
    assert await said_back(*again, b"after") == b"after"


async def test_a_refused_route_resets_every_call_until_it_heals(
    echo: int, network: Network, call: Call
) -> None:
    port = network.open("a>b", echo)
    network.refuse("a>b")
    with pytest.raises(ConnectionResetError):
        await hear(call, port)

    network.heal("a>b")

    assert await said_back(*await call(port), b"after") == b"after"


async def test_a_half_open_route_swallows_and_then_delivers(
    echo: int, network: Network, call: Call
) -> None:
    port = network.open("a>b", echo)
    old = await call(port)
    assert await said_back(*old, b"before") == b"before"
    network.hold("a>b")
    new = await call(port)
    for _, writer in (old, new):
        writer.write(b"meanwhile")
    await said_back(*await call(network.open("c>d", echo)), b"another route is untouched")
    assert not old[0].at_eof()

    network.heal("a>b")

    for reader, _ in (old, new):
        async with asyncio.timeout(SOON_S):
            assert await reader.readexactly(9) == b"meanwhile"


async def test_what_is_delayed_keeps_its_order(echo: int, network: Network, call: Call) -> None:
    port = network.open("a>b", echo)
    reader, writer = await call(port)
    network.delay("a>b", 0.05)
    for number in range(20):
        writer.write(b"%02d" % number)
        await asyncio.sleep(0)
    network.heal("a>b")
    writer.write(b"!!")

    async with asyncio.timeout(SOON_S):
        assert await reader.readexactly(42) == b"".join(b"%02d" % n for n in range(20)) + b"!!"


async def test_nobody_at_the_other_end_is_a_reset(network: Network, call: Call) -> None:
    port = network.open("a>b", harness_port())

    with pytest.raises(ConnectionResetError):
        await hear(call, port)
