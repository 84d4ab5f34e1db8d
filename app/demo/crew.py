"""The people of the demo: each logs in and makes the moves that are open to them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

ROLES: Final = {"handler", "operator", "inspector", "dispatcher", "supervisor"}

_LOOKED_AT: Final = ("reported", "filed", "assigned", "assigned", "handled", "verified", "closed")
_SEEN: Final = 40
_OPENED: Final = 5
"""Of the newest cases in a state a person opens so many."""

_IDLE: Final = 4.0
# How likely each move is beside the others open to whoever looks, and beside doing nothing.
WEIGHTS: Final[Mapping[str, float]] = {
    "accept": 2, "ask_check": 0.3, "confirm": 6, "refute": 0.3, "file": 4, "reject": 0.1,
    "assign": 4, "return": 0.02,
    "take": 4, "progress": 0.3, "handle": 3, "send_back": 0.05, "transfer": 0.03,
    "involve": 0.1, "finish_part": 4, "release_part": 0.1,
    "ask_extension": 0.1, "extend": 4, "refuse_extension": 0.5, "suspend": 0.05, "resume": 0.4,
    "self_handle": 0.05, "verify": 6, "rework": 0.2, "close": 8,
    "supervise": 0.05, "appeal": 0.2, "excuse": 1, "refuse_appeal": 1, "reopen": 0.02,
}  # fmt: skip
REASONS: Final[Mapping[str, str]] = {
    "reject": "不属于受理范围 / not what the city answers for",
    "refute": "现场未发现该问题 / nothing of the kind was found",
    "return": "案卷信息不全 / the report lacks facts",
    "send_back": "不属于本部门职责 / not ours",
    "progress": "已到现场，正在处置 / on the spot and at work",
    "transfer": "属相邻部门管辖 / the neighbours answer for it",
    "release_part": "无需继续协办 / no more help is needed",
    "ask_extension": "需调配设备 / equipment has to come first",
    "refuse_extension": "请按期完成 / do it in time",
    "suspend": "等待电力迁改 / power lines must be moved first",
    "rework": "现场未清理干净 / not done yet",
    "supervise": "群众反映强烈 / many people complain",
    "appeal": "因暴雨停工 / work stopped for heavy rain",
    "excuse": "情况属实 / that is so",
    "refuse_appeal": "理由不充分 / not a sufficient reason",
    "reopen": "问题再次出现 / it is there again",
}
_MORE_TIME: Final = timedelta(days=1)


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

    async def open(self, case: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Everything about one of them, with the moves that are open to the person."""
        async with self._http.get(f"{self._url}/api/cases/{case['id']}") as answer:
            return await answer.json() if answer.status == 200 else None

    async def move(self, case: Mapping[str, Any], move: Mapping[str, Any], department: str) -> int:
        """Make a move on a case as it was opened; returns the status of the answer."""
        body = {"move": move["move"], "version": case["version"]}
        if move["needs_reason"]:
            body["reason"] = REASONS[move["move"]]
        if move["needs_department"]:
            body["department"] = department
        if move["needs_deadline"]:
            body["until"] = (_latest(case) + _MORE_TIME).isoformat()
        address = f"{self._url}/api/cases/{case['id']}/moves"
        async with self._http.post(address, json=body) as answer:
            return answer.status


def _latest(case: Mapping[str, Any]) -> datetime:
    """The deadline of the case, or now when that has passed."""
    now = datetime.now(UTC)
    return max(now, datetime.fromisoformat(case["due_at"])) if case["due_at"] else now


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
        try:
            seen = await person.cases(self._rng.choice(_LOOKED_AT))
            for case in self._rng.sample(seen, min(_OPENED, len(seen))):
                await self._open(person, case)
        except (aiohttp.ClientError, TimeoutError):
            return  # the door is being restarted; the next look will tell

    async def _open(self, person: Person, case: Mapping[str, Any]) -> None:
        opened = await person.open(case)
        move = self._choose(opened["moves"]) if opened else None
        if opened and move:
            department = self._rng.choice(self._departments)
            if await person.move(opened["case"], move, department) == 200:
                self.moves[move["move"]] += 1

    def _choose(self, moves: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        known = [move for move in moves if move["move"] in WEIGHTS and not move["needs_photo"]]
        weights = [WEIGHTS[move["move"]] for move in known]
        [chosen] = self._rng.choices([*known, None], [*weights, _IDLE])
        return chosen
