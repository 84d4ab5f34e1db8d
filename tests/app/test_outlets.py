"""The ways out before real receivers: what is said, what is refused, who is delayed by whom."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from psycopg import AsyncConnection
from starlette.responses import RedirectResponse, Response

from app.clock import Clock
from app.outlets.notices import notice_outlet
from app.outward import Outward, post
from app.settings import Settings
from dispatch.delivery import Letter
from dispatch.ledger import equations
from dispatch.outward import networks
from dispatch.postgres.ledger import read_books
from dispatch.postgres.notices import Channel, set_channel
from tests.app.mailbox import Mailbox, open_mailbox
from tests.app.receiver import Post, Receiver, receiving
from tests.app.test_escalating import opened, run_out, settled
from tests.app.test_notifier import add, at_work, until
from tests.dispatch.escalation.lives import a_step

HERE = Outward(networks("127.0.0.1"))
TOLD = {
    "to": {"login": "chen", "name": {"zh": "陈", "en": "Chen"}, "mail": "chen@city.example"},
    "subject": "案件升级", "text": "处置时限已用50%。", "at": "2026-11-23T04:00:00.000000Z",
}  # fmt: skip
LETTER = Letter(1, "notice-1-4/mail/chen", json.dumps(TOLD), 1)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


class Turncoat(AbstractResolver):
    """A name that has come to point inside."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=2, proto=6, flags=0)
        ]

    async def close(self) -> None:
        pass


async def test_a_name_that_points_inside_by_then_is_not_connected_to(receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2]

    async with Outward().session(1, Turncoat()) as session:
        problem = await post(session, f"http://hook.example:{port}/x", b"{}", {})

    assert problem is not None
    assert "127.0.0.1 is inside" in problem
    assert receiver.posts == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"]
)
async def test_this_machine_is_not_connected_to_however_it_is_written(
    receiver: Receiver, host: str
) -> None:
    port = receiver.url.rpartition(":")[2]

    async with Outward().session(1) as session:
        problem = await post(session, f"http://{host}:{port}/x", b"{}", {})

    assert problem is not None
    assert receiver.posts == []


@pytest.mark.parametrize("host", ["10.0.0.7", "0x7f.1", "[::1]", "169.254.169.254"])
def test_an_address_inside_is_refused_when_it_is_set_up(host: str) -> None:
    assert "is inside" in (Outward().refuses(f"https://{host}/x") or "")
    assert Outward().refuses("https://hook.example/x") is None


async def test_a_notice_is_posted_with_its_key_and_a_signature_and_says_when_it_is_repeated(
    receiver: Receiver,
) -> None:
    outlet = notice_outlet(Channel("gateway:sms", f"{receiver.url}/sms", "known"), HERE)

    first = await outlet.send(LETTER)
    second = await outlet.send(replace(LETTER, attempts=2))
    await outlet.close()

    assert (first, second) == (None, None)
    once, again = receiver.posts
    assert {once.key, again.key} == {LETTER.dedup}
    assert [json.loads(one.body)["repeat"] for one in (once, again)] == [False, True]
    assert ["citygrid-repeat" in one.headers for one in (once, again)] == [False, True]
    seconds, _, proof = once.headers["citygrid-signature"].removeprefix("t=").partition(",v1=")
    signed = f"{seconds}.".encode() + once.body
    assert hmac.new(b"known", signed, hashlib.sha256).hexdigest() == proof


def mail_channel(box: Mailbox, scheme: str = "smtp+plain", **changes: str) -> Channel:
    url = f"{scheme}://127.0.0.1:{box.port}"
    return replace(Channel("mail", url, sender="city@mail.example"), **changes)


async def sent(channel: Channel, letter: Letter = LETTER, outward: Outward = HERE) -> str | None:
    outlet = notice_outlet(channel, outward)
    try:
        return await outlet.send(letter)
    finally:
        await outlet.close()


async def test_a_mail_arrives_and_a_repetition_is_known_by_its_id_and_marked() -> None:
    async with open_mailbox(Mailbox()) as box:
        problems = [await sent(mail_channel(box), replace(LETTER, attempts=n)) for n in (1, 2)]

    assert problems == [None, None]
    first, second = box.mails
    assert (first["To"], first["From"]) == ("chen@city.example", "city@mail.example")
    assert (first["Subject"], first.get_content().strip()) == ("案件升级", "处置时限已用50%。")
    assert first["Message-ID"] == second["Message-ID"] == f"<{LETTER.dedup}@mail.example>"
    assert (first["X-Citygrid-Repeat"], second["X-Citygrid-Repeat"]) == (None, "true")


