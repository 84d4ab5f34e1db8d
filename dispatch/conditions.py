"""Conditions in CEL (Common Expression Language) over the facts of a case.

The only module that knows the CEL library. A condition is tried when it is made, so that what can
be known to be wrong is refused then; what depends on the case (an attribute it does not have) is
told when it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from dispatch import condition_text
from dispatch.condition_text import Token
from dispatch.errors import BrokenCondition, UndecidedCondition
from dispatch.specimen_facts import specimens

if TYPE_CHECKING:
    import cel

FACTS: Final[Mapping[str, str]] = {
    "category": "text",
    "class_code": "text",
    "kind": "text",
    "severity": "number",
    "areas": "list",
    "cell": "text",
    "hour": "number",
    "weekday": "number",
    "workday": "bool",
    "channel": "text",
    "attributes": "map",
    "description": "text",
}
"""What a condition can ask, and of which type; lists and maps hold texts.

*areas* are codes, smallest first; *hour* (0–23), *weekday* (1 is Monday) and *workday* are by the
city's clock and calendar; *severity* is 1 for the most severe.
"""

FUNCTIONS: Final = frozenset(
    {"contains", "endsWith", "matches", "size", "startsWith", "double", "int", "string"}
)

LONGEST: Final = 4000
MOST_MACROS: Final = 2
"""The library sets no bound to its work; two nested loops over a long list take half a second."""

_SMALL_NUMBER: Final = re.compile(r"\d{1,6}")
_UNDEFINED: Final = re.compile(r"Undefined variable or function: ('[^']*')")
_FAULT: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")
_FAILURES: Final = (LookupError, ArithmeticError, TypeError, ValueError, RuntimeError)


class Known:
    """The facts of one case, turned over to CEL once for all conditions."""

    def __init__(self, facts: Mapping[str, object], names: Iterable[str]) -> None:
        """Only the facts in *names* are turned over; KeyError when one of them is not there."""
        self.context = _cel().Context({name: facts[name] for name in names})


@dataclass(frozen=True, slots=True)
class Condition:
    """A question about a case with the answer yes or no; *names* are the facts it reads."""

    text: str
    names: frozenset[str]
    _program: cel.Program = field(repr=False, compare=False)

    @classmethod
    def of(cls, text: str, known: Mapping[str, str] = FACTS) -> Self:
        """The condition written as *text*; BrokenCondition says what is wrong with it.

        *known* are the facts that it can ask, and of which type each is.
        """
        program = _compiled(text)
        tokens = condition_text.tokens_of(text)
        bound = condition_text.bound_names(tokens)
        _refuse_unknown_names(text, program, bound, known)
        if len(bound) > MOST_MACROS:
            raise BrokenCondition(text, f"more than {MOST_MACROS} of exists, all, map, filter")
        facts = {name: kind for name, kind in known.items() if name not in bound}
        if reason := condition_text.impossible_comparison(tokens, facts):
            raise BrokenCondition(text, reason)
        _refuse_bad_patterns(text, condition_text.patterns(tokens))
        # Not `&` with the keys: that gives a set, and a condition must be hashable.
        names = frozenset(program.variables()).intersection(known)
        condition = cls(text, names, program)
        _try(condition, tokens, known)
        return condition

    def keys_of(self, fact: str) -> frozenset[str]:
        """The keys of a map that the condition names, as ``school`` in ``near.school``."""
        tokens = condition_text.tokens_of(self.text)
        return frozenset(map(_value, condition_text.keys_named(tokens, fact)))

    def holds(self, known: Known) -> bool:
        """Whether the case fits; UndecidedCondition when its facts give no answer.

        An attribute the case does not have gives none, unless the rest decides without it:
        ``false && attributes.colour == 'red'`` is false. ``has(attributes.colour)`` asks first.
        """
        try:
            answer = self._program.execute(known.context)
        except _FAILURES as error:
            raise UndecidedCondition(self.text, _problem(error)) from error
        if not isinstance(answer, bool):
            raise UndecidedCondition(self.text, f"gives {answer!r}, neither true nor false")
        return answer

    def words(self) -> Words:
        """The words that it is made of."""
        tokens = condition_text.tokens_of(self.text)
        texts = tuple(_value(token) for token in tokens if token.kind == "text")
        keys = tuple(_value(token) for token in condition_text.keys_named(tokens, "attributes"))
        return Words(texts, keys)


@dataclass(frozen=True, slots=True)
class Words:
    """The texts that a condition holds literally, and the attributes that it asks for."""

    texts: tuple[str, ...]
    keys: tuple[str, ...]


def _cel() -> Any:
    """The library. It brings a command line of its own along, which takes a third of a second to
    load: only who meets a condition waits for it."""
    import cel

    return cel


def _compiled(text: str) -> cel.Program:
    if len(text) > LONGEST:
        raise BrokenCondition(text[:40] + "…", f"is longer than {LONGEST} characters")
    try:
        return _cel().compile(text)
    except ValueError as error:
        raise BrokenCondition(text, _fault(str(error))) from error


def _fault(message: str) -> str:
    if found := _FAULT.search(message):
        line, column, fault = found.groups()
        return f"line {line}, column {column}: {fault}"
    return message


def _refuse_unknown_names(
    text: str, program: cel.Program, bound: Iterable[str], known: Mapping[str, str]
) -> None:
    if unknown := sorted(set(program.variables()) - known.keys() - set(bound)):
        raise BrokenCondition(text, f"unknown fact {unknown[0]!r}; known are {_listed(known)}")
    named = (name for name in program.functions() if name.isidentifier())
    if unknown := sorted(set(named) - FUNCTIONS):
        reason = f"unknown function {unknown[0]!r}; known are {_listed(FUNCTIONS)}"
        raise BrokenCondition(text, reason)


def _refuse_bad_patterns(text: str, patterns: Iterable[str]) -> None:
    for pattern in patterns:
        try:
            _cel().evaluate(f"''.matches({pattern})")
        except RuntimeError as error:
            reason = f"{pattern} is no regular expression"
            raise BrokenCondition(text, reason) from error


def _try(condition: Condition, tokens: Sequence[Token], known: Mapping[str, str]) -> None:
    """Ask the condition about cases made up from its own words; BrokenCondition where that fails.

    CEL finds errors of type only when it comes to them, and ``&&`` hides them on its right; cases
    that have what the condition asks for get past it. One error of type is enough to refuse. Other
    failures depend on the case, so they refuse the condition only when no case gets an answer.
    """
    undecided: UndecidedCondition | None = None
    answers = 0
    for facts in _made_up_facts(tokens, known):
        try:
            condition.holds(Known(facts, condition.names))
            answers += 1
        except UndecidedCondition as failure:
            if _is_type_error(failure):
                raise BrokenCondition(condition.text, failure.problem) from failure
            undecided = failure
    if undecided and not answers:
        raise BrokenCondition(condition.text, undecided.problem) from undecided


def _made_up_facts(
    tokens: Sequence[Token], known: Mapping[str, str]
) -> Iterator[dict[str, object]]:
    texts = [_value(token) for token in tokens if token.kind == "text"]
    numbers = [int(token.written) for token in tokens if _SMALL_NUMBER.fullmatch(token.written)]
    keys = {
        name: [_value(token) for token in condition_text.keys_named(tokens, name)]
        for name, kind in known.items()
        if kind in ("map", "metres")
    }
    return specimens(known, texts, numbers, keys)


def _value(token: Token) -> str:
    return str(_cel().evaluate(token.written)) if token.kind == "text" else token.written


def _is_type_error(failure: UndecidedCondition) -> bool:
    cause = failure.__cause__
    return cause is None or isinstance(cause, TypeError) or bool(_UNDEFINED.match(str(cause)))


def _problem(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no {error.args[0]!r}"
    if found := _UNDEFINED.match(str(error)):
        return f"{found[1]} is not defined here, or not for values of these types"
    return str(error).split(". ")[0].split("\n")[0]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
