"""The acts of a release, each in the transaction of its caller and with a line in the audit."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

from psycopg import AsyncConnection

from app.city.loading import load_alone
from app.identity.postgres import write_audit
from app.rulebook import PACK_CHANNEL
from dispatch.postgres.clock import now
from grid.postgres import store_grid
from grid.tiling import Tiling
from grid.versions import postgres
from grid.versions.changes import Comparison
from grid.versions.release import Release, Stage, check_activation, check_approval, check_lead

USUAL_LEAD: Final = timedelta(seconds=10)
"""How long after an order that names no time the switch is."""


async def draft(conn: AsyncConnection, tiling: Tiling, note: str, by: str) -> int:
    """Store the ground as a release; its number. Nothing changes for anybody yet.

    Raises NoActiveGrid.
    """
    await load_alone(conn)
    await postgres.active_version(conn, await now(conn))
    sha256 = await asyncio.to_thread(tiling.digest)
    version = await store_grid(conn, tiling, sha256)
    await postgres.draft_release(conn, version, note, by)
    await write_audit(conn, by, "grid.draft", str(version), "done", {"cells": len(tiling.cells)})
    return version


async def keep_comparison(
    conn: AsyncConnection, base: int, version: int, comparison: Comparison, by: str
) -> bool:
    """Keep a comparison as what is to be approved; False where there is nothing to approve.

    That is a version that came with a city pack, one that was in force already, and one that is
    approved against this base.
    """
    release = await postgres.find_release(conn, version)
    if release is None or await _was_in_force(conn, version):
        return False
    if release.stage is Stage.APPROVED and release.base == base:
        return False
    await postgres.save_comparison(conn, version, base, comparison)
    await write_audit(conn, by, "grid.compare", str(version), "done", {"base": base})
    return True


async def approve(conn: AsyncConnection, version: int, by: str) -> Release:
    """Answer for a release that was compared with the grid in force; it is as approved then.

    Raises UnknownGridVersion, NotARelease and what `check_approval` does.
    """
    release = await postgres.get_release(conn, version)
    check_approval(release, await postgres.active_version(conn, await now(conn)))
    await postgres.approve(conn, version, by)
    await write_audit(conn, by, "grid.approve", str(version), "done", {"base": release.base})
    return await postgres.get_release(conn, version)


async def activate(
    conn: AsyncConnection, version: int, active_from: datetime | None, by: str
) -> datetime:
    """Order a version to be in force from a moment on, None: soon; gives the moment.

    All processes hear of it and get ready. Going back is to activate the old version again.
    Raises UnknownGridVersion and what `check_activation` does.
    """
    await load_alone(conn)
    moment = await now(conn)
    active_from = active_from or moment + USUAL_LEAD
    release = await postgres.find_release(conn, version)
    if release is None:
        check_lead(active_from, moment)
    else:
        check_activation(
            release,
            active=await postgres.active_version(conn, active_from),
            was_in_force=await _was_in_force(conn, version),
            active_from=active_from,
            now=moment,
        )
    await postgres.order_activation(conn, version, active_from, by)
    told = {"active_from": active_from.isoformat()}
    await write_audit(conn, by, "grid.activate", str(version), "done", told)
    await conn.execute("SELECT pg_notify(%s, '')", [PACK_CHANNEL])
    return active_from


async def _was_in_force(conn: AsyncConnection, version: int) -> bool:
    moment = await now(conn)
    reigns = await postgres.list_reigns(conn)
    return any(one.version == version and one.active_from <= moment for one in reigns)
