"""The people of the demo: each logs in and makes the moves that are open to them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp

ROLES: Final = {"handler", "operator", "inspector", "dispatcher"}

# What they do next, and of a hundred cases they see how many each time they look.
_NEXT: Final[Mapping[str, tuple[tuple[str, float], ...]]] = {
    "filed": (("assign", 0.5),),
    "assigned": (("handle", 0.10), ("send_back", 0.003)),
    "handled": (("verify", 0.35), ("rework", 0.02)),
    "verified": (("close", 0.5),),
}
_REASONS: Final = {
    "send_back": "不属于本部门职责 / not ours",
    "rework": "现场未清理干净 / not done yet",
}
_SEEN: Final = 40


class Person:
    """One logged-in person. Their session ends with `close`."""

    def __init__(self, url: str, login: str) -> None:
        self._url, self.login = url, login
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Origin": url}
        )

    async def log_in(self, address: str) -> None:
        """Follow a one-time login."""
        async with self._http.get(address, allow_redirects=False) as answer:
            answer.raise_for_status()

    async def close(self) -> None:
        """Leave."""
        await self._http.close()

    async def cases(self, state: str) -> Sequence[Mapping[str, Any]]:
        """The newest cases in this state that the person may see."""
        query = {"state": state, "limit": str(_SEEN)}
        async with self._http.get(f"{self._url}/api/cases", params=query) as answer:
            if answer.status != 200:
                return []
            return (await answer.json())["cases"]

    async def move(self, case: Mapping[str, Any], move: str, department: str | None) -> int:
        """Make a move on a case as it was seen; returns the status of the answer."""
        body = {"move": move, "version": case["version"]}
        if move in _REASONS:
            body["reason"] = _REASONS[move]
        if department:
            body["department"] = department
        address = f"{self._url}/api/cases/{case['id']}/moves"
        async with self._http.post(address, json=body) as answer:
            return answer.status


class Crew:
    """People at work until cancelled; *moves* counts what the door let them do."""

    def __init__(self, people: Sequence[Person], departments: Sequence[str], seed: int) -> None:
        self._people, self._departments = people, departments
        self._rng = random.Random(seed)
        self.moves: Counter[str] = Counter()

    async def work(self) -> None:
        """One person after the other looks at what waits and does a part of it."""
        try:
            while True:
                for person in self._people:
                    await self._look(person)
                    await asyncio.sleep(1.0 / len(self._people))
        finally:
            for person in self._people:
                await person.close()

    async def _look(self, person: Person) -> None:
        state = self._rng.choice(list(_NEXT))
        try:
            for case in await person.cases(state):
                for move, share in _NEXT[state]:
                    if self._rng.random() < share:
                        await self._make(person, case, move)
                        break
        except (aiohttp.ClientError, TimeoutError):
            return  # the door is being restarted; the next look will tell

    async def _make(self, person: Person, case: Mapping[str, Any], move: str) -> None:
        department = self._rng.choice(self._departments) if move == "assign" else None
        if await person.move(case, move, department) == 200:
            self.moves[move] += 1
