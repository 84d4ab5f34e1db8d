"""Sending incidents through the door as their senders would: in order, and until acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp

from app.replay.reading import Incident

_RETRY_S: Final = 0.3
"""Pause before the same request is sent again after 429, 503 or a cut connection."""
_GIVE_UP_S: Final = 300.0


class DoorClosed(Exception):
    """The door did not take the report for too long."""

    def __init__(self, url: str, last: str) -> None:
        super().__init__(f"{url} did not accept the report for {_GIVE_UP_S:.0f} s: {last}")
        self.url, self.last = url, last


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door said: its status, and the receipt when it accepted."""

    incident: Incident
    status: int
    receipt: str | None
    detail: str
    seconds: float

    @property
    def known(self) -> bool:
        """Whether the door has the report from an earlier play of the file, at another time."""
        return self.status == 409


@dataclass(slots=True)
class Played:
    """How a replay went."""

    answers: list[Answer] = field(default_factory=list[Answer])

    @property
    def accepted(self) -> int:
        """How many the door acknowledged."""
        return sum(1 for answer in self.answers if answer.receipt)

    @property
    def refusals(self) -> Mapping[str, int]:
        """How many it refused, by what it said."""
        answers = (one for one in self.answers if not one.receipt and not one.known)
        return Counter(answer.detail for answer in answers)

    @property
    def known(self) -> int:
        """How many it has from an earlier play."""
        return sum(answer.known for answer in self.answers)


class Open311Door:
    """`POST /open311/v2/requests.json` with one API key.

    Categories may be given by code or by the name the door lists in its services.
    """

    def __init__(self, url: str, api_key: str) -> None:
        self._url, self._key = url.rstrip("/"), api_key
        self._codes: dict[str, str] = {}
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=30)
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def learn_services(self) -> None:
        """Read the door's list of services, to translate names into codes."""
        async with self._http.get(f"{self._url}/open311/v2/services.json") as answer:
            answer.raise_for_status()
            for service in await answer.json():
                self._codes[service["service_name"]] = service["service_code"]

    async def send(self, incident: Incident, happened_at: datetime) -> Answer:
        """Send until the door has answered for good. Raises DoorClosed after five minutes."""
        loop = asyncio.get_running_loop()
        start, last = loop.time(), ""
        while loop.time() - start < _GIVE_UP_S:
            try:
                status, body = await self._post(incident, happened_at)
            except (aiohttp.ClientError, TimeoutError) as err:
                last = type(err).__name__
            else:
                if status not in (429, 502, 503):
                    return _answer(incident, status, body, loop.time() - start)
                last = f"HTTP {status}"
            await asyncio.sleep(_RETRY_S)
        raise DoorClosed(self._url, last)

    async def _post(self, incident: Incident, happened_at: datetime) -> tuple[int, Any]:
        headers = {"Idempotency-Key": str(incident.key)}
        form = self._form(incident, happened_at)
        address = f"{self._url}/open311/v2/requests.json"
        async with self._http.post(address, data=form, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    def _form(self, incident: Incident, happened_at: datetime) -> Mapping[str, str]:
        form = {
            "api_key": self._key,
            "service_code": self._codes.get(incident.category, incident.category),
            "requested_datetime": happened_at.isoformat(),
            "description": incident.description,
            "address_string": incident.address,
        }
        if incident.lon is not None and incident.lat is not None:
            form |= {"long": repr(incident.lon), "lat": repr(incident.lat), "datum": incident.datum}
        return {name: value for name, value in form.items() if value}


def _answer(incident: Incident, status: int, body: Any, seconds: float) -> Answer:
    first: Mapping[str, Any] = body[0] if isinstance(body, list) and body else {}
    receipt = first.get("service_request_id")
    return Answer(incident, status, receipt, str(first.get("description", "")), seconds)


async def play(
    incidents: Sequence[Incident],
    door: Open311Door,
    *,
    speed: float | None,
    ends_at: datetime,
    lanes: int = 64,
    on_answer: Callable[[Answer], None] = lambda _: None,
) -> Played:
    """Send all incidents, moved in time so that the last one happens at *ends_at*.

    *speed* is how many seconds of the file pass in one second; None is as fast as the door takes
    them. Two incidents of one category are never under way at once and keep their order: the second
    is sent when the first is acknowledged. At most *lanes* categories are under way together.
    """
    played = Played()
    if not incidents:
        return played
    shift = ends_at - incidents[-1].happened_at
    queues: dict[str, deque[Incident]] = {}
    for incident in incidents:
        queues.setdefault(incident.category, deque()).append(incident)
    gate = asyncio.Semaphore(lanes)
    pace = _Pace(incidents[0].happened_at, speed)

    async def lane(queue: deque[Incident]) -> None:
        for incident in queue:
            await pace.wait_for(incident.happened_at)
            async with gate:
                answer = await door.send(incident, incident.happened_at + shift)
            played.answers.append(answer)
            on_answer(answer)

    async with asyncio.TaskGroup() as group:
        for queue in queues.values():
            group.create_task(lane(queue))
    return played


class _Pace:
    """When, in the real world, a moment of the file has come."""

    def __init__(self, begins_at: datetime, speed: float | None) -> None:
        self._begins_at, self._speed = begins_at, speed
        self._start = asyncio.get_running_loop().time()

    async def wait_for(self, moment: datetime) -> None:
        if self._speed is None:
            return
        due = self._start + (moment - self._begins_at) / timedelta(seconds=self._speed)
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
