"""Observations out of the database: pages of them, one, and from when to when there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, errors
from psycopg.rows import class_row

from app.http.sta.asking import DEVICES, Condition, asked_in_sql, id_of, ordered_in_sql
from app.http.sta.graph import Graph
from app.http.sta.options import Options
from app.http.sta.paging import Mark, after, read_mark
from app.problems import Fault, Problem

Connection = AsyncConnection[Any]
PATIENCE: Final = timedelta(seconds=5)
"""How long one question may take: whoever asks for everything at once is told to ask for less."""

_TIES: Final[tuple[LiteralString, ...]] = ("o.device", "o.at")
"""As the primary key has them."""
_COLUMNS: Final = "d.code, o.device, o.at, o.value, n.began_at, n.result_at, n.feature, n.more"
_FROM: Final = """
      FROM observation o
      JOIN observing_device d ON d.number = o.device
      LEFT JOIN observation_note n ON n.device = d.code AND n.at = o.at
"""
_ONE_DEVICE: Final = "o.device = (SELECT number FROM observing_device WHERE code = %s)"
_SPAN: Final = """
    SELECT d.code, first.at AS first_at, last.at AS last_at
      FROM observing_device d
      JOIN LATERAL (SELECT at FROM observation WHERE device = d.number ORDER BY at LIMIT 1)
        AS first ON true
      JOIN LATERAL (SELECT at FROM observation WHERE device = d.number ORDER BY at DESC LIMIT 1)
        AS last ON true
     WHERE d.code = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Observation:
    """One sample as it is told. *feature* is None for the place of the device itself."""

    code: str
    device: int
    at: datetime
    value: float
    began_at: datetime | None
    result_at: datetime | None
    feature: str | None
    more: Mapping[str, Any] | None

    @property
    def id(self) -> str:
        """What it is called by."""
        return id_of(self.code, self.at)

    @property
    def marks(self) -> Mapping[str, str | int | float]:
        """What it is ordered by, column by column."""
        return {
            "d.code": self.code,
            "o.device": self.device,
            "o.at": self.at.isoformat(),
            "o.value": self.value,
            "coalesce(n.result_at, o.at)": (self.result_at or self.at).isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Scope:
    """Which observations: of these devices (None: of any), with this feature of interest.

    *own_place* are those alone that name no feature other than the place of their device.
    """

    devices: Sequence[str] | None = None
    feature: str | None = None
    own_place: bool = False

    def condition(self) -> Condition:
        """The same in SQL."""
        parts: list[LiteralString] = []
        values: list[Any] = []
        match self.devices:
            case None:
                pass
            case [one]:
                parts.append(_ONE_DEVICE)
                values.append(one)
            case several:
                parts.append(DEVICES)
                values.append(list(several))
        if self.feature is not None:
            parts.append("n.feature = %s")
            values.append(self.feature)
        if self.own_place:
            parts.append("n.feature IS NULL")
        return Condition(" AND ".join(parts) or "true", tuple(values))


@dataclass(frozen=True, slots=True)
class Page:
    """Observations in order; *following* None on the last page, *count* None when not asked."""

    rows: Sequence[Observation]
    following: Mark | None
    count: int | None


async def read_page(conn: Connection, graph: Graph, scope: Scope, options: Options) -> Page:
    """One page of the observations in a scope; raises BadExpression."""
    where = _joined(scope.condition(), _filtered(graph, options))
    order = _order(options)
    count = await _count(conn, where) if options.count else None
    mark = read_mark(options.token, order) if options.token is not None else None
    onward = _joined(where, after(order, mark)) if mark is not None else where
    rows = await _rows(conn, onward, order, options.top + 1, 0 if mark else options.skip)
    more, rows = len(rows) > options.top, rows[: options.top]
    following = Mark.at(order, rows[-1].marks) if more and rows else None
    return Page(rows, following, count)


async def find(conn: Connection, scope: Scope, code: str, at: datetime) -> Observation | None:
    """The observation of a device at a time, None when it is not there or outside the scope."""
    where = _joined(scope.condition(), Condition(f"{_ONE_DEVICE} AND o.at = %s", (code, at)))
    rows = await _rows(conn, where, _order(Options()), 1, 0)
    return rows[0] if rows else None


async def read_of_each(
    conn: Connection, graph: Graph, codes: Sequence[str], options: Options, *, own_place: bool
) -> Mapping[str, Page]:
    """A first page for each of the devices, by code, in one question."""
    where = _joined(Scope(own_place=own_place).condition(), _filtered(graph, options))
    order = _order(options)
    sql = f"""
        SELECT page.*
          FROM observing_device d
          JOIN LATERAL (
               SELECT {_COLUMNS}
                 FROM observation o
                 LEFT JOIN observation_note n ON n.device = d.code AND n.at = o.at
                WHERE o.device = d.number AND {where.sql}
                ORDER BY {_order_sql(order)}
                LIMIT %s OFFSET %s) AS page ON true
         WHERE d.code = ANY(%s)
    """
    values = (*where.values, options.top + 1, options.skip, list(codes))
    found: dict[str, list[Observation]] = {code: [] for code in codes}
    for row in await _fetched(conn, sql, values):
        found[row.code].append(row)
    counts = await _counts(conn, where, codes) if options.count else dict[str, int]()
    return {
        code: Page(
            rows[: options.top],
            Mark.at(order, rows[options.top - 1].marks) if len(rows) > options.top > 0 else None,
            counts.get(code, 0) if options.count else None,
        )
        for code, rows in found.items()
    }


async def read_spans(
    conn: Connection, codes: Sequence[str]
) -> Mapping[str, tuple[datetime, datetime]]:
    """From when to when there are observations, by device; those without any are left out."""
    found = await _asked(conn, _SPAN, (list(codes),))
    return {code: (first, last) for code, first, last in await found.fetchall()}


async def be_patient(conn: Connection) -> None:
    """Let every question in this transaction end in time."""
    told = str(int(PATIENCE.total_seconds() * 1000))
    await conn.execute("SELECT set_config('statement_timeout', %s, true)", (told,))


def _filtered(graph: Graph, options: Options) -> Condition:
    return Condition("true") if options.filter is None else asked_in_sql(options.filter, graph)


def _joined(one: Condition, other: Condition) -> Condition:
    return Condition(f"{one.sql} AND {other.sql}", one.values + other.values)


Order = Sequence[tuple[LiteralString, bool]]


def _order(options: Options) -> Order:
    """What is asked for, then by device and time, so that pages neither miss nor repeat any."""
    order: list[tuple[LiteralString, bool]] = [
        (ordered_in_sql(path), descends) for path, descends in options.order
    ]
    for column in _TIES:
        if all(column != named for named, _ in order):
            order.append((column, False))
    return order


def _order_sql(order: Order) -> LiteralString:
    parts: list[LiteralString] = []
    for column, descends in order:
        way: LiteralString = " DESC" if descends else ""
        parts.append(f"{column}{way}")
    return ", ".join(parts)


async def _rows(
    conn: Connection, where: Condition, order: Order, limit: int, skip: int
) -> list[Observation]:
    sql = f"""
        SELECT {_COLUMNS} {_FROM}
         WHERE {where.sql}
         ORDER BY {_order_sql(order)}
         LIMIT %s OFFSET %s
    """
    return await _fetched(conn, sql, (*where.values, limit, skip))


async def _count(conn: Connection, where: Condition) -> int:
    found = await _asked(conn, f"SELECT count(*) {_FROM} WHERE {where.sql}", where.values)
    [count] = await found.fetchone() or (0,)
    return count


async def _counts(conn: Connection, where: Condition, codes: Sequence[str]) -> dict[str, int]:
    sql = f"SELECT d.code, count(*) {_FROM} WHERE d.code = ANY(%s) AND {where.sql} GROUP BY d.code"
    found = await _asked(conn, sql, (list(codes), *where.values))
    return dict(await found.fetchall())


async def _fetched(
    conn: Connection, sql: LiteralString, values: Sequence[Any]
) -> list[Observation]:
    async with conn.cursor(row_factory=class_row(Observation)) as cursor:
        try:
            await cursor.execute(sql, values)
        except (errors.QueryCanceled, errors.DataError) as err:
            raise _too_much(err) from err
        return await cursor.fetchall()


async def _asked(conn: Connection, sql: LiteralString, values: Sequence[Any]) -> Any:
    try:
        return await conn.execute(sql, values)
    except (errors.QueryCanceled, errors.DataError) as err:
        raise _too_much(err) from err


def _too_much(err: errors.QueryCanceled | errors.DataError) -> Problem:
    detail = "the observations cannot be given as asked"
    if isinstance(err, errors.QueryCanceled):
        told = f"takes longer than {PATIENCE.total_seconds():g} seconds"
        remedy = "ask for one Datastream, or for a span of phenomenonTime; leave $count out"
        return Problem(400, detail, Fault("$filter", told, remedy))
    return Problem(400, detail, Fault("$filter", "reckons beyond what there is", "mind the size"))
