"""The process that tries something out for a web process, which goes on answering meanwhile.

Says on its standard output how far it is, one JSON object a line. Whatever is wrong with what it
was given becomes part of the result; only a defect or a lost database ends it without one.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from app.city.faults import BrokenPack, NotAPack
from app.database import TRANSIENT, DatabaseAway, connect
from app.rulebook import NoCity
from app.settings import Settings
from app.whatif.listing import ChangedTable, as_object
from app.whatif.order import LISTED, RESULT, TABLE, read_order
from app.whatif.proposals import OtherCity, rulebook_to_try
from app.whatif.telling import as_json
from app.whatif.trying import try_out
from dispatch.whatif.deciding import Compared
from grid.errors import GridError, UnknownGridVersion
from grid.naming import Label

_NICENESS: Final = 10


async def work(folder: Path, settings: Settings) -> None:
    """Carry out the order in *folder* and leave the result there."""
    try:
        result = {"ok": True, **await _tried(folder, settings)}
    except BrokenPack as err:
        result = {"ok": False, "faults": [fault.as_dict() for fault in err.faults]}
    except (NotAPack, OtherCity, NoCity, GridError) as err:
        result = {"ok": False, "problem": _told(err).as_dict()}
    (folder / RESULT).write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


async def _tried(folder: Path, settings: Settings) -> dict[str, Any]:
    order = read_order(folder)
    listed: list[dict[str, Any]] = []
    async with await connect(settings.database_url) as conn:
        tried = await rulebook_to_try(conn, order.proposal(folder), settings.home / "cache")
        with (folder / TABLE).open("w", encoding="utf-8", newline="") as file:
            table = ChangedTable(file)

            def take(cases: Sequence[Compared]) -> None:
                table.add(cases)
                listed.extend(as_object(one) for one in cases[: LISTED - len(listed)])

            outcome = await try_out(conn, tried, order.choice(), on_changed=take, on_progress=_tell)
    return {**as_json(outcome, tried), "changed_cases": listed}


def _told(err: Exception) -> Label:
    match err:
        case NotAPack():
            return Label(f"这不是城市包：{err.reason}", f"this is no city pack: {err.reason}")
        case OtherCity():
            return Label(f"该城市包属于城市 {err.packed}，案件属于城市 {err.loaded}", str(err))
        case NoCity():
            return Label("尚未加载城市包", str(err))
        case UnknownGridVersion():
            return Label(f"没有版本号为 {err.version} 的网格", str(err))
        case _:
            return Label(f"网格无法使用：{err}", str(err))


def _tell(done: int, total: int) -> None:
    print(json.dumps({"done": done, "total": total}), flush=True)


def main() -> None:
    """Work in the folder that the first argument names; exit code 1 when the database is away."""
    os.nice(_NICENESS)
    try:
        asyncio.run(work(Path(sys.argv[1]), Settings()))  # pyright: ignore[reportCallIssue]
    except (DatabaseAway, *TRANSIENT) as err:
        sys.exit(f"the trial ended: {err}")


if __name__ == "__main__":
    main()
