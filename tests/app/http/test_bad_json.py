"""RELIABILITY §4.5 B 17-26, 28-30, 35, 36: what no JSON should hold, answered and not stored."""

import asyncio
import gzip
import json
import unicodedata
from uuid import uuid4

from tests.app.town import PHONE, Town, a_report

VALID = json.dumps(a_report())


def with_text(raw: str) -> bytes:
    """A valid report whose description is written as *raw*, between the quotes."""
    return (VALID[:-1] + f', "description": "{raw}"}}').encode()


def with_field(name: str, raw: str) -> bytes:
    """A valid report with one more field, its value written as *raw*."""
    return (VALID[:-1] + f', "{name}": {raw}}}').encode()


UNFIT: dict[str, bytes] = {
    "NUL": with_text("\\u0000"),
    "a lone surrogate": with_text("\\ud800"),
    "a lone surrogate in the middle": with_text("ab\\udc00cd"),
    "a control character": with_text("\\u001b[31m"),
    "a noncharacter": with_text("\\uffff"),
    "NaN": with_field("accuracy_m", "NaN"),
    "Infinity": with_field("accuracy_m", "Infinity"),
    "1e400000": with_field("accuracy_m", "1e400000"),
    "a number of ten thousand digits": with_field("device_seq", "9" * 10_000),
    "a sequence number beyond 64 bits": with_field("device_seq", str(2**63)),
    "a negative sequence number": with_field("device_seq", "-1"),
    "nesting of 100 000": b"[" * 100_000,
    "nesting within a field": with_field("attributes", '{"a":' * 40_000),
    "a key twice": with_field("datum", '"gcj02"'),
    "a key twice within attributes": with_field("attributes", '{"a": "1", "a": "2"}'),
    "a byte-order mark": b"\xef\xbb\xbf" + VALID.encode(),
    "UTF-16": VALID.encode("utf-16"),
    "Latin-1": with_text("ü").decode().encode("latin-1"),
    "nothing": b"",
    "null": b"null",
    "an array": b"[]",
    "a string": b'"report"',
    "an empty object": b"{}",
    "an unknown field": with_field("role", '"admin"'),
    "__proto__": with_field("__proto__", "{}"),
    "a number for a text": with_field("description", "7"),
    "a text for a number": with_field("accuracy_m", '"7"'),
    "a truth value for a number": with_field("accuracy_m", "true"),
    "a category of nine kilobytes": VALID.replace("06010", "9" * 9000).encode(),
    "an attribute with a name too long": with_field("attributes", json.dumps({"a" * 65: "b"})),
    "too many attributes": with_field("attributes", json.dumps({str(n): "" for n in range(33)})),
    "a description too long": with_text("x" * 4001),
    "rubbish after the end": VALID.encode() + b"x",
    "two documents": VALID.encode() * 2,
}


async def test_unfit_json_is_refused_and_nothing_stored(town: Town):
    answers = {name: await town.submit(body) for name, body in UNFIT.items()}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        UNFIT, 422
    )
    assert {a.headers["content-type"] for a in answers.values()} == {"application/problem+json"}
    assert await town.stored() == 0


async def test_five_megabytes_are_refused_before_they_are_parsed(town: Town):
    answer = await town.submit(with_text("x" * 5_000_000))

    assert answer.status_code == 413


async def test_a_body_without_a_stated_length_is_cut_at_the_limit(town: Town):
    async def endless():
        for _ in range(100):
            yield b" " * 10_000

    headers = {"x-api-key": town.keys[PHONE], "idempotency-key": str(uuid4())}
    answer = await town.client.post(
        "/api/reports",
        content=endless(),
        headers={**headers, "content-type": "application/json"},
    )

    assert answer.status_code == 413


async def test_compressed_bodies_are_not_unpacked(town: Town):
    bomb = gzip.compress(b" " * 10_000_000)

    answer = await town.submit(bomb, headers={"content-encoding": "gzip"})

    assert answer.status_code == 415


async def test_other_media_types_are_refused(town: Town):
    types = ["text/plain", "application/xml", "application/json; charset=utf-16", "multipart/x"]

    answers = [
        await town.submit(VALID.encode(), headers={"content-type": media_type})
        for media_type in types
    ]

    assert [answer.status_code for answer in answers] == [415] * 4


async def test_every_fault_of_a_report_is_told_at_once(town: Town):
    told = a_report(category="99", lon=0.0, lat=0.0, happened_at="1970-01-01T00:00:00Z")

    answer = await town.submit(told)

    problem = answer.json()
    assert [error["field"] for error in problem["errors"]] == ["category", "lon", "happened_at"]
    assert all(error["remedy"] for error in problem["errors"])
    assert set(problem["titles"]) == {"zh", "en"}


async def test_text_is_stored_in_nfc_with_its_direction_marks_and_joiners(town: Town):
    written = "cafe\u0301 \u202eabc\u202c \U0001f468\u200d\U0001f692 e" + "\u0301" * 1000

    answer = await town.submit(a_report(description=written))

    assert answer.status_code == 201
    found = await town.conn.execute("SELECT body->>'description' FROM inbox")
    assert await found.fetchall() == [(unicodedata.normalize("NFC", written),)]


async def test_line_breaks_belong_to_descriptions_only(town: Town):
    described = await town.submit(a_report(description="one\ntwo"))
    addressed = await town.submit(a_report(address="one\ntwo"))

    assert (described.status_code, addressed.status_code) == (201, 422)


async def test_unfit_reports_beside_good_ones_hurt_nobody(town: Town):
    good = [town.submit() for _ in range(20)]
    unfit = [town.submit(body) for body in list(UNFIT.values())[:20]]

    answers = await asyncio.gather(*good, *unfit)

    assert [answer.status_code for answer in answers] == [201] * 20 + [422] * 20
    assert await town.stored() == 20
