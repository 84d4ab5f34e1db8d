"""RELIABILITY §4.5 B 27, 31-34: what comes over the wire before any route sees it."""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from app.http.protocol import BoundedProtocol
from app.settings import Settings
from app.web import WebServer, make_web
from tests.app.town import PHONE, Town, a_report, address_of, serving


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def exchanged(port: int, sent: bytes) -> bytes:
    """Everything the server says to these bytes until it closes."""
    async with connected(port) as (reader, writer), asyncio.timeout(20):
        writer.write(sent)
        await writer.drain()
        return await reader.read()


def head(town: Town, *fields: str) -> bytes:
    lines = [
        "POST /api/reports HTTP/1.1",
        "host: x",
        f"x-api-key: {town.keys[PHONE]}",
        f"idempotency-key: {uuid4()}",
        "content-type: application/json",
        *fields,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def test_a_length_that_is_said_twice_or_wrong_ends_the_connection(town: Town):
    for fields in [
        ("content-length: 5", "transfer-encoding: chunked"),
        ("transfer-encoding: chunked", "content-length: 5"),
        ("content-length: 5", "content-length: 6"),
        ("content-length: -5",),
        ("content-length: five",),
        ("transfer-encoding: gzip, chunked", "content-length: 1"),
    ]:
        answer = await exchanged(town.port, head(town, *fields) + b"5\r\nhello\r\n0\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 400 "), fields
    assert await town.stored() == 0


async def test_a_body_shorter_than_its_length_is_not_a_report(town: Town):
    body = json.dumps(a_report()).encode()
    async with connected(town.port) as (_, writer):
        writer.write(head(town, f"content-length: {len(body) + 1}") + body)
        await writer.drain()

    assert (await town.client.get("/healthz")).status_code == 200
    assert await town.stored() == 0


async def test_a_body_longer_than_its_length_is_no_second_report(town: Town):
    body = json.dumps(a_report()).encode()

    answer = await exchanged(
        town.port, head(town, f"content-length: {len(body)}") + body + b"smuggled\r\n\r\n"
    )

    assert answer.startswith((b"HTTP/1.1 201 ", b"HTTP/1.1 400 "))
    assert answer.count(b"HTTP/1.1 201 ") <= 1


async def test_a_head_that_is_too_large_is_refused(town: Town):
    one_long_field = ["x-long: " + "a" * 100_000]
    a_thousand_fields = [f"x-{n}: a" for n in range(1000)]
    ninety_kilobytes = [f"x-{n}: " + "a" * 1000 for n in range(90)]

    for fields in (one_long_field, a_thousand_fields, ninety_kilobytes):
        answer = await exchanged(town.port, head(town, *fields))

        assert answer.startswith(b"HTTP/1.1 431 ")


async def test_a_head_that_never_ends_is_refused_while_it_grows(town: Town):
    async with connected(town.port) as (reader, writer), asyncio.timeout(20):
        writer.write(b"GET /healthz HTTP/1.1\r\nx-long: ")
        for _ in range(10):
            writer.write(b"a" * 8000)
            await writer.drain()
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_an_address_that_is_too_long_is_refused(town: Town):
    answer = await exchanged(town.port, b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 431 ")


class HastyProtocol(BoundedProtocol):
    """The same with no patience, so that its end can be waited for."""

    head_s = 0.3
    body_s = 0.3


async def test_a_thousand_slow_callers_are_cut_and_others_are_served(database_url: str):
    settings = Settings(database_url=database_url, port=0)
    server = WebServer(make_web(settings), settings)
    server.config.http = HastyProtocol
    async with serving(settings, server):
        port = int(address_of(server).rpartition(":")[2])
        slow = await asyncio.gather(
            *(asyncio.open_connection("127.0.0.1", port) for _ in range(1000))
        )
        for _, writer in slow:
            writer.write(b"GET /healthz HTTP/1.1\r\nx-slow: ")

        served = await exchanged(port, b"GET /healthz HTTP/1.0\r\n\r\n")
        async with asyncio.timeout(20):
            ends = await asyncio.gather(*(reader.read() for reader, _ in slow))

        assert served.startswith(b"HTTP/1.1 200 ")
        assert set(ends) == {b""}
        for _, writer in slow:
            writer.close()


async def test_a_body_that_never_comes_is_given_up(database_url: str):
    settings = Settings(database_url=database_url, port=0)
    server = WebServer(make_web(settings), settings)
    server.config.http = HastyProtocol
    async with serving(settings, server):
        port = int(address_of(server).rpartition(":")[2])

        answer = await exchanged(
            port,
            b"POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: 100\r\n\r\n{",
        )

    assert answer == b""


async def test_methods_that_no_door_has_are_refused(town: Town):
    for method in ("TRACE", "PROPFIND", "CONNECT", "DELETE"):
        target = "x:443" if method == "CONNECT" else "/api/reports"
        line = f"{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"

        answer = await exchanged(town.port, line.encode())

        assert answer.split(b" ")[1] in (b"400", b"404", b"405"), method


async def test_crooked_paths_lead_nowhere(town: Town):
    fields = f"host: x\r\nx-api-key: {town.keys[PHONE]}\r\nconnection: close\r\n\r\n"
    for path in [
        "/api/reports/..%2f..%2fetc%2fpasswd",
        "/api/reports/%00",
        "/api/cases/%00",
        "/api/reports/%c0%ae%c0%ae",
        "/open311/v2/requests/%00.json",
        "/open311/v2/services/%ff.xml",
        "/login/..%2f",
        "/../../etc/passwd",
        "/%",
        "//",
    ]:
        answer = await exchanged(town.port, f"GET {path} HTTP/1.1\r\n{fields}".encode())

        assert answer.split(b" ")[1] in (b"400", b"403", b"404"), path


async def test_bytes_that_are_no_request_are_answered_or_closed_but_break_nothing(town: Town):
    for line in [
        b"GET /\xff\xfe HTTP/1.1",
        b"GET  HTTP/1.1",
        b"\x00\x01\x02",
        b"GET /api/cases?a=\xff HTTP/1.1",
    ]:
        answer = await exchanged(town.port, line + b"\r\nhost: x\r\nconnection: close\r\n\r\n")

        assert not answer.startswith(b"HTTP/1.1 5"), line
    assert (await town.client.get("/healthz")).status_code == 200
