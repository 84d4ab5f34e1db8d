"""Decides reports for the agent and for the rescue, under the rulebook of the moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import psycopg
import structlog

from app.database import TRANSIENT, Database, DatabaseAway, SchemaUnfit, wake_ups
from app.grid.preparing import IndexNotBuilt
from app.rulebook import PACK_CHANNEL, NoCity
from app.rules_in_force import RulesInForce
from app.worker_metrics import WorkerMetrics
from dispatch import actions
from dispatch.actions import Decided
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.clock import now
from dispatch.postgres.saving import fail_report
from dispatch.rulebook import Rulebook

_log: Final = structlog.get_logger("citygrid.decider")
_LOOK_AGAIN_S: Final = 30.0
_MOST_SEVERE: Final = 1
_STATEMENT_UNFIT: Final = "42"
"""The class of SQLSTATEs that say: no such column, no such table, no such right."""


class Decider:
    """One for a worker process. Its rulebook follows the city packs that are loaded."""

    def __init__(self, database: Database, cache: Path, metrics: WorkerMetrics) -> None:
        self._database, self._metrics = database, metrics
        self._in_force = RulesInForce(database, cache)

    async def read_rules(self) -> Rulebook:
        """The newest rulebook, read now. Raises NoCity, DatabaseAway or IndexNotBuilt."""
        return await self._in_force.read()

    async def rules(self) -> Rulebook:
        """The rulebook as last read, read when there is none yet. Raises as `read_rules` does."""
        return self._in_force.current or await self.read_rules()

    async def follow_packs(self) -> None:
        """Read the rulebook again whenever a pack is loaded or a grid ordered, until cancelled."""
        async for _ in wake_ups(self._database.url, PACK_CHANNEL, every_s=_LOOK_AGAIN_S):
            try:
                await self.read_rules()
            except (NoCity, IndexNotBuilt, DatabaseAway, *TRANSIENT) as err:
                _log.warning("rulebook not read", error=str(err))

    @property
    def urgent(self) -> frozenset[str]:
        """The categories of the highest severity, as the rulebook has them now."""
        rules = self._in_force.current
        catalogue = rules.catalogue if rules else ()
        return frozenset(one.code for one in catalogue if one.severity == _MOST_SEVERE)

    async def decide(self, report_ids: Collection[int]) -> int:
        """Decide all of them, each batch in a transaction of its own; how many were decided.

        A report that breaks its batch is found and counted as failed; it holds nobody up. Raises
        only what passes when the database is back.
        """
        await self.rules()
        total = 0
        while True:
            try:
                done = await self._batch(report_ids)
            except (DatabaseAway, *TRANSIENT):
                raise
            except Exception as problem:
                _log.warning("batch is taken apart", reports=len(report_ids), error=repr(problem))
                return total + await self._apart(sorted(report_ids))
            total += _decided_by(done)
            if not done.more:
                return total

    async def _apart(self, report_ids: Sequence[int]) -> int:
        """Decide exactly these, by halves, until those that cannot be decided are alone.

        Without the older ones of their categories: what one of those does is not their fault.
        """
        try:
            return _decided_by(await self._batch(report_ids, alone=True))
        except (DatabaseAway, *TRANSIENT):
            raise
        except Exception as problem:
            if len(report_ids) == 1:
                text = f"{type(problem).__name__}: {problem}"
                await self.give_up_on(report_ids[0], text)
                return 0
        middle = len(report_ids) // 2
        older = await self._apart(report_ids[:middle])
        return older + await self._apart(report_ids[middle:])

    async def _batch(self, report_ids: Collection[int], *, alone: bool = False) -> Decided:
        try:
            async with self._database.connection() as conn:
                book = PostgresBook(conn, alone=alone)
                with self._metrics.batch():
                    moment = await now(conn)
                    rules = self._in_force.at(moment)
                    done = await actions.decide(book, report_ids, rules, now=moment)
        except psycopg.ProgrammingError as err:
            if (err.sqlstate or "").startswith(_STATEMENT_UNFIT):
                raise SchemaUnfit(str(err)) from err  # no report is to blame
            raise
        self._metrics.count(done)
        if done.reports:
            _log.info("reports decided", reports=done.reports, failed=done.failed)
        return done

    async def give_up_on(self, report_id: int, problem: str) -> None:
        """Count a failed attempt on a report that breaks its batch; the fifth makes it dead."""
        _log.error("report cannot be decided", report=report_id, problem=problem)
        async with self._database.connection() as conn:
            await fail_report(conn, report_id, problem, await now(conn))


def _decided_by(done: Decided) -> int:
    return done.cased + done.merged + done.rejected
