"""`citygrid user …` and `citygrid key …`: who gets in. Secrets are typed in or printed, once."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import psycopg
import typer
from rich.table import Table

from app.identity import postgres as store
from app.identity.passwords import LONGEST, SHORTEST, hash_password
from app.policy import Role
from app.screen import screen
from app.terminal import AsJson, change, refused

Roles = Annotated[list[Role], typer.Option("--role", help="May be given several times.")]

user: Final = typer.Typer(no_args_is_help=True, help="People with an account.")
key: Final = typer.Typer(no_args_is_help=True, help="Keys of portals, devices and programs.")


@user.command("add")
def add_user(
    login: str,
    roles: Roles,
    name_zh: Annotated[str, typer.Option(help="Name in Chinese.")],
    name_en: Annotated[str, typer.Option(help="Name in English.")],
    department: Annotated[str | None, typer.Option(help="Code, for handlers.")] = None,
    area: Annotated[list[str] | None, typer.Option(help="Code; may be given again.")] = None,
) -> None:
    """Add a person. Set a password, or print a one-time link with `user invite`."""
    if ":" in login or Role.ANYONE in roles:
        raise refused("a login has no ':', and nobody is given the role 'anyone'")
    person = store.Person(
        login, name_zh, name_en, [role.value for role in roles], department, area or [], None, True
    )
    try:
        change(lambda conn: store.add_person(conn, person), "user.add", login)
    except psycopg.errors.UniqueViolation as err:
        raise refused(f"there is a person {login} already") from err
    print(f"{login} was added")


@user.command("password")
def set_password(
    login: str,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read it from standard input.")] = False,
) -> None:
    """Set a person's password and end their sessions. It is asked for, never an argument."""
    if stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if not SHORTEST <= len(password) <= LONGEST:
        raise refused(f"a password has {SHORTEST} to {LONGEST} characters")
    hashed, now = hash_password(password), datetime.now(UTC)
    if not change(lambda c: store.set_password(c, login, hashed, now), "user.password", login):
        raise refused(f"there is no person {login}")
    print(f"the password of {login} was set, their sessions are ended")


@user.command("invite")
def invite(login: str) -> None:
    """Print the path of a link that logs the person in once, within a quarter of an hour."""
    now = datetime.now(UTC)
    try:
        token = change(lambda c: store.issue_one_time_login(c, login, now), "user.invite", login)
    except psycopg.errors.ForeignKeyViolation as err:
        raise refused(f"there is no person {login}") from err
    print(f"/login/{token}")


@user.command("list")
def list_users(as_json: AsJson = False) -> None:
    """Print everybody with an account."""
    people = change(store.list_people)
    if as_json:
        print(json.dumps({"people": [_told(person) for person in people]}, ensure_ascii=False))
        return
    table = Table("login", "姓名", "name", "roles", "department", "areas", "password", "active")
    for person in people:
        told = _told(person)
        table.add_row(*(", ".join(v) if isinstance(v, list) else str(v) for v in told.values()))
    screen().print(table)


@key.command("add")
def add_key(
    source: Annotated[str, typer.Argument(help="Like open311:portal or device:0042.")],
    roles: Roles,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
) -> None:
    """Make a key and print it, once."""
    if ":" not in source or Role.ANYONE in roles:
        raise refused("a source is written kind:name, and no key has the role 'anyone'")
    names = [role.value for role in roles]
    try:
        print(change(lambda conn: store.add_key(conn, source, names, label), "key.add", source))
    except psycopg.errors.UniqueViolation as err:
        raise refused(f"{source} has a key: `citygrid key renew {source}`") from err


@key.command("renew")
def renew_key(source: str) -> None:
    """Replace the key of a source and print the new one; the old one ends."""
    renewed = change(lambda conn: store.replace_key(conn, source), "key.renew", source)
    if renewed is None:
        raise refused(f"{source} never had a key")
    print(renewed)


@key.command("revoke")
def revoke_key(source: str) -> None:
    """End the key of a source, within a quarter of a minute everywhere."""
    now = datetime.now(UTC)
    if not change(lambda conn: store.revoke_key(conn, source, now), "key.revoke", source):
        raise refused(f"{source} has no valid key")
    print(f"the key of {source} was revoked")


def _told(person: store.Person) -> dict[str, Any]:
    return {
        "login": person.login,
        "name_zh": person.name_zh,
        "name_en": person.name_en,
        "roles": list(person.roles),
        "department": person.department or "",
        "areas": list(person.areas),
        "has_password": person.password_hash is not None,
        "active": person.active,
    }
