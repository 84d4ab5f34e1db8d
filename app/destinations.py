"""`citygrid destination …` and `citygrid delivery …`: who is told, and what did not reach them."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from typing import Annotated, Final

import typer
from psycopg.errors import LockNotAvailable
from rich.table import Table

from app.outward import Outward
from app.screen import screen
from app.terminal import AsJson, carry_out, change, look, refused, settings
from dispatch.delivery import Destination, check_destination
from dispatch.errors import DestinationExists, UnusableDestination
from dispatch.outward import networks
from dispatch.postgres import deliveries
from dispatch.postgres import destinations as store
from dispatch.postgres.deliveries import DELIVERIES

destination: Final = typer.Typer(no_args_is_help=True, help="Who is told of what happens.")
delivery: Final = typer.Typer(no_args_is_help=True, help="Events a destination did not get.")


def outward() -> Outward:
    """The way out as the settings have it."""
    return Outward(networks(settings().notify_inside or ""))


_BUSY: Final = "somebody has been writing events for seconds and has not ended: try again"


@destination.command("add")
def add(
    name: str,
    url: Annotated[str, typer.Argument(help="Where events are posted to.")],
    kind: Annotated[
        list[str] | None, typer.Option(help="Kind of event, may be given again; otherwise all.")
    ] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Do not sign.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell a receiver of everything from now on; prints the secret of its signatures, once."""
    kinds = kind or []
    secret = None if unsigned else secrets.token_urlsafe(32)
    try:
        check_destination(name, url, kinds)
        if inside := outward().refuses(url):
            raise UnusableDestination("url", inside)
        carry_out(
            lambda conn: store.add_destination(conn, name, url, secret, kinds),
            "destination.add",
            name,
        )
    except (UnusableDestination, DestinationExists) as err:
        raise refused(str(err)) from err
    except LockNotAvailable as err:
        raise refused(_BUSY) from err
    if as_json:
        print(json.dumps({"name": name, "secret": secret}))
    else:
        print(secret or f"{name} was added, unsigned")


@destination.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Print every destination, also those that have ended, and the state of its deliveries."""
    found = look(store.list_destinations)
    tally = look(DELIVERIES.tally)
    rows = [_told(one, tally.get(one.name, {})) for one in found]
    if as_json:
        print(json.dumps({"destinations": rows}, default=str))
        return
    table = Table("name", "url", "kinds", "signed", "added", "ended", "sent", "pending", "dead")
    for row in rows:
        table.add_row(*(" ".join(v) if isinstance(v, list) else str(v) for v in row.values()))
    screen().print(table)


@destination.command("end")
def end(name: str) -> None:
    """Tell a receiver nothing more; what it has not got yet becomes dead."""
    try:
        ended = change(lambda conn: store.end_destination(conn, name), "destination.end", name)
    except LockNotAvailable as err:
        raise refused(_BUSY) from err
    if not ended:
        raise refused(f"there is no destination {name} in force")
    print(f"{name} is told nothing more")


@delivery.command("list")
def list_dead(as_json: AsJson = False) -> None:
    """Print every delivery that was given up, and what the receiver answered at last."""
    dead = look(deliveries.list_dead)
    if as_json:
        print(json.dumps({"dead": [asdict(one) for one in dead]}, ensure_ascii=False))
        return
    for one in dead:
        print(f"{one.id}\t{one.destination}\t{one.dedup}\t{one.attempts}\t{one.last_error}")


@delivery.command()
def replay(
    delivery_ids: Annotated[list[int], typer.Argument(metavar="ID...")], as_json: AsJson = False
) -> None:
    """Send dead deliveries again, with the keys they had."""
    asked = sorted(set(delivery_ids))
    done = change(
        lambda conn: DELIVERIES.replay(conn, asked),
        "delivery.replay",
        " ".join(str(one) for one in asked),
    )
    if as_json:
        print(json.dumps({"replayed": done}))
    if left := sorted(set(asked) - set(done)):
        raise refused(f"not dead, or its destination has ended: {', '.join(map(str, left))}")


def _told(one: Destination, states: dict[str, int]) -> dict[str, object]:
    return {
        "name": one.name,
        "url": one.url,
        "kinds": list(one.kinds),
        "signed": one.secret is not None,
        "added_at": one.added_at,
        "ended_at": one.ended_at or "",
        **{state: states.get(state, 0) for state in ("sent", "pending", "dead")},
    }
