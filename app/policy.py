"""Who may do what: one table, default deny. Every door names its action and asks here.

A role gives a scope per action; the scope and the person's department and areas make the reach,
from which single answers, list filters and the live map's filter all derive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, LiteralString


class Role(StrEnum):
    """What somebody is; a person or key may hold several."""

    ANYONE = "anyone"  # nobody has logged in and no key was shown
    CITIZEN = "citizen"  # reports through a portal's key
    SENSOR = "sensor"  # a device with a key
    REGISTRAR = "registrar"  # registers devices beside those of the city pack
    MONITOR = "monitor"  # reads figures, never content
    INSPECTOR = "inspector"
    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    HANDLER = "handler"
    COMMANDER = "commander"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    SECURITY = "security"
    ADMINISTRATOR = "administrator"


class Scope(StrEnum):
    """How far an action reaches."""

    OWN = "own"  # what the actor sent or holds the receipt of
    DEPARTMENT = "department"
    AREAS = "areas"  # the actor's areas and all that lies within them
    CITY = "city"


_OWN, _DEPARTMENT, _AREAS, _CITY = Scope.OWN, Scope.DEPARTMENT, Scope.AREAS, Scope.CITY
_STAFF: Final = {
    Role.INSPECTOR: _AREAS,
    Role.OPERATOR: _AREAS,
    Role.DISPATCHER: _AREAS,
    Role.HANDLER: _DEPARTMENT,
    Role.COMMANDER: _AREAS,
    Role.SUPERVISOR: _AREAS,
    Role.AUDITOR: _CITY,
}
# Where cells lie is no secret inside a government: whoever works with cases sees the whole grid.
_GRID_READERS: Final = dict.fromkeys((*_STAFF, Role.ADMINISTRATOR), _CITY)
_ALARM_READERS: Final = {role: scope for role, scope in _STAFF.items() if role is not Role.HANDLER}
_REPORTERS: Final = {
    Role.CITIZEN: _OWN,
    Role.SENSOR: _OWN,
    Role.INSPECTOR: _OWN,
    Role.OPERATOR: _OWN,
}

# The administrator and the security officer configure; they read no case content.
POLICY: Final[Mapping[str, Mapping[Role, Scope]]] = {
    "page.read": {Role.ANYONE: _CITY},
    "probe.read": {Role.ANYONE: _CITY},
    "session.open": {Role.ANYONE: _CITY},
    "session.read": {Role.ANYONE: _OWN},
    "session.close": {Role.ANYONE: _OWN},
    "catalogue.read": {Role.ANYONE: _CITY},
    "report.submit": _REPORTERS,
    "report.add_photo": _REPORTERS,
    "report.read_own": {Role.ANYONE: _OWN},
    "report.rate": {Role.ANYONE: _OWN},
    "report.list_own": _REPORTERS,
    # Before a report is sent: what is open near it, without a word that anybody wrote.
    "duplicate.suggest": {
        Role.CITIZEN: _CITY,
        Role.INSPECTOR: _CITY,
        Role.OPERATOR: _CITY,
    },
    "observation.submit": {Role.SENSOR: _OWN},
    "case.read": _STAFF,
    "case.add_photo": {
        Role.INSPECTOR: _AREAS,
        Role.OPERATOR: _AREAS,
        Role.HANDLER: _DEPARTMENT,
    },
    "case.move.accept": {Role.OPERATOR: _AREAS},
    "case.move.reject": {Role.OPERATOR: _AREAS},
    "case.move.ask_check": {Role.OPERATOR: _AREAS},
    "case.move.confirm": {Role.INSPECTOR: _AREAS},
    "case.move.refute": {Role.INSPECTOR: _AREAS},
    "case.move.file": {Role.OPERATOR: _AREAS},
    "case.move.void": {Role.OPERATOR: _AREAS},
    "case.move.correct": {Role.OPERATOR: _AREAS, Role.DISPATCHER: _AREAS},
    "case.move.return": {Role.DISPATCHER: _AREAS},
    "case.move.assign": {Role.DISPATCHER: _AREAS, Role.COMMANDER: _AREAS},
    "case.move.send_back": {Role.HANDLER: _DEPARTMENT},
    "case.move.take": {Role.HANDLER: _DEPARTMENT},
    "case.move.progress": {Role.HANDLER: _DEPARTMENT},
    "case.move.transfer": {Role.HANDLER: _DEPARTMENT},
    "case.move.involve": {Role.DISPATCHER: _AREAS, Role.COMMANDER: _AREAS},
    "case.move.finish_part": {Role.HANDLER: _DEPARTMENT},
    "case.move.release_part": {Role.DISPATCHER: _AREAS, Role.COMMANDER: _AREAS},
    "case.move.ask_extension": {Role.HANDLER: _DEPARTMENT},
    "case.move.extend": {Role.DISPATCHER: _AREAS, Role.SUPERVISOR: _AREAS},
    "case.move.refuse_extension": {Role.DISPATCHER: _AREAS, Role.SUPERVISOR: _AREAS},
    "case.move.suspend": {Role.DISPATCHER: _AREAS, Role.SUPERVISOR: _AREAS},
    "case.move.resume": {Role.DISPATCHER: _AREAS, Role.SUPERVISOR: _AREAS},
    "case.move.handle": {Role.HANDLER: _DEPARTMENT},
    "case.move.self_handle": {Role.INSPECTOR: _AREAS},
    "case.move.rework": {Role.INSPECTOR: _AREAS, Role.DISPATCHER: _AREAS},
    "case.move.verify": {Role.INSPECTOR: _AREAS, Role.OPERATOR: _AREAS},
    "case.move.close": {Role.OPERATOR: _AREAS, Role.DISPATCHER: _AREAS},
    "case.move.supervise": {Role.SUPERVISOR: _AREAS, Role.COMMANDER: _AREAS},
    "case.move.appeal": {Role.HANDLER: _DEPARTMENT},
    "case.move.excuse": {Role.SUPERVISOR: _AREAS},
    "case.move.refuse_appeal": {Role.SUPERVISOR: _AREAS},
    "case.move.reopen": {Role.SUPERVISOR: _AREAS, Role.OPERATOR: _AREAS},
    # How severe a case is decides who waits: not for those who assign, nor for those who work.
    "case.move.grade": {
        Role.OPERATOR: _AREAS,
        Role.SUPERVISOR: _AREAS,
        Role.COMMANDER: _AREAS,
    },
    "case.move.merge": {Role.OPERATOR: _AREAS},
    "case.move.unmerge": {Role.OPERATOR: _AREAS},
    # Whoever was told may say that they see to it; that they were told is asked of the escalation.
    "escalation.read": _STAFF,
    "escalation.acknowledge": {one: reach for one, reach in _STAFF.items() if reach != _CITY},
    "evaluation.read": {
        Role.COMMANDER: _AREAS,
        Role.SUPERVISOR: _AREAS,
        Role.AUDITOR: _CITY,
    },
    # An alarm has no department before somebody has made a case of it.
    "alarm.read": _ALARM_READERS,
    "alarm.acknowledge": {
        Role.OPERATOR: _AREAS,
        Role.DISPATCHER: _AREAS,
        Role.COMMANDER: _AREAS,
        Role.SUPERVISOR: _AREAS,
    },
    "sensor.read": _ALARM_READERS | {Role.ADMINISTRATOR: _CITY},
    # At `/sta`, where devices have keys as well: a key sees its own. Who registers devices decides
    # what raises alarms, and works with no case.
    "observation.read": {
        **_ALARM_READERS,
        Role.ADMINISTRATOR: _CITY,
        Role.REGISTRAR: _CITY,
        Role.SENSOR: _OWN,
    },
    "sensor.write": {Role.ADMINISTRATOR: _CITY, Role.REGISTRAR: _CITY},
    "situation.read": _STAFF,
    "situation.acknowledge": {Role.DISPATCHER: _AREAS, Role.COMMANDER: _AREAS},
    "situation.dismiss": {Role.DISPATCHER: _AREAS, Role.COMMANDER: _AREAS},
    "situation.reopen": {Role.DISPATCHER: _AREAS, Role.COMMANDER: _AREAS},
    "situation.attach": {
        Role.OPERATOR: _AREAS,
        Role.DISPATCHER: _AREAS,
        Role.COMMANDER: _AREAS,
    },
    "situation.detach": {
        Role.OPERATOR: _AREAS,
        Role.DISPATCHER: _AREAS,
        Role.COMMANDER: _AREAS,
    },
    "warning.read": _STAFF,
    "warning.set": {Role.COMMANDER: _AREAS},
    "map.read": _STAFF,
    "grid.read": _GRID_READERS,
    "grid.read_open": {Role.ANYONE: _CITY},  # asked instead of it where CITY_GRID_OPEN is set
    # Where valves and cables lie, and whose they are, is for nobody outside, whatever is set.
    "component.read": _GRID_READERS,
    "profile.read": _GRID_READERS,
    # What could not be decided has no area yet. Administrators mend packs: they see reasons only.
    "dead.list": {Role.OPERATOR: _CITY, Role.ADMINISTRATOR: _CITY, Role.AUDITOR: _CITY},
    "dead.read": {Role.OPERATOR: _CITY, Role.AUDITOR: _CITY},
    "dead.replay": {Role.OPERATOR: _CITY, Role.ADMINISTRATOR: _CITY},
    "dead.edit": {Role.OPERATOR: _CITY},
    # Past cases decided again, without a word of what was reported.
    "whatif.run": {Role.SUPERVISOR: _AREAS, Role.ADMINISTRATOR: _CITY},
    "metrics.read": {Role.MONITOR: _CITY, Role.ADMINISTRATOR: _CITY, Role.AUDITOR: _CITY},
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. *name* goes into histories: a login, a key's source ('open311:portal'), 'anyone'.

    *department* and *areas* limit the scopes of the same name; empty *areas* reach nowhere.
    *by_cookie* is True when the browser proved it without being asked: forgery is then possible.
    """

    name: str
    roles: frozenset[Role]
    department: str | None = None
    areas: frozenset[str] = frozenset()
    by_cookie: bool = False

    @property
    def is_known(self) -> bool:
        """Whether a person logged in or a key was shown."""
        return self.roles != _ANYONE


