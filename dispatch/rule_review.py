"""What ordered rules do to each other: which can never decide, and which would decide otherwise.

A case is looked for that shows it. Cases are made up fact by fact, and CEL is asked after each: its
answer often does not hang on what is still open, so that most cases need not be made. What people
write (attributes, description) has no end; there a case that is found proves something, and none
found proves nothing, which is told as *open*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice, product
from typing import Final

from dispatch.case_facts import facts_of
from dispatch.condition_text import tokens_of
from dispatch.conditions import Known
from dispatch.errors import UndecidedCondition
from dispatch.report import Channel
from dispatch.routing_rule import Rule
from grid.catalogue import Category
from grid.cell import Place

Facts = Mapping[str, object]

MOST_QUESTIONS: Final = 200_000
"""What one review may ask of CEL: some ten seconds. What is not settled by then stays open."""

MOST_TOLD: Final = 500
MOST_TRIES: Final = 8
"""How often one search makes up what people write, and for how many cases."""

_BEFORE_ALL: Final = datetime(1, 1, 1, tzinfo=UTC)


class _Exhausted(Exception):
    """The review has asked as much as it may."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A rule that never decides: *before* are those that take all its cases; none: it has none."""

    rule: Rule
    before: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two rules that hold in one case and name two departments; the first of them decides."""

    first: Rule
    second: Rule
    case: Facts


@dataclass(slots=True)
class Review:
    """What was found. *open* are rules of which it could not be told whether they ever decide.

    It is not *complete* when there was more to ask than it may: then there may be more overlaps.
    """

    unreachable: list[Unreachable] = field(default_factory=list[Unreachable])
    overlaps: list[Overlap] = field(default_factory=list[Overlap])
    open: list[Rule] = field(default_factory=list[Rule])
    complete: bool = True


def review(
    rules: Sequence[Rule],
    categories: Sequence[Category],
    places: Sequence[Place],
    *,
    questions: int = MOST_QUESTIONS,
) -> Review:
    """Look at every rule and every pair of rules of a city with these categories and places."""
    search = _Search(_choices(categories, places), questions)
    found = Review()
    for number, rule in enumerate(rules):
        before = rules[:number]
        verdict = _can_decide(search, rule, before)
        if verdict is None:
            found.open.append(rule)
        elif not verdict:
            found.unreachable.append(Unreachable(rule, _who_takes_all(search, rule, before)))
    for number, first in enumerate(rules):
        for second in rules[number + 1 :]:
            if first.department != second.department and search.may_meet(first, second):
                case = _both_hold(search, first, second, rules[:number])
                found.overlaps += [Overlap(first, second, case)] if case is not None else []
    found.complete = search.may_ask
    return found


def _can_decide(search: _Search, rule: Rule, before: Sequence[Rule]) -> bool | None:
    """Whether there is a case that the rule decides; None when that could not be told."""
    verdicts = {
        False if any(_is_alike(rule, one) for one in earlier) else search.exists([rule], earlier)
        for earlier in _times(before, rule)
    }
    return True if True in verdicts else None if None in verdicts else False


def _who_takes_all(search: _Search, rule: Rule, before: Sequence[Rule]) -> tuple[Rule, ...]:
    """The one rule before it that alone is enough, or all; none when it holds in no case."""
    if search.exists([rule], ()) is False:
        return ()
    alone = (one for one in before if _can_decide(search, rule, [one]) is False)
    one = next(alone, None)
    return tuple(before) if one is None else (one,)


def _is_alike(rule: Rule, other: Rule) -> bool:
    return tokens_of(rule.when.text) == tokens_of(other.when.text)


def _both_hold(search: _Search, first: Rule, second: Rule, before: Sequence[Rule]) -> Facts | None:
    """A case that the first decides and in which the second holds as well."""
    for earlier in _times([*before, first], second):
        if first in earlier:
            others = [rule for rule in earlier if rule is not first]
            if (case := search.find([first, second], others)) is not None:
                return case
    return None


def _times(before: Sequence[Rule], rule: Rule) -> Iterator[tuple[Rule, ...]]:
    """The rules before it that are in force together with it, for each time in which it is."""
    bounds = {_BEFORE_ALL, *(at for one in (*before, rule) for at in (one.since, one.until) if at)}
    told = dict.fromkeys(
        tuple(one for one in before if one.in_force(at))
        for at in sorted(bounds)
        if rule.in_force(at)
    )
    yield from told


def _choices(categories: Sequence[Category], places: Sequence[Place]) -> tuple[_Choice, ...]:
    """What there is to choose from, in the order in which choosing it settles most."""
    days = [(day, day <= 5) for day in range(1, 8)] + [(day, day > 5) for day in range(1, 8)]
    return (
        _Choice.of([_drop(facts_of(one, "", ()), "areas", "cell") for one in categories]),
        _Choice.of([{"areas": list(areas)} for areas in dict.fromkeys(p.areas for p in places)]),
        _Choice.of([{"cell": one.cell, "areas": list(one.areas)} for one in places]),
        _Choice.of([{"hour": hour} for hour in (12, *range(24))]),
        _Choice.of([{"weekday": day, "workday": works} for day, works in days]),
        _Choice.of([{"channel": str(channel)} for channel in Channel]),
    )


def _drop(facts: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in facts.items() if name not in names}


@dataclass(frozen=True, slots=True)
class _Choice:
    """Facts that are chosen together, and what they can be."""

    names: frozenset[str]
    values: Sequence[Facts]

    @classmethod
    def of(cls, values: Sequence[Facts]) -> _Choice:
        return cls(frozenset(values[0]) if values else frozenset(), values)


class _Search:
    """Looks for cases; remembers what CEL has answered."""

    def __init__(self, choices: Sequence[_Choice], questions: int) -> None:
        self._choices = choices
        self._left = questions
        self._answers: dict[tuple[int, str], bool | None] = {}
        self._where: dict[int, frozenset[int]] = {}
        self._open = False
        self._tries = 0

    @property
    def may_ask(self) -> bool:
        """Whether there is any question left."""
        return self._left > 0

    def may_meet(self, one: Rule, other: Rule) -> bool:
        """Whether some category lets both hold; most pairs of rules are about different ones."""
        try:
            return not self._categories(one).isdisjoint(self._categories(other))
        except _Exhausted:
            return True

    def _categories(self, rule: Rule) -> frozenset[int]:
        """The categories, by number, for which the rule may hold."""
        if id(rule) not in self._where:
            told = enumerate(self._choices[0].values)
            may = frozenset(n for n, facts in told if self._ask(rule, facts) is not False)
            self._where[id(rule)] = may
        return self._where[id(rule)]

    def exists(self, wanted: Sequence[Rule], absent: Sequence[Rule]) -> bool | None:
        """Whether there is a case in which all *wanted* hold and none *absent*; None: not told."""
        if self.find(wanted, absent) is not None:
            return True
        return None if self._open else False

    def find(self, wanted: Sequence[Rule], absent: Sequence[Rule]) -> Facts | None:
        """Such a case, as far as the rules ask for it; None when none was found."""
        self._open, self._tries = False, MOST_TRIES
        try:
            return self._walk({}, self._choices, wanted, absent)
        except _Exhausted:
            self._open = True
            return None

    def _walk(
        self, facts: Facts, choices: Sequence[_Choice], wanted: Sequence[Rule],
        absent: Sequence[Rule],
    ) -> Facts | None:  # fmt: skip
        for rules, contrary in ((wanted, False), (absent, True)):
            if any(self._ask(rule, facts) is contrary for rule in rules):
                return None
        wanted = [rule for rule in wanted if self._ask(rule, facts) is None]
        absent = [rule for rule in absent if self._ask(rule, facts) is None]
        if not wanted and not absent:
            return facts
        asked = frozenset[str]().union(*(rule.when.names for rule in (*wanted, *absent)))
        asked -= facts.keys()
        for number, choice in enumerate(choices):
            if choice.names & asked:
                return self._try_each(facts, choice, choices[number + 1 :], wanted, absent)
        return self._written(facts, wanted, absent)

    def _try_each(
        self, facts: Facts, choice: _Choice, rest: Sequence[_Choice], wanted: Sequence[Rule],
        absent: Sequence[Rule],
    ) -> Facts | None:  # fmt: skip
        known = facts.get("areas")
        for values in choice.values:
            if known is not None and values.get("areas", known) != known:
                continue
            found = self._walk({**facts, **values}, rest, wanted, absent)
            if found is not None:
                return found
        return None

    def _written(
        self, facts: Facts, wanted: Sequence[Rule], absent: Sequence[Rule]
    ) -> Facts | None:
        """The same facts with something written that makes them the case that is looked for."""
        self._open, self._tries = True, self._tries - 1
        if self._tries < 0:
            return None
        for written in islice(_made_up((*wanted, *absent)), MOST_TOLD):
            told = {**facts, **written}
            if all(self._ask(rule, told) for rule in wanted) and not any(
                self._ask(rule, told) for rule in absent
            ):
                return told
        return None

    def _ask(self, rule: Rule, facts: Facts) -> bool | None:
        """What CEL says; None while it hangs on what is not chosen yet.

        A rule that has all it asks for and gives no answer is passed over, as the routing does.
        """
        names = frozenset(rule.when.names & facts.keys())
        key = (id(rule), repr([facts[name] for name in sorted(names)]) + ",".join(sorted(names)))
        if key not in self._answers:
            self._answers[key] = self._answer(rule, facts, names)
        return self._answers[key]

    def _answer(self, rule: Rule, facts: Facts, names: frozenset[str]) -> bool | None:
        if not self.may_ask:
            raise _Exhausted
        self._left -= 1
        try:
            return rule.when.holds(Known(facts, names))
        except UndecidedCondition:
            return False if names == rule.when.names else None


def _made_up(rules: Sequence[Rule]) -> Iterator[Facts]:
    """What somebody may have written, out of the words that the rules themselves use."""
    keys = list(dict.fromkeys(key for rule in rules for key in rule.when.words().keys))
    texts = list(dict.fromkeys(text for rule in rules for text in rule.when.words().texts))
    values = [None, *(text for text in texts if text not in keys), "1"]
    for description in ("", *texts, " ".join(texts)):
        for chosen in product(values, repeat=len(keys)):
            given = {key: value for key, value in zip(keys, chosen, strict=True) if value}
            yield {"attributes": given, "description": description}