async def test_a_mail_server_without_tls_is_told_nothing() -> None:
    async with open_mailbox(Mailbox()) as box:
        problem = await sent(mail_channel(box, "smtp", login="city", secret="pw"))

    assert "STARTTLS" in (problem or "")
    assert (box.mails, box.logins) == ([], [])


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key with a certificate of its own for this machine, in one file."""
    file = tmp_path / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", file, "-out", tmp_path / "cert.pem", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_bytes(file.read_bytes() + (tmp_path / "cert.pem").read_bytes())
    return file


async def test_a_mail_goes_over_tls_that_is_begun_before_the_login(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(certificate)

    async with open_mailbox(Mailbox(tls=offered)) as box:
        untrusted = await sent(mail_channel(box, "smtp", login="city", secret="pw"))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        trusted = await sent(mail_channel(box, "smtp", login="city", secret="pw"))

    assert "CERTIFICATE_VERIFY_FAILED" in (untrusted or "")
    assert trusted is None
    assert (len(box.logins), box.encrypted) == (1, [True])


async def test_what_a_mail_server_does_not_take_is_told_as_it_said_it() -> None:
    async with open_mailbox(Mailbox(unknown={"chen@"})) as box:
        problem = await sent(mail_channel(box))

    assert "nobody of that name" in (problem or "")


async def test_a_mail_server_inside_is_not_connected_to_unless_it_is_named() -> None:
    async with open_mailbox(Mailbox()) as box:
        problem = await sent(mail_channel(box), outward=Outward())

    assert "127.0.0.1 is inside" in (problem or "")
    assert box.mails == []


EVIL = ("hangs", "inward", "broken")


async def test_a_webhook_that_hangs_redirects_inward_or_answers_500_harms_nothing_else(
    conn: AsyncConnection, receiver: Receiver, database_url: str
) -> None:
    hanging = asyncio.Event()

    async def hangs(post: Post) -> Response:
        await hanging.wait()
        return Response(status_code=503)

    async def inward(post: Post) -> Response:
        return RedirectResponse(f"{receiver.url}/inside", status_code=307)

    async def breaks(post: Post) -> Response:
        return Response(status_code=500)

    receiver.answers |= {"/hangs": hangs, "/inward": inward, "/broken": breaks}
    by = [f"webhook:{name}" for name in (*EVIL, "good")]
    await settled(conn, a_step("50%", by=[*by, "mail", "log"]))
    for name in (*EVIL, "good"):
        await set_channel(conn, Channel(f"webhook:{name}", f"{receiver.url}/{name}", "known"))
    await conn.execute("UPDATE person SET mail = login || '@city.example'")
    await add(conn, receiver, "events", "escalated")
    await add(conn, receiver, "hangs", "escalated")

    async with open_mailbox(Mailbox()) as box, at_work(database_url):
        await set_channel(conn, mail_channel(box))
        await opened(conn, 61, "01001", "01001", "01001")
        await escalate(database_url)
        await until(lambda: arrived(conn))
        await until(lambda: tried(conn))
        hanging.set()

    assert len(receiver.keys("/good")) == len(receiver.keys("/events")) == len(box.mails) == 3
    assert receiver.keys("/inside") == {}
    states = await notice_states(conn)
    assert {states[f"webhook:{name}"] for name in EVIL} == {"pending"}
    assert [one for one in equations(await read_books(conn)) if not one.holds] == []


async def escalate(database_url: str) -> None:
    clock = Clock(Settings(database_url=database_url))
    await clock.watch()
    await run_out(clock)
    await clock.close()


async def arrived(conn: AsyncConnection) -> bool:
    """Whether the good ones have everything: a webhook, mails, the log, and a destination."""
    states = await notice_states(conn)
    found = await conn.execute("SELECT DISTINCT state FROM delivery WHERE destination = 'events'")
    good = {states.get(name) for name in ("webhook:good", "mail", "log")}
    return good == {"sent"} and await found.fetchall() == [("sent",)]


async def tried(conn: AsyncConnection) -> bool:
    """Whether those that answer badly have been met and say so."""
    found = await conn.execute(
        "SELECT DISTINCT last_error FROM notice WHERE channel <> 'webhook:hangs'"
        " AND last_error IS NOT NULL ORDER BY 1"
    )
    return await found.fetchall() == [("answered 307",), ("answered 500",)]


async def notice_states(conn: AsyncConnection) -> dict[str, str]:
    """The state of all notices of a channel, or of several the words."""
    found = await conn.execute(
        "SELECT channel, string_agg(DISTINCT state, ' ') FROM notice GROUP BY channel"
    )
    return dict(await found.fetchall())
