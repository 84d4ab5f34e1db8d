"""`citygrid channel …` and `citygrid notice …`: the ways on which people are told, and what was."""

from __future__ import annotations

import json
import secrets
from typing import Annotated, Final

import typer
from psycopg import AsyncConnection
from rich.table import Table

from app.destinations import outward
from app.screen import screen
from app.terminal import AsJson, carry_out, change, look, refused
from dispatch.escalation.channels import Kind, check_channel, kind_of
from dispatch.escalation.errors import UnusableChannel
from dispatch.postgres import notices
from dispatch.postgres.notices import NOTICES, Channel

channel: Final = typer.Typer(no_args_is_help=True, help="The ways on which people are told.")
notice: Final = typer.Typer(no_args_is_help=True, help="What people are told of escalations.")
_STATES: Final = ("pending", "sent", "dead")


@channel.command("set")
def set_up(
    name: Annotated[str, typer.Argument(help="As ladders name it: mail, gateway:sms …")],
    url: Annotated[str, typer.Argument(help="https://… to post to, or smtp://… of a mail server.")],
    sender: Annotated[str | None, typer.Option("--from", help="Who mails are from.")] = None,
    login: Annotated[
        str | None, typer.Option(help="Of the mail server; asks for the password.")
    ] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Do not sign.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set a channel up, or up anew; prints the secret of its signatures, once."""
    try:
        check_channel(name, url, sender)
        if inside := outward().refuses(url):
            raise UnusableChannel("url", inside)
    except UnusableChannel as err:
        raise refused(str(err)) from err
    is_mail = kind_of(name) is Kind.MAIL
    secret = _password(login) if is_mail else None if unsigned else secrets.token_urlsafe(32)
    made = Channel(name, url, secret, login if is_mail else None, sender if is_mail else None)
    carry_out(lambda conn: notices.set_channel(conn, made), "channel.set", name)
    printed = None if is_mail else secret
    if as_json:
        print(json.dumps({"name": name, "secret": printed}))
    else:
        print(printed or f"{name} is set up")


def _password(login: str | None) -> str | None:
    return typer.prompt("Password", hide_input=True) if login is not None else None


@channel.command("list")
def list_channels(as_json: AsJson = False) -> None:
    """Print every channel that is set up or that something waits for, and how its notices stand."""
    rows = look(_channels)
    if as_json:
        print(json.dumps({"channels": rows}))
        return
    table = Table("name", "url", "set up", *_STATES)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    screen().print(table)


async def _channels(conn: AsyncConnection) -> list[dict[str, object]]:
    known = {one.name: one.url for one in await notices.list_channels(conn)} | {Kind.LOG.value: ""}
    counts = await NOTICES.tally(conn)
    return [
        {
            "name": name,
            "url": known.get(name, ""),
            "set_up": name in known,
            **{state: counts.get(name, {}).get(state, 0) for state in _STATES},
        }
        for name in sorted(known.keys() | counts.keys())
    ]


@channel.command("remove")
def remove(name: str) -> None:
    """Send nothing on a channel any more; what is told on it waits."""
    if not change(lambda conn: notices.remove_channel(conn, name), "channel.remove", name):
        raise refused(f"no channel {name} is set up")
    print(f"nothing is sent on {name} any more")


@notice.command("list")
def list_notices(
    case: Annotated[int | None, typer.Option(min=1, help="Of this case only.")] = None,
    state: Annotated[str | None, typer.Option(help="pending, sent or dead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print what people were told, newest first, and whether it has arrived."""
    if state is not None and state not in _STATES:
        raise refused(f"there is no state {state}; there are {', '.join(_STATES)}")
    rows = look(lambda conn: notices.list_notices(conn, case, state))
    if as_json:
        print(json.dumps({"notices": rows}, default=str, ensure_ascii=False))
        return
    table = Table("id", "case", "step", "channel", "person", "state", "attempts", "last error")
    shown = ("id", "case", "step", "channel", "person", "state", "attempts", "last_error")
    for row in rows:
        table.add_row(*(str(row[name] if row[name] is not None else "") for name in shown))
    screen().print(table)


@notice.command()
def replay(
    notice_ids: Annotated[list[int], typer.Argument(metavar="ID...")], as_json: AsJson = False
) -> None:
    """Send dead notices again, with the keys they had."""
    asked = sorted(set(notice_ids))
    done = change(
        lambda conn: NOTICES.replay(conn, asked), "notice.replay", " ".join(map(str, asked))
    )
    if as_json:
        print(json.dumps({"replayed": done}))
    if left := sorted(set(asked) - set(done)):
        raise refused(f"not dead, or to nobody's address: {', '.join(map(str, left))}")
