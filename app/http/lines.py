"""Samples as JSON lines, one in each, read and stored as they come: a body may be long.

What stands in the log stays there when the rest cannot be taken; the answer says up to which line,
and sending everything again does no harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.gateway.door import Offered
from app.gateway.samples import Refusal, ToldSample, read_or_refuse
from app.http.answers import json_answer
from app.http.bodies import HungUp, check_type
from app.http.wiring import Wiring
from app.policy import Actor
from app.problems import Fault, Problem
from dispatch.sensing.reasons import Reason

MEDIA_TYPE: Final = "application/x-ndjson"
LIMIT: Final = 64 * 1024 * 1024
"""Bytes of one body."""
AT_ONCE: Final = 500
"""Lines that are checked and stored together."""
MOST_TOLD: Final = 100
"""Refused lines that the answer describes; all are counted."""


@dataclass(slots=True)
class _Course:
    """How far the body was taken."""

    wiring: Wiring
    actor: Actor
    taken: int = 0
    lines: int = 0
    stored: int = 0
    faults: list[Fault] = field(default_factory=list[Fault])
    reasons: Counter[str] = field(default_factory=Counter[str])

    async def take(self, offered: list[ToldSample | Refusal], now: datetime) -> None:
        """Check and store the next lines."""
        numbered = [Offered(one, self.actor.name) for one in offered]
        found = await self.wiring.samples.sort(numbered, now)
        for number, refusal in found.refused:
            self.reasons[refusal.reason] += 1
            if len(self.faults) < MOST_TOLD:
                place = f"line {self.lines + number + 1}"
                named = f"{place}.{refusal.field}" if refusal.field else place
                self.faults.append(Fault(named, refusal.problem, refusal.remedy))
        self.lines += len(offered)
        if found.taken:
            await self.wiring.sampling.take(found.records(self.actor.name, now))
            self.wiring.metrics.samples_taken.inc(found.taken)
            self.taken += found.taken
        self.stored = self.lines

    def answer(self) -> Response:
        """202, or a problem when nothing was taken."""
        if self.taken:
            told = {"accepted": self.taken, "refused": self.reasons, "errors": self.faults}
            return json_answer(told, 202)
        if not self.lines:
            raise Problem(422, "there is no line", Fault("", "is empty", "a sample in each line"))
        if set(self.reasons) == {Reason.RATE}:
            told = "the devices send too many samples"
            raise Problem(429, told, *self.faults, retry_after_s=10)
        raise Problem(422, "no sample can be taken as it is", *self.faults)

    def so_far(self, problem: Problem) -> Problem:
        """The same problem, with a word about the lines that were stored before it."""
        if not self.stored:
            return problem
        told = f"{problem.detail}; lines 1 to {self.stored} were taken care of before"
        return Problem(problem.status, told, *problem.faults, retry_after_s=problem.retry_after_s)


async def submit(request: Request, wiring: Wiring, actor: Actor) -> Response:
    """Take every line that can be taken; 202 when the log has them."""
    check_type(request, MEDIA_TYPE)
    course, longest = _Course(wiring, actor), wiring.settings.sample_bytes
    waiting: list[ToldSample | Refusal] = []
    try:
        async for line in lines_of(request, longest):
            waiting.append(line if isinstance(line, Refusal) else read_or_refuse(line, longest))
            if len(waiting) >= AT_ONCE:
                await course.take(waiting, datetime.now(UTC))
                waiting = []
        if waiting:
            await course.take(waiting, datetime.now(UTC))
    except Problem as problem:
        raise course.so_far(problem) from problem
    return course.answer()


async def lines_of(request: Request, longest: int) -> AsyncIterator[bytes | Refusal]:
    """The lines of a body, empty ones left out; a Refusal for each that is too long.

    Never more than one line beyond what arrived last is held. Problem 413 for a body over LIMIT.
    """
    rest, length, skipping = b"", 0, False
    try:
        async for chunk in request.stream():
            length += len(chunk)
            if length > LIMIT:
                raise Problem(413, f"at most {LIMIT} bytes are taken here")
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                if skipping:
                    skipping = False
                elif line.strip():
                    yield line.strip()
            if len(rest) > longest:
                if not skipping:
                    yield too_long(longest)
                rest, skipping = b"", True
    except ClientDisconnect as err:
        raise HungUp from err
    if rest.strip() and not skipping:
        yield rest.strip()


def too_long(longest: int) -> Refusal:
    """The refusal of a line that was not read to its end."""
    remedy = f"at most {longest} are taken for a sample, and a line break after each"
    return Refusal(Reason.SIZE, "", f"has more than {longest} bytes", remedy)
