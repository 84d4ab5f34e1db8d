"""Thousands of damaged requests: every one is answered below 500, and nothing damaged is stored."""

import asyncio
import json
import random
from datetime import UTC, datetime
from urllib.parse import quote_from_bytes
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from app.http.city import City
from app.http.decoding import decode
from app.http.submission import Envelope, Told, Unfit, submission
from app.problems import Fault, Problem
from dispatch.report import Channel, Submission
from tests.app.town import PHONE, PORTAL, Town, a_report
from tests.makers import NOON, PARTS, spot

SEED = 20261123
MUTANTS = 1500
INTERESTING = [
    b"\x00",
    b"\xff",
    b"\\u0000",
    b"\\ud800",
    b"NaN",
    b"1e999",
    b"9" * 400,
    b'"',
    b"{",
    b"[[",
]
CITY = City.of(PARTS, {"city": 1})
ENVELOPE = Envelope("device:1", str(uuid4()), bytes(32), Channel.API)


def mutated(body: bytes, chance: random.Random) -> bytes:
    """*body* with one to three places changed, left out, doubled or filled with something nasty."""
    changed = bytearray(body)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del changed[at : at + chance.randint(1, 8)]
            case 2:
                changed[at:at] = changed[max(0, at - 8) : at]
            case _:
                changed[at:at] = chance.choice(INTERESTING)
    return bytes(changed)


async def answered(town: Town, url: str, bodies: list[bytes], headers: dict[str, str]) -> list[int]:
    """The status of each body, sent by sixteen callers side by side."""
    statuses: list[int] = []

    async def send(mine: list[bytes]) -> None:
        for body in mine:
            answer = await town.client.post(
                url, content=body, headers={**headers, "idempotency-key": str(uuid4())}
            )
            statuses.append(answer.status_code)

    await asyncio.gather(*(send(bodies[start::16]) for start in range(16)))
    return statuses


async def test_damaged_json_never_breaks_a_door(town: Town):
    chance = random.Random(SEED)
    told = a_report(
        description="rubbish 垃圾", address="1 Mill St", attributes={"a": "b"}, device_seq=3,
        accuracy_m=5.5, happened_at=datetime.now(UTC).isoformat(), reporter={"name": "李"},
    )  # fmt: skip
    bodies = [mutated(json.dumps(told).encode(), chance) for _ in range(MUTANTS)]
    headers = {"x-api-key": town.keys[PHONE], "content-type": "application/json"}

    statuses = await answered(town, "/api/reports", bodies, headers)

    assert len(statuses) == MUTANTS
    assert set(statuses) <= {201, 422}
    assert await town.stored() == statuses.count(201)


async def test_damaged_forms_never_break_the_other_door(town: Town):
    chance = random.Random(SEED + 1)
    lon, lat = spot()
    form = (
        f"api_key={town.keys[PORTAL]}&service_code=06010&lat={lat}&long={lon}"
        f"&description={quote_from_bytes('垃圾'.encode())}&attribute[a]=b&email=a%40b.org"
        "&requested_datetime=2026-11-23T08%3A00%3A00Z&address_string=1+Mill+St"
    )
    bodies = [mutated(form.encode(), chance) for _ in range(MUTANTS)]
    headers = {"content-type": "application/x-www-form-urlencoded"}

    statuses = await answered(town, "/open311/v2/requests.xml", bodies, headers)

    assert set(statuses) <= {201, 400, 403}
    assert await town.stored() == statuses.count(201)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = st.sampled_from([*Told.__struct_fields__, "role"])


def outcome(body: bytes) -> Submission | list[Fault] | int:
    """The checked submission, or its faults, or the status it is refused with."""
    try:
        return submission(decode(body, Told), ENVELOPE, CITY, NOON)
    except Unfit as unfit:
        return unfit.faults
    except Problem as problem:
        return problem.status


@given(st.dictionaries(NAMES, JSON_VALUES))
def test_any_json_is_a_submission_or_tells_its_faults(changes: dict[str, object]):
    lon, lat = spot()
    told = {"category": "06010", "lon": lon, "lat": lat, "datum": "wgs84", **changes}

    match outcome(json.dumps(told).encode()):
        case Submission() as checked:
            written = f"{checked.description}{checked.address}{checked.attributes}"
            assert "\x00" not in written
            written.encode("utf-8")
        case list() as faults:
            assert faults
            assert all(fault.problem and fault.remedy for fault in faults)
        case status:
            assert status == 422


@given(st.binary())
def test_any_bytes_are_refused_or_tell_their_faults(body: bytes):
    assert outcome(body) == 422
