"""Requests that a device signs: believed when they are right, carried out once, refused clearly."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.identity import device_keys
from app.identity.device_keys import NewKey
from app.identity.sealing import Seal
from app.identity.signature import sign
from app.migrating import prepare
from tests.app.town import METER, Town, running_town

PATH = "/api/observations"


@dataclass(frozen=True)
class Signing:
    """A town whose meter signs. *seal* is that of the key file."""

    town: Town
    seal: Seal
    key: NewKey

    async def send(self, body: bytes | None = None, **changes: Any) -> httpx.Response:
        """A signed request; *changes* are what is other than was signed, or of other headers."""
        body = a_body() if body is None else body
        key: NewKey = changes.pop("key", self.key)
        at = changes.pop("at", int(time.time()))
        nonce = changes.pop("nonce", None) or str(uuid4())
        path = changes.pop("path", PATH)
        signed = sign(key.secret, "POST", path, body, at=at, nonce=nonce)
        headers = {
            "content-type": "application/json",
            "x-device-key": key.id,
            "x-timestamp": str(at),
            "idempotency-key": nonce,
            "x-signature": signed.hex(),
        }
        sent = changes.pop("sent", body)
        for name, value in changes.items():
            headers[name.replace("_", "-")] = value
        return await self.town.client.post(path, content=sent, headers=headers)

    async def records(self) -> int:
        found = await self.town.conn.execute(
            "SELECT count(*) FROM streamlog.record WHERE topic = 'observations.v1'"
        )
        [count] = await found.fetchone() or (0,)
        return count


def a_body(device: str = "W1") -> bytes:
    at = datetime.now(UTC).isoformat()
    return json.dumps({"samples": [{"device": device, "at": at, "value": 1.5}]}).encode()


def a_key_file(folder: Path) -> Path:
    file = folder / "device-keys.key"
    file.write_text(base64.b64encode(os.urandom(32)).decode())
    file.chmod(0o400)
    return file


@pytest.fixture
async def signing(database_url: str, tmp_path: Path) -> AsyncIterator[Signing]:
    file = a_key_file(tmp_path)
    async with running_town(database_url, home=tmp_path, device_key_file=file) as town:
        await prepare(town.settings)
        seal = Seal.of(file)
        async with town.conn.transaction():
            key = await device_keys.add_key(town.conn, METER, "", seal, datetime.now(UTC))
        yield Signing(town, seal, key)


async def test_a_signed_batch_is_taken_as_from_the_source_of_the_key(signing: Signing):
    own = await signing.send()
    foreign = await signing.send(a_body("R1"))

    assert (own.status_code, own.json()["accepted"]) == (202, 1)
    assert foreign.status_code == 422
    assert await signing.records() == 1


async def test_a_repetition_gets_the_same_answer_and_creates_nothing(signing: Signing):
    body, nonce, at = a_body(), str(uuid4()), int(time.time())

    answers = [await signing.send(body, nonce=nonce, at=at) for _ in range(3)]
    later = await signing.send(body, nonce=nonce, at=at + 1)

    assert [one.status_code for one in (*answers, later)] == [202] * 4
    assert {one.content for one in (*answers, later)} == {answers[0].content}
    assert "idempotent-replayed" not in answers[0].headers
    assert {one.headers.get("idempotent-replayed") for one in (*answers[1:], later)} == {"true"}
    assert await signing.records() == 1


async def test_repetitions_side_by_side_create_one(signing: Signing):
    body, nonce, at = a_body(), str(uuid4()), int(time.time())

    answers = await asyncio.gather(*(signing.send(body, nonce=nonce, at=at) for _ in range(10)))

    assert {one.status_code for one in answers} <= {202, 503}
    assert 202 in {one.status_code for one in answers}
    assert await signing.records() == 1


async def test_one_idempotency_key_for_two_bodies_is_a_conflict(signing: Signing):
    nonce = str(uuid4())
    await signing.send(a_body(), nonce=nonce)

    answer = await signing.send(a_body("R1"), nonce=nonce)

    assert answer.status_code == 409
    assert await signing.records() == 1


async def test_what_was_refused_can_be_sent_again_with_the_same_key(signing: Signing):
    body, nonce = a_body("W9"), str(uuid4())

    statuses = [(await signing.send(body, nonce=nonce)).status_code for _ in range(2)]

    assert statuses == [422, 422]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sent": b'{"samples": []}'}, "does not fit"),
        ({"x_signature": "0" * 64}, "does not fit"),
        ({"x_signature": "abcd"}, "64 hex digits"),
        ({"x_signature": ""}, "64 hex digits"),
        ({"x_device_key": "0" * 16}, "not valid"),
        ({"x_device_key": "../../etc/passwd"}, "x-device-key"),
        ({"x_timestamp": "yesterday"}, "x-timestamp"),
        ({"at": int(time.time()) - 600}, "behind ours"),
        ({"at": int(time.time()) + 3600}, "ahead of ours"),
        ({"idempotency_key": "another-nonce"}, "does not fit"),
        ({"idempotency_key": "a"}, "idempotency-key"),
    ],
)
async def test_what_is_not_signed_as_it_must_be_is_refused_and_told_why(
    signing: Signing, changes: dict[str, Any], told: str
):
    answer = await signing.send(**changes)

    assert answer.status_code == 401
    assert told in answer.json()["detail"]
    assert await signing.records() == 0


async def test_a_signature_is_good_for_its_path_only(signing: Signing):
    body, nonce, at = a_body(), str(uuid4()), int(time.time())
    signature = sign(signing.key.secret, "POST", f"{PATH}?a=1", body, at=at, nonce=nonce)

    answer = await signing.send(body, nonce=nonce, at=at, x_signature=signature.hex())

    assert answer.status_code == 401


async def test_two_keys_live_side_by_side_and_a_revoked_one_is_refused(signing: Signing):
    now = datetime.now(UTC)
    async with signing.town.conn.transaction():
        rotated = await device_keys.rotate_key(signing.town.conn, METER, signing.seal, now)
    assert rotated is not None
    second, ended = rotated
    both = [(await signing.send(key=key)).status_code for key in (signing.key, second)]
    async with signing.town.conn.transaction():
        third, gone = await device_keys.rotate_key(signing.town.conn, METER, signing.seal, now) or (
            second,
            [],
        )

    fresh = [(await signing.send(key=key)).status_code for key in (second, third)]

    assert (both, ended, gone, fresh) == ([202, 202], [], [signing.key.id], [202, 202])
    with pytest.raises(device_keys.TooManyKeys):
        await device_keys.add_key(signing.town.conn, METER, "", signing.seal, now)


async def test_a_key_that_was_revoked_before_it_was_used_is_refused_and_noted(signing: Signing):
    async with signing.town.conn.transaction():
        await device_keys.revoke(signing.town.conn, METER, None, datetime.now(UTC))

    answer = await signing.send()

    found = await signing.town.conn.execute(
        "SELECT target FROM audit WHERE action = 'device_key.use' AND outcome = 'refused'"
    )
    assert answer.status_code == 401
    assert await found.fetchall() == [(signing.key.id,)]


async def test_whoever_signs_is_a_sensor_and_nothing_else(signing: Signing):
    answer = await signing.send(b"{}", path="/api/warnings")

    assert answer.status_code == 403


async def test_without_a_key_file_nobody_signs(town: Town):
    key = NewKey("0" * 16, bytes(32))

    answer = await Signing(town, Seal(bytes(32)), key).send()

    assert answer.status_code == 401
    assert "CITY_DEVICE_KEY_FILE" in answer.json()["detail"]
