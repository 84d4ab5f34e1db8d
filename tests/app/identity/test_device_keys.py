"""Device keys: sealed, shown once, told and refused in one sentence; and what is signed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from psycopg import AsyncConnection
from typer.testing import CliRunner, Result

from app.identity import device_keys
from app.identity.device_commands import key
from app.identity.sealing import OtherKeyFile, Seal, UnusableKeyFile
from app.identity.signature import sign

RUN = CliRunner()
SOURCE = "device:meter-1"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(base64.b64encode(bytes(range(32))).decode() + "\n")
    file.chmod(0o400)
    return file


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, database_url: str, key_file: Path) -> None:
    monkeypatch.setenv("CITY_DATABASE_URL", database_url)
    monkeypatch.setenv("CITY_DEVICE_KEY_FILE", str(key_file))


async def run(*args: str) -> Result:
    return await asyncio.to_thread(RUN.invoke, key, list(args))


@pytest.mark.usefixtures("here")
async def test_a_key_is_shown_once_and_stored_sealed(conn: AsyncConnection, key_file: Path):
    made = json.loads((await run("add", SOURCE, "--label", "mill", "--json")).stdout)
    listed = await run("list", "--json")

    [stored] = await device_keys.list_keys(conn)
    secret = bytes.fromhex(made["key"])
    assert (stored.id, stored.secret(Seal.of(key_file))) == (made["id"], secret)
    assert secret not in stored.sealed
    assert made["key"] not in listed.stdout
    assert [one["label"] for one in json.loads(listed.stdout)["keys"]] == ["mill"]


@pytest.mark.usefixtures("here")
async def test_a_third_key_needs_the_oldest_to_end():
    first = json.loads((await run("add", SOURCE, "--json")).stdout)
    second = json.loads((await run("rotate", SOURCE, "--json")).stdout)
    refused = await run("add", SOURCE)
    third = json.loads((await run("rotate", SOURCE, "--json")).stdout)
    revoked = await run("revoke", SOURCE, second["id"])

    assert (second["ended"], third["ended"]) == ([], [first["id"]])
    assert (refused.exit_code, revoked.exit_code) == (1, 0)
    assert f"citygrid device key rotate {SOURCE}" in refused.stderr


@pytest.mark.usefixtures("here")
async def test_what_cannot_be_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch):
    refused = {
        "a source is written kind:name": await run("add", "meter"),
        "has no living key": await run("rotate", SOURCE),
        "has no such living key": await run("revoke", SOURCE),
    }
    monkeypatch.delenv("CITY_DEVICE_KEY_FILE")
    refused["CITY_DEVICE_KEY_FILE"] = await run("add", SOURCE)

    assert [one for one, result in refused.items() if one not in result.stderr] == []
    assert {result.exit_code for result in refused.values()} == {1}


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        (None, 0o400, "cannot be read"),
        ("***", 0o400, "not base64"),
        ("AAAA", 0o400, "3 bytes"),
        (base64.b64encode(bytes(32)).decode(), 0o444, "by others"),
    ],
)
def test_a_key_file_that_cannot_be_used_says_why(
    tmp_path: Path, text: str | None, mode: int, told: str
):
    file = tmp_path / "key"
    if text is not None:
        file.write_text(text)
        file.chmod(mode)

    with pytest.raises(UnusableKeyFile, match=told):
        Seal.of(file)


def test_a_sealed_key_opens_only_for_its_row_and_by_its_key_file():
    seal = Seal(bytes(32))
    sealed = seal.seal(b"secret", "1 device:a")

    assert seal.open(sealed, "1 device:a", sealed_by=seal.name) == b"secret"
    for other, about in ((seal, "1 device:b"), (Seal(bytes(31) + b"x"), "1 device:a")):
        with pytest.raises(OtherKeyFile):
            other.open(sealed, about, sealed_by=seal.name)


def test_a_signature_is_what_any_language_can_make():
    text = b"POST\n/api/observations\n" + hashlib.sha256(b"{}").hexdigest().encode()
    expected = hmac.new(b"key", text + b"\n1764000000\nnonce-01", "sha256").digest()

    made = sign(b"key", "post", "/api/observations", b"{}", at=1_764_000_000, nonce="nonce-01")

    assert made == expected
