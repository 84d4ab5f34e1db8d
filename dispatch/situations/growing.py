"""Growing: from the situations that are known, new facts and the time to what happens to them.

One growing cluster stays one situation. What is seen joins the situation that it shares something
with or lies near to; situations that what is seen belongs to both of have met, and the oldest goes
on. Nothing ends because an alarm was cleared or a case was closed: only quiet ends, or a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from dispatch.situations import changes as c
from dispatch.situations.facts import Fact, in_order
from dispatch.situations.nearness import Reach, near_to
from dispatch.situations.patterns import BurstRule, Family, Patterns, named
from dispatch.situations.sighting import Sighting, sightings
from dispatch.situations.situation import Situation, State, evolve

ACTOR: Final = "lookout"
USUAL_QUIET: Final = timedelta(hours=6)
"""After so long a situation ends whose rules the pack has dropped."""
STEADY_AFTER: Final = 0.25
"""The share of the quiet that ends it, after which a situation is stable."""
_CLEARER: Final = 0.5
"""A scan that finds a situation again is told when chance has become this much smaller."""


@dataclass(slots=True)
class Step:
    """What happened to one situation: how it ends up, and the changes in order.

    *id* is None for one that begins here.
    """

    situation: Situation
    changes: list[c.Change] = field(default_factory=list[c.Change])

    @classmethod
    def begun(cls, change: c.SituationFlagged) -> Step:
        """A situation that is flagged now."""
        return cls(evolve(None, change), [change])

    def take(self, change: c.Change) -> None:
        """Let one more thing happen."""
        self.situation = evolve(self.situation, change)
        self.changes.append(change)


def grow(
    known: Sequence[Situation],
    facts: Sequence[Fact],
    patterns: Patterns,
    now: datetime,
    scanned: Sequence[Sighting] = (),
) -> list[Step]:
    """What happens now to the *known* situations and beside them; only steps with changes.

    *known* are those that go on, and those that ended or were dismissed so lately that their facts
    are among *facts*: everything of the last `Patterns.horizon`. *scanned* is what scans found.
    """
    steps: list[Step] = []
    for family in patterns.families:
        mine = [one for one in known if one.family == family.name]
        of_family = [fact for fact in facts if family.holds(fact)]
        found = [one for one in scanned if one.family == family.name]
        steps += _Family(family, patterns, mine, now).steps(of_family, found)
    gone = {one.name for one in patterns.families}
    orphans = [Step(one) for one in known if one.family not in gone]
    for step in orphans:
        _rest(step, patterns, now)
    return [step for step in (*steps, *orphans) if step.changes]


def quiet_of(situation: Situation, patterns: Patterns) -> timedelta:
    """How long nothing may come to a situation before it ends: the longest of its rules."""
    rules = [named((*patterns.rules, *patterns.scans), name) for name in situation.rules]
    return max((rule.quiet for rule in rules if rule is not None), default=USUAL_QUIET)


def reach_of(situation: Situation, patterns: Patterns) -> Reach | None:
    """How near something must be to be more of it; None where only scans take it for one."""
    rules = [named(patterns.rules, name) for name in situation.rules]
    bursts = [rule for rule in rules if isinstance(rule, BurstRule)]
    if not bursts:
        return None
    return Reach(max(one.radius_m for one in bursts), max(one.within for one in bursts))


class _Family:
    """One look at the situations of one family."""

    def __init__(
        self, family: Family, patterns: Patterns, known: Sequence[Situation], now: datetime
    ) -> None:
        self._patterns, self._now = patterns, now
        self._rules = patterns.rules_of(family.name)
        self._known = [Step(one) for one in known]
        dismissed = [one for one in known if one.state is State.DISMISSED]
        self._settled = {key for one in dismissed for key in one.members}
        self._closed_zones = [
            set(one.zone)
            for one in dismissed
            if one.zone and one.over_at and now < one.over_at + quiet_of(one, patterns)
        ]

    def steps(self, facts: Sequence[Fact], scanned: Sequence[Sighting]) -> list[Step]:
        """What happens, given all facts of the family and what scans found of it."""
        facts = in_order(fact for fact in facts if fact.key not in self._settled)
        seen = [*self._seen(facts), *self._unsettled(scanned)]
        for group in _linked(self._alive(), seen, self._are_linked):
            self._take_in(*group)
        for step in self._known:
            self._take_loose(step, facts)
        for step in self._known:
            _rest(step, self._patterns, self._now)
        return self._known

    def _seen(self, facts: Sequence[Fact]) -> list[Sighting]:
        """What the rules see. That all rules of a family are asked makes their order no matter."""
        return sightings(facts, Patterns(rules=tuple(self._rules)))

    def _unsettled(self, scanned: Sequence[Sighting]) -> list[Sighting]:
        """What scans found, where no person has just said that it is nothing."""
        return [
            one
            for one in scanned
            if not any(not zone.isdisjoint(one.zone) for zone in self._closed_zones)
        ]

    def _alive(self) -> list[Step]:
        """What goes on or may go on again, oldest first."""
        alive = {State.OPEN, State.GROWING, State.STABLE, State.ENDED}
        return sorted((s for s in self._known if s.situation.state in alive), key=_age)

    def _are_linked(self, step: Step, sighting: Sighting) -> bool:
        one = step.situation
        keys = {fact.key for fact in sighting.facts}
        if not keys.isdisjoint(one.members):
            return True
        if not one.goes_on:
            return False
        if one.zone and not set(one.zone).isdisjoint(sighting.zone):
            return True
        reach = reach_of(one, self._patterns)
        fresh = [fact for fact in sighting.facts if fact.key not in one.detached]
        return bool(reach and fresh and near_to(fresh, one.facts, reach).any())

    def _take_in(self, steps: Sequence[Step], seen: Sequence[Sighting]) -> None:
        """What was seen goes to the one situation that it belongs to; those that met become one."""
        if not seen:
            return
        going = [step for step in steps if step.situation.goes_on]
        fresh = self._fresh(seen)
        if going:
            self._add(going[0], fresh, seen)
            for other in going[1:]:
                self._merge(going[0], other)
        elif fresh and steps:
            last = max(steps, key=lambda step: (step.situation.over_at or self._now, _age(step)))
            self._again(last, fresh, seen)
        elif fresh:
            self._known.append(_flagged(seen, fresh, self._now))

    def _fresh(self, seen: Iterable[Sighting]) -> list[Fact]:
        """The facts of what was seen that belong to no situation yet."""
        taken = {key for step in self._known for key in step.situation.members}
        found = {fact.key: fact for one in seen for fact in one.facts}
        return [fact for fact in in_order(found.values()) if fact.key not in taken | self._settled]

    def _add(self, step: Step, facts: Sequence[Fact], seen: Sequence[Sighting]) -> None:
        facts = tuple(fact for fact in facts if fact.key not in step.situation.detached)
        zone = _more_of_zone(step.situation, seen)
        if facts or zone:
            step.take(c.SituationGrown(at=self._now, actor=ACTOR, facts=facts, zone=zone))
        _support(step, seen, self._now)

    def _again(self, step: Step, facts: Sequence[Fact], seen: Sequence[Sighting]) -> None:
        facts = tuple(fact for fact in facts if fact.key not in step.situation.detached)
        if facts:
            step.take(c.SituationReopened(at=self._now, actor=ACTOR, facts=facts))
            _support(step, seen, self._now)

    def _merge(self, into: Step, other: Step) -> None:
        """Both are stored already: of what begins here everything that is linked is one."""
        one, two = into.situation, other.situation
        if one.id is None or two.id is None:
            raise ValueError("only situations that are stored can meet")
        facts = tuple(fact for fact in two.facts if fact.key not in one.members)
        into.take(
            c.SituationAbsorbed(at=self._now, actor=ACTOR, other=two.id, facts=facts, zone=two.zone)
        )
        for rule in two.rules:
            if rule not in into.situation.rules:
                into.take(
                    c.SituationSupported(
                        at=self._now, actor=ACTOR, way=two.way, rule=rule, why=two.why[rule],
                        plan=two.plan,
                    )
                )  # fmt: skip
        other.take(c.SituationMerged(at=self._now, actor=ACTOR, other=one.id))

    def _take_loose(self, step: Step, facts: Sequence[Fact]) -> None:
        """Single facts near a situation that goes on are more of it; and so are those near them."""
        reach = reach_of(step.situation, self._patterns)
        if reach is None or not step.situation.goes_on:
            return
        taken = {key for one in self._known for key in one.situation.members}
        left = [f for f in facts if f.key not in taken | step.situation.detached]
        joined: list[Fact] = []
        front = step.situation.facts
        while front and left:
            near = near_to(left, front, reach).tolist()
            front = [fact for fact, is_near in zip(left, near, strict=True) if is_near]
            left = [fact for fact, is_near in zip(left, near, strict=True) if not is_near]
            joined += front
        if joined:
            more = tuple(in_order(joined))
            step.take(c.SituationGrown(at=self._now, actor=ACTOR, facts=more))


def _flagged(seen: Sequence[Sighting], facts: Sequence[Fact], now: datetime) -> Step:
    first = seen[0]
    step = Step.begun(
        c.SituationFlagged(
            at=now,
            actor=ACTOR,
            family=first.family,
            way=first.way,
            rule=first.rule,
            why=first.why,
            facts=tuple(facts),
            plan=first.plan,
            zone=first.zone,
        )
    )
    zone = _more_of_zone(step.situation, seen)
    if zone:
        step.take(c.SituationGrown(at=now, actor=ACTOR, facts=(), zone=zone))
    _support(step, seen, now)
    return step


def _support(step: Step, seen: Sequence[Sighting], now: datetime) -> None:
    """Write down rules that take it for a situation too, and scans that have become clearer."""
    for one in seen:
        known = step.situation.why.get(one.rule)
        if known is None or _is_clearer(one, known.get("p")):
            step.take(
                c.SituationSupported(
                    at=now, actor=ACTOR, way=one.way, rule=one.rule, why=one.why, plan=one.plan,
                    zone=one.zone,
                )
            )  # fmt: skip


def _is_clearer(one: Sighting, known_p: object) -> bool:
    return isinstance(known_p, float | int) and one.why.get("p", 1.0) < _CLEARER * known_p


def _more_of_zone(situation: Situation, seen: Sequence[Sighting]) -> tuple[str, ...]:
    found = (area for one in seen for area in one.zone if area not in situation.zone)
    return tuple(dict.fromkeys(found))


def _rest(step: Step, patterns: Patterns, now: datetime) -> None:
    """Let a situation to which nothing comes become stable, and end."""
    one = step.situation
    if not one.goes_on:
        return
    quiet, still = quiet_of(one, patterns), now - one.moved_at
    if still >= quiet:
        step.take(c.SituationEnded(at=now, actor=ACTOR))
    elif still >= quiet * STEADY_AFTER and one.state is not State.STABLE:
        step.take(c.SituationSteadied(at=now, actor=ACTOR))


def _age(step: Step) -> tuple[datetime, int]:
    one = step.situation
    return one.flagged_at, one.id or 0


def _linked(
    steps: Sequence[Step], seen: Sequence[Sighting], are_linked: Callable[[Step, Sighting], bool]
) -> list[tuple[list[Step], list[Sighting]]]:
    """Situations and sightings in groups that belong together, each in the order they came in."""
    groups: list[tuple[list[int], list[int]]] = []
    for number, sighting in enumerate(seen):
        mine = [n for n, step in enumerate(steps) if are_linked(step, sighting)]
        same = [group for group in groups if _shares(group, mine, sighting, seen)]
        groups = [group for group in groups if group not in same]
        of_steps = {n for group in same for n in group[0]} | set(mine)
        of_seen = {n for group in same for n in group[1]} | {number}
        groups.append((sorted(of_steps), sorted(of_seen)))
    groups.sort(key=lambda group: group[1])
    return [([steps[n] for n in mine], [seen[n] for n in theirs]) for mine, theirs in groups]


def _shares(
    group: tuple[list[int], list[int]],
    steps: Sequence[int],
    sighting: Sighting,
    seen: Sequence[Sighting],
) -> bool:
    if not set(steps).isdisjoint(group[0]):
        return True
    keys, zone = {fact.key for fact in sighting.facts}, set(sighting.zone)
    others = [seen[number] for number in group[1]]
    return any(
        not keys.isdisjoint(fact.key for fact in one.facts) or not zone.isdisjoint(one.zone)
        for one in others
    )
