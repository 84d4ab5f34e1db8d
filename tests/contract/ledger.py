"""What worker processes did: their effects, once per business key, and every delivery."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType

import psycopg

GATE = 77
"""Advisory lock a worker takes inside each batch; whoever holds it stops workers mid-batch."""

SCHEMA = """
    CREATE TABLE IF NOT EXISTS effect (business_key text PRIMARY KEY, done_by integer NOT NULL);
    CREATE TABLE IF NOT EXISTS delivery (
        nr           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        business_key text NOT NULL,
        partition    integer NOT NULL,
        record_offset bigint NOT NULL,
        worker       integer NOT NULL
    );
    CREATE TABLE IF NOT EXISTS begun (worker integer NOT NULL);
    CREATE TABLE IF NOT EXISTS poisoned (value text NOT NULL)
"""


class Ledger(AbstractAsyncContextManager["Ledger"]):
    """Reads what was done, and holds the gate."""

    def __init__(self, url: str, conn: psycopg.AsyncConnection) -> None:
        self.url, self._conn = url, conn

    @classmethod
    async def open(cls, url: str) -> Ledger:
        conn = await psycopg.AsyncConnection.connect(url, autocommit=True)
        await conn.execute(SCHEMA)
        return cls(url, conn)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._conn.close()

    async def reconnect(self) -> None:
        """Take a new connection after the database was away."""
        await self._conn.close()
        self._conn = await psycopg.AsyncConnection.connect(self.url, autocommit=True)

    async def effects(self) -> set[str]:
        """The business keys that have their effect."""
        return {key for (key,) in await self._all("SELECT business_key FROM effect")}

    async def effects_by(self, worker: int) -> int:
        """How many effects the worker process of that id had."""
        (row,) = await self._all("SELECT count(*) FROM effect WHERE done_by = %s", worker)
        return row[0]

    async def partitions_of(self, worker: int) -> set[int]:
        """The partitions the worker process of that id was given messages of."""
        query = "SELECT DISTINCT partition FROM delivery WHERE worker = %s"
        return {number for (number,) in await self._all(query, worker)}

    async def deliveries(self) -> int:
        """How many messages were delivered in batches that were completed."""
        ((count,),) = await self._all("SELECT count(*) FROM delivery")
        return count

    async def begun_by(self, worker: int) -> int:
        """How many batches the worker process of that id began."""
        (row,) = await self._all("SELECT count(*) FROM begun WHERE worker = %s", worker)
        return row[0]

    async def close_gate(self) -> None:
        """Let no batch be completed from here on."""
        await self._conn.execute("SELECT pg_advisory_lock(%s)", (GATE,))

    async def open_gate(self) -> None:
        """Let batches be completed again."""
        await self._conn.execute("SELECT pg_advisory_unlock(%s)", (GATE,))

    async def _all(self, query: str, *values: object) -> list[tuple]:
        return await (await self._conn.execute(query, values)).fetchall()
