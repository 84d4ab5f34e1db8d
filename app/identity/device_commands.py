"""`citygrid device key …`: keys by which devices sign. A key is printed once, and stored sealed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.table import Table

from app.identity import device_keys as store
from app.identity.sealing import Seal, UnusableKeyFile
from app.screen import screen
from app.terminal import AsJson, change, look, refused, settings

Source = Annotated[str, typer.Argument(help="As in sensors.csv: device:0042, gateway:water.")]

commands: Final = typer.Typer(no_args_is_help=True, help="Devices that sign what they send.")
key: Final = typer.Typer(no_args_is_help=True, help="Keys by which they sign.")
commands.add_typer(key, name="key")


@key.command("add")
def add(
    source: Source,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key and print its id and the key, once; a source has at most two."""
    if ":" not in source:
        raise refused("a source is written kind:name, as in sensors.csv")
    seal, now = _seal(), datetime.now(UTC)
    try:
        new = change(
            lambda conn: store.add_key(conn, source, label, seal, now), "device_key.add", source
        )
    except store.TooManyKeys as err:
        remedy = f"`citygrid device key rotate {source}` ends the older, `revoke` any"
        raise refused(f"{err}: {remedy}") from err
    _show(new, [], as_json)


@key.command("rotate")
def rotate(source: Source, as_json: AsJson = False) -> None:
    """Make another key; of the old ones the newest goes on until it is revoked."""
    seal, now = _seal(), datetime.now(UTC)
    done = change(
        lambda conn: store.rotate_key(conn, source, seal, now), "device_key.rotate", source
    )
    if done is None:
        raise refused(f"{source} has no living key: `citygrid device key add {source}`")
    _show(*done, as_json)


@key.command("revoke")
def revoke(
    source: Source,
    key_id: Annotated[str | None, typer.Argument(help="One of its keys; all without it.")] = None,
) -> None:
    """End a key of a source, or all of them, within a quarter of a minute everywhere."""
    now = datetime.now(UTC)
    ended = change(
        lambda conn: store.revoke(conn, source, key_id, now), "device_key.revoke", source
    )
    if not ended:
        raise refused(f"{source} has no such living key")
    print(f"{source}: {', '.join(ended)} revoked")


@key.command("list")
def list_all(
    source: Annotated[str | None, typer.Argument(help="Of one source only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print all keys, without what they sign with."""
    rows = [_told(one) for one in look(lambda conn: store.list_keys(conn, source))]
    if as_json:
        print(json.dumps({"keys": rows}, default=str))
        return
    table = Table("id", "source", "label", "created", "revoked", "key file")
    for row in rows:
        table.add_row(*(str(value or "") for value in row.values()))
    screen().print(table)


def _seal() -> Seal:
    file = settings().device_key_file
    if file is None:
        raise refused("set CITY_DEVICE_KEY_FILE first, see docs/settings.md")
    try:
        return Seal.of(file)
    except UnusableKeyFile as err:
        raise refused(str(err)) from err


def _show(new: store.NewKey, ended: list[str], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"id": new.id, "key": new.secret.hex(), "ended": ended}))
        return
    print(f"id  {new.id}\nkey {new.secret.hex()}")
    if ended:
        print(f"ended: {', '.join(ended)}")


def _told(one: store.DeviceKey) -> dict[str, object]:
    return {
        "id": one.id,
        "source": one.source,
        "label": one.label,
        "created_at": one.created_at,
        "revoked_at": one.revoked_at,
        "key_file": one.sealed_by,
    }
