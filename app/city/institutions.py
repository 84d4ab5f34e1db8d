"""The part ``departments`` and the people of a city pack."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from app.city.lines import FirstSeen, Line
from app.city.reading import Sheet
from app.policy import Role

Part = list[dict[str, Any]]
DEPARTMENTS: Final = ("code", "name_zh", "name_en", "kind", "phone")
PEOPLE: Final = ("login", "name_zh", "name_en", "roles", "department", "areas")
NOT_FOR_PEOPLE: Final = {Role.ANYONE, Role.CITIZEN, Role.SENSOR}
ROLES: Final = tuple(role.value for role in Role if role not in NOT_FOR_PEOPLE)


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the city; the password is not the pack's business.

    *mail*, *phone* and *language* are how somebody is told; None when the pack does not say.
    """

    login: str
    name_zh: str
    name_en: str
    roles: tuple[str, ...]
    department: str | None
    areas: tuple[str, ...]
    mail: str | None = None
    phone: str | None = None
    language: str | None = None


def departments(sheet: Sheet) -> Part:
    """Every department, each code once."""
    part: Part = []
    seen = FirstSeen()
    for line in sheet.lines:
        code = line.code()
        seen.check(line, "code", code, f"department {code!r}")
        part.append(
            {
                "code": code,
                "name": line.label(),
                "kind": line.text("kind"),
                "phone": line.text("phone", empty=True),
            }
        )
    return part


def people(
    sheet: Sheet, known_departments: Collection[str] | None, known_areas: Collection[str] | None
) -> list[Person]:
    """Every person, each login once, with known roles, department and areas."""
    people: list[Person] = []
    seen = FirstSeen()
    for line in sheet.lines:
        login = line.code("login")
        seen.check(line, "login", login, f"login {login!r}")
        roles = line.known_list("roles", ROLES, "role")
        if not roles:
            line.wrong("roles", "no role is given", f"Choose from {', '.join(ROLES)}")
        name = line.label()
        department = line.known_or_empty("department", known_departments, "department")
        areas = line.known_list("areas", known_areas, "area")
        person = Person(
            login, name["zh"], name["en"], tuple(roles), department or None, tuple(areas)
        )
        people.append(replace(person, **_reached(line)))
    return people


def _reached(line: Line) -> dict[str, str]:
    """How somebody is told, as far as columns of the file say."""
    told = {name: line.values[name] for name in _REACHED if line.values.get(name)}
    for name, value in told.items():
        shape, remedy = _REACHED[name]
        if not shape.fullmatch(line.text(name, longest=_LONGEST_ADDRESS) or value):
            line.wrong(name, f"{value!r} is no {name}", remedy)
    return told


_LONGEST_ADDRESS: Final = 254
_REACHED: Final = {
    "mail": (re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"),
             "Write it like name@city.example"),
    "phone": (re.compile(r"\+?[0-9][0-9 -]{1,18}[0-9]"), "Write digits, like +8613800000000"),
    "language": (re.compile(r"zh|en"), "Write zh or en"),
}  # fmt: skip
