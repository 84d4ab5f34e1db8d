"""Loading a checked city pack: first what would change, then all of it or nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.errors import UndefinedTable
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from app.city.checking import check_pack
from app.city.institutions import Person
from app.city.pack import CityPack, canonical, digest
from app.database import connect
from app.rulebook import PACK_CHANNEL
from grid.components.postgres import compare_components, store_components
from grid.postgres import newest_version, store_grid, version_in_force
from grid.profile.postgres import PART as PROFILE
from grid.profile.postgres import store_figures

GRID: Final = "grid"
PEOPLE: Final = "people"
COMPONENTS: Final = "components"
_LOCK: Final = 0x0C17_9A5D
# Copying 100,000 cells takes longer than what a door may take.
_PATIENCE: Final = """
    SELECT set_config('statement_timeout', '10min', true),
           set_config('idle_in_transaction_session_timeout', '2min', true),
           set_config('lock_timeout', '1min', true)
"""
_NEWEST_PARTS: Final = """
    SELECT DISTINCT ON (part) part, version, sha256
      FROM city_part
     ORDER BY part, version DESC
"""
_STORE_PART: Final = """
    INSERT INTO city_part (part, version, content, sha256)
    VALUES (%(part)s, %(version)s, %(content)s, %(sha256)s)
"""
_PEOPLE: Final = """
    SELECT login, name_zh, name_en, roles, department, areas, mail, phone, language
      FROM person
