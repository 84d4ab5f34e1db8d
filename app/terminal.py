"""What the commands share: settings or a clear line, work on the database, exit codes."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Final, TypeVar

import typer
import uvloop
from psycopg import AsyncConnection
from pydantic import ValidationError

from app.database import Database, DatabaseAway, SchemaBehind
from app.identity.postgres import write_audit
from app.rulebook import NoCity
from app.settings import Settings

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

REFUSED: Final = 1
"""Exit code when the answer is no: faults, unbalanced books, nothing of that name."""
UNUSABLE: Final = 2
"""Exit code when a command cannot even begin."""
ACTOR: Final = "command line"
"""Who did it, in the audit trail."""


def settings() -> Settings:
    """The settings of the environment; exits with a line for each that is wrong."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue] — filled from the environment
    except ValidationError as err:
        for fault in err.errors():
            name = "_".join(str(part) for part in fault["loc"]).upper()
            print(f"CITY_{name}: {fault['msg']} (see docs/settings.md)", file=sys.stderr)
        raise typer.Exit(UNUSABLE) from err


def run(work: Coroutine[Any, Any, T]) -> T:
    """What the work gives; exits with one line when the database is away or not ready for us."""
    try:
        return uvloop.run(work)
    except (DatabaseAway, NoCity, SchemaBehind) as err:
        print(err, file=sys.stderr)
        raise typer.Exit(UNUSABLE) from err


def change(
    act: Callable[[AsyncConnection], Awaitable[T]], action: str | None = None, target: str = ""
) -> T:
    """What *act* gives, in one transaction, with a line in the audit trail for an *action*."""
    return run(_changed(act, action, target))


def carry_out(
    act: Callable[[AsyncConnection], Awaitable[None]], action: str, target: str = ""
) -> None:
    """The same for an *act* that is done unless it raises."""

    async def done(conn: AsyncConnection) -> bool:
        await act(conn)
        return True

    change(done, action, target)


def look(act: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """What *act* gives, on a connection outside any transaction."""
    return run(_looked(act))


def refused(sentence: str) -> typer.Exit:
    """Says why not; to be raised."""
    print(sentence, file=sys.stderr)
    return typer.Exit(REFUSED)


async def _changed(
    act: Callable[[AsyncConnection], Awaitable[T]], action: str | None, target: str
) -> T:
    database = Database(settings().database_url, 1)
    try:
        async with database.connection() as conn:
            outcome = await act(conn)
            if action is not None:
                result = "done" if outcome else "refused"
                await write_audit(conn, ACTOR, action, target, result)
            return outcome
    finally:
        await database.close()


async def _looked(act: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    database = Database(settings().database_url, 1)
    try:
        async with database.session() as conn:
            return await act(conn)
    finally:
        await database.close()
