"""Bugs of the doors: what a sender is told, and when."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.database import TRANSIENT
from app.http import intake
from dispatch.postgres import inbox
from dispatch.report import Acceptance, Submission
from tests.chaos.bugs.bug import Bug
from tests.chaos.bugs.patching import around, reword, swap

_PROCESS_FAULTS = ("process-killed", "all-killed")
_POSTGRES_CRASHES = ("postgres-immediate", "postgres-killed", "postgres-backend-killed")


def _answer_before_commit() -> None:
    pending: set[asyncio.Task[None]] = set()

    async def commit(lent: Any) -> None:
        await asyncio.sleep(0.3)
        with contextlib.suppress(*TRANSIENT):  # nobody is left to be told
            await lent.__aexit__(None, None, None)

    async def commit_later(self: Any, submissions: Sequence[Submission]) -> list[Acceptance]:
        lent = self._database.connection()
        answers = await intake.accept_many(await lent.__aenter__(), submissions)
        pending.add(task := asyncio.create_task(commit(lent)))
        task.add_done_callback(pending.discard)
        return answers

    swap(intake.Intake, "_commit_once", commit_later)


def _no_unique_key() -> None:
    reword(inbox, "_INSERT", "ON CONFLICT (source, client_key) DO NOTHING", "")


def _other_bytes_accepted() -> None:
    def made(answer: Any) -> Any:
        def content(*given: Any) -> Acceptance:
            return replace(answer(*given), conflict=False)

        return content

    around(inbox, "_answer", made)


def _receipt_from_cache() -> None:
    receipts: dict[tuple[str, str], str] = {}

    def made(accept_many: Any) -> Any:
        async def remembered(conn: Any, submissions: Sequence[Submission]) -> list[Acceptance]:
            answers = await accept_many(conn, submissions)
            return [recall(one, answer) for one, answer in zip(submissions, answers, strict=True)]

        return remembered

    def recall(one: Submission, answer: Acceptance) -> Acceptance:
        new = answer.receipt if answer.fresh else secrets.token_hex(16)
        receipt = receipts.setdefault((one.source, one.client_key), new)
        return answer if answer.conflict else replace(answer, receipt=receipt)

    around(intake, "accept_many", made)


def _answers_out_of_order() -> None:
    def made(accept_many: Any) -> Any:
        async def shuffled(conn: Any, submissions: Sequence[Submission]) -> list[Acceptance]:
            answers = await accept_many(conn, submissions)
            return sorted(answers, key=lambda answer: not answer.fresh)

        return shuffled

    around(intake, "accept_many", made)


BUGS = (
    Bug(
        name="answer-before-commit",
        says="The door answers 201 when the row is written, and commits a moment later.",
        processes=("web",),
        provoked_by=(*_PROCESS_FAULTS, *_POSTGRES_CRASHES),
        aimed_at=r"web-\d",
        caught_by=("acknowledged report is in the inbox",),
        apply=_answer_before_commit,
    ),
    Bug(
        name="commit-not-flushed",
        says="PostgreSQL says committed before the log is on disk (synchronous_commit = off).",
        processes=(),
        provoked_by=("postgres-killed", "postgres-immediate"),
        caught_by=("acknowledged report is in the inbox", "sink"),
        sql="""
            DO $$ BEGIN
                EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off',
                               current_database());
            END $$
        """,
    ),
    Bug(
        name="no-unique-key",
        says="Nothing keeps a key from being accepted twice.",
        processes=("web", "worker"),
        caught_by=("reports = keys", "two rows"),
        nets=("constraint inbox (source, client_key)",),
        apply=_no_unique_key,
        sql="ALTER TABLE inbox DROP CONSTRAINT inbox_source_client_key_key",
    ),
    Bug(
        name="other-bytes-accepted",
        says="The same key with other bytes gets 200 and the receipt of the first.",
        processes=("web",),
        caught_by=("other bytes",),
        apply=_other_bytes_accepted,
    ),
    Bug(
        name="receipt-from-cache",
        says="Receipts are remembered in the process: after a restart, or at the other door, "
        "a repeat gets a new one.",
        processes=("web",),
        provoked_by=("process-killed",),
        aimed_at=r"web-\d",
        caught_by=("one receipt",),
        apply=_receipt_from_cache,
    ),
    Bug(
        name="answers-out-of-order",
        says="The answers of one commit are handed out new reports first, not in the order asked.",
        processes=("web",),
        provoked_by=("postgres-down", "postgres-frozen", "network-delayed"),
        aimed_at=r"web-\d>postgres",
        caught_by=("one receipt",),
        apply=_answers_out_of_order,
    ),
)