_ANYONE: Final = frozenset({Role.ANYONE})
VISITOR: Final = Actor("anyone", _ANYONE)


@dataclass(frozen=True, slots=True)
class Resource:
    """What is asked about: its owner (an actor's name), department, and areas up to the city.

    *helpers* are departments that stand beside the one: of a case those that help with it, where
    the action is open to them as well.
    """

    owner: str | None = None
    department: str | None = None
    areas: frozenset[str] = field(default_factory=frozenset[str])
    helpers: frozenset[str] = field(default_factory=frozenset[str])


@dataclass(frozen=True, slots=True)
class Reach:
    """All that an actor may touch by one action; empty reaches nothing."""

    city: bool = False
    owner: str | None = None
    department: str | None = None
    areas: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.city or bool(self.owner or self.department or self.areas)

    def covers(self, resource: Resource) -> bool:
        """Whether *resource* lies within."""
        return (
            self.city
            or (self.owner is not None and self.owner == resource.owner)
            or (self.department is not None and self.department == resource.department)
            or self.department in resource.helpers
            or not self.areas.isdisjoint(resource.areas)
        )

    def sql(self) -> tuple[LiteralString, dict[str, object]]:
        """The same as a condition on the table `cases`, with its parameters.

        Cases have no owner: a reach of one's own reports gives no case.
        """
        if self.city:
            return "true", {}
        return (
            "(cases.department = %(reach_department)s"
            " OR cases.helpers @> ARRAY[%(reach_department)s::text]"
            " OR cases.areas && %(reach_areas)s::text[])",
            {"reach_department": self.department, "reach_areas": sorted(self.areas)},
        )


class Refused(Exception):
    """The actor may not do this; *hidden* is True when even the existence stays untold."""

    def __init__(self, actor: Actor, action: str, *, hidden: bool = False) -> None:
        super().__init__(f"{actor.name} may not {action}")
        self.actor, self.action, self.hidden = actor, action, hidden


def reach(actor: Actor, action: str) -> Reach:
    """How far *actor* reaches by *action*; an unknown action reaches nothing."""
    granted = POLICY.get(action, {})
    scopes = {granted[role] for role in actor.roles | _ANYONE if role in granted}
    return Reach(
        city=_CITY in scopes,
        owner=actor.name if _OWN in scopes else None,
        department=actor.department if _DEPARTMENT in scopes else None,
        areas=actor.areas if _AREAS in scopes else frozenset(),
    )


def authorize(actor: Actor, action: str, resource: Resource | None = None) -> None:
    """Return when *actor* may do *action*, on *resource* when one is named; raise Refused if not.

    Without a resource it is enough that a role grants the action at all: a list is then filtered
    by the reach.
    """
    allowed_to = reach(actor, action)
    if not allowed_to:
        raise Refused(actor, action)
    if resource is not None and not allowed_to.covers(resource):
        raise Refused(actor, action, hidden=True)
