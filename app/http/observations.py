"""`POST /api/observations`: samples of sensors, many at once; bad ones do not spoil good ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.gateway.door import Offered, Sorted
from app.gateway.samples import Refusal, ToldSample, read_or_refuse
from app.http import lines
from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import JSON_LIMIT, check_type, is_of_type, read_body
from app.http.decoding import decode
from app.http.wiring import Wiring, wiring_of
from app.policy import Actor
from app.problems import Fault, Problem
from dispatch.sensing.reasons import Reason

MOST_SAMPLES: Final = 500


class ToldSamples(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the body of `POST /api/observations` holds: 1 to 500 samples of the caller's devices."""

    samples: Annotated[list[ToldSample], Meta(min_length=1, max_length=MOST_SAMPLES)]


class _Batch(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The same, each sample left as it came, so that one bad sample does not spoil the others."""

    samples: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MOST_SAMPLES)]


async def submit(request: Request, actor: Actor) -> Response:
    """Take samples: 202 when the log has the good ones; the bad ones are told by their number.

    One JSON object, or JSON lines (application/x-ndjson) with a sample in each.
    """
    wiring = wiring_of(request)
    if is_of_type(request, lines.MEDIA_TYPE):
        return await lines.submit(request, wiring, actor)
    check_type(request, "application/json")
    batch = decode(await read_body(request, JSON_LIMIT), _Batch)
    longest = wiring.settings.sample_bytes
    offered = [Offered(read_or_refuse(raw, longest), actor.name) for raw in batch.samples]
    now = datetime.now(UTC)
    found = await wiring.samples.sort(offered, now)
    faults = [_fault(f"samples[{number}]", refusal) for number, refusal in found.refused]
    if not found.taken:
        raise nothing_taken(found, faults)
    await _store(wiring, actor, found, now)
    answer = {"accepted": found.taken, "refused": found.reasons, "errors": faults}
    return json_answer(answer, 202)


def nothing_taken(found: Sorted, faults: list[Fault]) -> Problem:
    """What the sender is told when every sample was refused: too many at once may come again."""
    if set(found.reasons) == {Reason.RATE}:
        return Problem(429, "the device sends too many samples", *faults, retry_after_s=10)
    return Problem(422, "no sample can be taken as it is", *faults)


def _fault(place: str, refusal: Refusal) -> Fault:
    named = f"{place}.{refusal.field}" if refusal.field else place
    return Fault(named, refusal.problem, refusal.remedy)


async def _store(wiring: Wiring, actor: Actor, found: Sorted, now: datetime) -> None:
    await wiring.sampling.take(found.records(actor.name, now))
    wiring.metrics.samples_taken.inc(found.taken)


ROUTES: Final = [
    Route("/api/observations", guarded("observation.submit", submit), methods=["POST"]),
]