"""
_STORE_PERSON: Final = """
    INSERT INTO person (login, name_zh, name_en, roles, department, areas, mail, phone, language)
    VALUES (%(login)s, %(name_zh)s, %(name_en)s, %(roles)s, %(department)s, %(areas)s,
            %(mail)s, %(phone)s, %(language)s)
        ON CONFLICT (login) DO UPDATE
       SET name_zh = excluded.name_zh,
           name_en = excluded.name_en,
           roles = excluded.roles,
           department = excluded.department,
           areas = excluded.areas,
           mail = excluded.mail,
           phone = excluded.phone,
           language = excluded.language
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What loading does to one part, to the grid or to the people.

    *old* is the version that stands, None before the first; *new* equals *old* when the content
    is the same. People and components have none. *note* says the rest in words.
    """

    part: str
    old: int | None
    new: int | None
    note: str

    @property
    def is_change(self) -> bool:
        """Whether anything is written."""
        return self.old != self.new or (self.part in (PEOPLE, COMPONENTS) and self.note != "")

    def as_dict(self) -> dict[str, Any]:
        """The form for ``--json``."""
        return asdict(self) | {"changed": self.is_change}


Announce = Callable[[tuple[Change, ...]], None]
Act = Callable[[AsyncConnection[Any]], Awaitable[tuple[Change, ...]]]


class NoTables(Exception):
    """The database has not been made ready."""

    def __init__(self) -> None:
        super().__init__("the database has no tables yet: run `citygrid migrate` first")


def load_pack(
    path: Path, database_url: str, announce: Announce = lambda changes: None
) -> tuple[Change, ...]:
    """Check the pack at *path* and load it, all or nothing; says what changed.

    *announce* hears what is going to change before anything is written. Raises NotAPack,
    BrokenPack (nothing is loaded), NoTables and DatabaseAway.
    """
    pack = check_pack(path).sound()
    return asyncio.run(_with_connection(database_url, lambda conn: load(conn, pack, announce)))


def plan_pack(path: Path, database_url: str) -> tuple[Change, ...]:
    """What loading the pack at *path* would change; raises as `load_pack` does."""
    pack = check_pack(path).sound()
    return asyncio.run(_with_connection(database_url, lambda conn: plan(conn, pack)))


async def _with_connection(url: str, act: Act) -> tuple[Change, ...]:
    try:
        async with await connect(url) as conn:
            return await act(conn)
    except UndefinedTable as err:
        raise NoTables from err


async def plan(conn: AsyncConnection[Any], pack: CityPack) -> tuple[Change, ...]:
    """What loading the pack would change, part by part."""
    return await _plan(conn, pack, pack.tiling.digest())


async def load(
    conn: AsyncConnection[Any], pack: CityPack, announce: Announce = lambda changes: None
) -> tuple[Change, ...]:
    """Load the pack in one transaction; one load at a time. Content that stands makes no version.

    *announce* hears what is going to change before anything is written. Accounts that the pack
    does not name stay as they are, and so do all passwords.
    """
    sha256 = await asyncio.to_thread(pack.tiling.digest)
    async with conn.transaction():
        await load_alone(conn)
        changes = await _plan(conn, pack, sha256)
        announce(changes)
        for change in changes:
            if change.is_change:
                await _store(conn, pack, change, sha256)
        if any(change.is_change for change in changes):
            await conn.execute("SELECT pg_notify(%s, '')", [PACK_CHANNEL])
    return changes


async def load_alone(conn: AsyncConnection[Any]) -> None:
    """Let nobody else store parts or grids until the transaction ends, which may take minutes."""
    await conn.execute(_PATIENCE)
    await conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


async def _plan(conn: AsyncConnection[Any], pack: CityPack, sha256: str) -> tuple[Change, ...]:
    standing = {part: (version, found) for part, version, found in await _all(conn, _NEWEST_PARTS)}
    parts = [_part_change(part, pack, standing.get(part)) for part in sorted(pack.parts)]
    grid = await _grid_change(conn, pack, sha256)
    people = _people_change(pack.people, await _all(conn, _PEOPLE))
    return (grid, *parts, people, *await _components_change(conn, pack))


async def _grid_change(conn: AsyncConnection[Any], pack: CityPack, sha256: str) -> Change:
    """Held against the grid in force; but no version gets the number of a drafted release."""
    standing, newest = await version_in_force(conn), await newest_version(conn)
    change = _change(GRID, standing, sha256, _ground(pack))
    return replace(change, new=newest[0] + 1) if newest and change.is_change else change


def _part_change(part: str, pack: CityPack, standing: tuple[int, str] | None) -> Change:
    content = pack.parts[part]
    note = f"{len(content)} rows" if isinstance(content, list) else ""
    return _change(part, standing, digest(content), note)


def _change(part: str, standing: tuple[int, str] | None, sha256: str, note: str) -> Change:
    old, old_sha256 = standing or (None, None)
    return Change(part, old, old if old_sha256 == sha256 else (old or 0) + 1, note)


def _ground(pack: CityPack) -> str:
    tiling = pack.tiling
    return (
        f"{len(tiling.cells)} cells in {len(tiling.areas)} areas, {len(tiling.drawings)} drawings"
    )


async def _components_change(conn: AsyncConnection[Any], pack: CityPack) -> tuple[Change, ...]:
    if pack.components is None:
        return ()
    found = await compare_components(conn, pack.components)
    counts = {"new": found.new, "changed": found.changed, "ended": found.ended}
    return (Change(COMPONENTS, None, None, _counted(counts)),)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _people_change(people: Sequence[Person], rows: Sequence[tuple[Any, ...]]) -> Change:
    standing = {row[0]: _standing(row) for row in rows}
    counts = {
        "new": sum(person.login not in standing for person in people),
        "changed": sum(standing.get(p.login, p) != p for p in people),
    }
    return Change(PEOPLE, None, None, _counted(counts))


def _standing(row: tuple[Any, ...]) -> Person:
    login, zh, en, roles, department, areas, *reached = row
    return Person(login, zh, en, tuple(roles), department, tuple(areas), *reached)


async def _store(conn: AsyncConnection[Any], pack: CityPack, change: Change, sha256: str) -> None:
    if change.part == GRID:
        await store_grid(conn, pack.tiling, sha256)
    elif change.part == COMPONENTS:
        await store_components(conn, pack.components or ())
    elif change.part == PEOPLE:
        async with conn.cursor() as cursor:
            await cursor.executemany(_STORE_PERSON, [_person(person) for person in pack.people])
    else:
        content = pack.parts[change.part]
        row = {"part": change.part, "version": change.new, "sha256": digest(content)}
        await conn.execute(_STORE_PART, row | {"content": Jsonb(content, dumps=canonical)})
        if change.part == PROFILE and change.new is not None:
            await store_figures(conn, pack.figures, change.new)


def _person(person: Person) -> Mapping[str, object]:
    return asdict(person) | {"roles": list(person.roles), "areas": list(person.areas)}


async def _all(conn: AsyncConnection[Any], query: LiteralString) -> list[tuple[Any, ...]]:
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(query)
        return await cursor.fetchall()
