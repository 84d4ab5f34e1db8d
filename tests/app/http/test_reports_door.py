"""Accepted means committed; a repeat gets the same receipt. RELIABILITY §4.5 A."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from app.identity.postgres import revoke_key
from tests.app.town import METER, PHONE, Town, a_report, address_of, ago, serving


async def test_a_report_is_stored_before_it_is_answered(town: Town):
    answer = await town.submit()

    assert answer.status_code == 201
    receipt = answer.json()["receipt"]
    found = await town.conn.execute(
        "SELECT source, channel FROM inbox WHERE receipt = %s", [receipt]
    )
    assert await found.fetchall() == [(PHONE, "api")]
    assert answer.headers["location"] == f"/api/reports/{receipt}"


async def test_fifty_equal_submissions_at_once_are_one_report(town: Town):
    key, told = str(uuid4()), a_report()

    answers = await asyncio.gather(*(town.submit(told, key=key) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.json()["receipt"] for answer in answers}) == 1
    assert await town.stored() == 1


async def test_the_same_key_with_other_bytes_is_refused_and_the_first_report_kept(town: Town):
    key = str(uuid4())
    first = await town.submit(a_report(description="first"), key=key)

    second = await town.submit(a_report(description="second"), key=key)

    assert second.status_code == 409
    assert second.headers["content-type"] == "application/problem+json"
    assert first.json()["receipt"] not in second.text
    assert await town.stored() == 1


async def test_a_report_without_a_key_is_refused(town: Town):
    headers = {"x-api-key": town.keys[PHONE]}

    answer = await town.client.post("/api/reports", json=a_report(), headers=headers)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_a_key_that_is_no_uuid_is_refused(town: Town):
    answers = [await town.submit(key=key) for key in ("7", "no-uuid", "a" * 36, "x" * 10_000)]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert await town.stored() == 0


async def test_the_key_of_another_device_is_another_report(town: Town):
    key, told = str(uuid4()), a_report()

    phone = await town.submit(told, key=key, source=PHONE)
    meter = await town.submit(told, key=key, source=METER)

    assert (phone.status_code, meter.status_code) == (201, 201)
    assert phone.json()["receipt"] != meter.json()["receipt"]


async def test_a_sender_that_hung_up_gets_its_receipt_when_it_sends_again(town: Town):
    key, body = str(uuid4()), json.dumps(a_report()).encode()
    head = (
        f"POST /api/reports HTTP/1.1\r\nhost: x\r\nx-api-key: {town.keys[PHONE]}\r\n"
        f"content-type: application/json\r\nidempotency-key: {key}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection("127.0.0.1", town.port)
    writer.write(head.encode() + body)
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    answers = await asyncio.gather(*(town.submit(body, key=key) for _ in range(5)))

    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["receipt"] for answer in answers}) == 1
    assert await town.stored() == 1


async def test_one_report_through_two_web_processes_is_one_report(town: Town):
    key, told = str(uuid4()), a_report()
    headers = {"x-api-key": town.keys[PHONE], "idempotency-key": key}
    async with (
        serving(town.settings) as other,
        httpx.AsyncClient(base_url=address_of(other), timeout=20) as client,
    ):
        answers = await asyncio.gather(
            *(town.submit(told, key=key) for _ in range(10)),
            *(client.post("/api/reports", json=told, headers=headers) for _ in range(10)),
        )

    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["receipt"] for answer in answers}) == 1


async def test_a_sequence_number_that_goes_back_is_accepted_and_flagged(town: Town):
    await town.submit(a_report(device_seq=7))

    answer = await town.submit(a_report(device_seq=7))

    assert answer.status_code == 201
    found = await town.conn.execute("SELECT flags FROM inbox ORDER BY id")
    assert await found.fetchall() == [([],), (["device-seq"],)]


async def test_a_time_that_cannot_be_is_refused(town: Town):
    for when in ("1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2026-11-23T24:61:00Z", "now"):
        answer = await town.submit(a_report(happened_at=when))

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "happened_at"


async def test_a_claimed_time_is_taken_within_its_window(town: Town):
    hours = [71.9, 72.1, -0.2, -0.05]

    answers = [await town.submit(a_report(happened_at=ago(hours=span))) for span in hours]

    assert [answer.status_code for answer in answers] == [201, 422, 422, 201]


async def test_a_revoked_key_is_refused_and_noted(town: Town):
    await revoke_key(town.conn, METER, datetime.now(UTC))

    answer = await town.submit(source=METER)

    assert answer.status_code == 401
    found = await town.conn.execute("SELECT actor, outcome FROM audit")
    assert await found.fetchall() == [(METER, "refused")]


async def test_nobody_reports_without_a_key_or_session(town: Town):
    answer = await town.client.post(
        "/api/reports", json=a_report(), headers={"idempotency-key": str(uuid4())}
    )

    assert answer.status_code == 401
    assert await town.stored() == 0


async def test_a_sensor_reports_through_its_own_channel(town: Town):
    await town.submit(source=METER)

    found = await town.conn.execute("SELECT channel FROM inbox")
    assert await found.fetchall() == [("sensor",)]


async def test_whoever_holds_the_receipt_may_ask_how_the_report_stands(town: Town):
    receipt = (await town.submit()).json()["receipt"]
    before = (await town.client.get(f"/api/reports/{receipt}")).json()
    await town.decide_all()

    after = (await town.client.get(f"/api/reports/{receipt}")).json()

    assert (before["state"], before["case"]) == ("accepted", None)
    assert after["state"] == "cased"
    assert after["case"]["department"] == "sanitation"


async def test_a_guessed_receipt_tells_nothing(town: Town):
    guesses = ["0" * 32, "1", "%00", "x" * 5000, "' OR 1=1"]

    answers = [await town.client.get(f"/api/reports/{guess}") for guess in guesses]

    assert [answer.status_code for answer in answers] == [404] * len(guesses)


async def test_what_a_person_says_about_himself_is_kept_apart(town: Town):
    reporter = {"name": "李伟", "phone": "13800000000", "email": "li@example.org"}

    await town.submit(a_report(reporter=reporter))

    body = await town.conn.execute("SELECT body::text FROM inbox")
    apart = await town.conn.execute("SELECT name, phone, email FROM reporter")
    assert "13800000000" not in str(await body.fetchall())
    assert await apart.fetchall() == [("李伟", "13800000000", "li@example.org")]
