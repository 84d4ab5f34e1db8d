"""What can be read off the text of a CEL condition without running it.

The CEL library tells which names an expression uses, but neither the types it compares nor the
attributes it asks for. Texts given here have been parsed by the library already.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MACROS: Final = frozenset({"all", "exists", "exists_one", "existsOne", "filter", "map"})

_TOKEN: Final = re.compile(
    r"""
    (?P<blank>  \s+ | //[^\n]* )
  | (?P<text>   [bB]?[rR](?:\"{3}.*?\"{3} | '{3}.*?'{3} | "[^"\n]*" | '[^'\n]*')
              | [bB]?(?:\"{3}(?:\\.|.)*?\"{3} | '{3}(?:\\.|.)*?'{3}
                        | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*') )
  | (?P<number> 0[xX][0-9a-fA-F]+[uU]? | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[uU]? )
  | (?P<word>   [_a-zA-Z]\w* )
  | (?P<sign>   == | != | <= | >= | && | \|\| | . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a condition: a *kind* of 'text', 'number', 'word' or 'sign', as it is written."""

    kind: str
    written: str


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison, where it can be read off: its type, and the fact if it is one."""

    type: str
    fact: str | None = None


END: Final = Token("end", "")


def tokens_of(text: str) -> tuple[Token, ...]:
    """The condition in pieces, blanks and comments left out, closed by two of `END`."""
    found = ((match.lastgroup or "", match.group()) for match in _TOKEN.finditer(text))
    return (*(Token(kind, written) for kind, written in found if kind != "blank"), END, END)


def bound_names(tokens: Sequence[Token]) -> list[str]:
    """Names that macros bind, as ``a`` in ``areas.exists(a, …)``: one for each macro used."""
    return [
        tokens[i + 3].written
        for i in range(len(tokens) - 3)
        if tokens[i].written == "."
        and tokens[i + 1].written in MACROS
        and tokens[i + 2].written == "("
    ]


def patterns(tokens: Sequence[Token]) -> list[str]:
    """Regular expressions that are written out, as CEL string literals."""
    return [
        tokens[i + 2].written
        for i in range(len(tokens) - 2)
        if tokens[i].written == "matches" and tokens[i + 2].kind == "text"
    ]


def keys_named(tokens: Sequence[Token], fact: str) -> Iterator[Token]:
    """What stands as key in ``fact.key``, ``fact['key']`` and ``'key' in fact``, where it is a map.

    A word is the key itself, a text is a CEL string literal.
    """
    for i, token in enumerate(tokens):
        if token.written != fact:
            continue
        if tokens[i + 1].written in (".", "[") and tokens[i + 2].kind in ("word", "text"):
            yield tokens[i + 2]
        if i > 1 and tokens[i - 1].written == "in" and tokens[i - 2].kind == "text":
            yield tokens[i - 2]


def impossible_comparison(tokens: Sequence[Token], facts: Mapping[str, str]) -> str | None:
    """Why a comparison can never hold, or None: ``severity == '2'`` is false, not an error, in CEL.

    *facts* tells the type of each: 'text', 'number', 'bool', 'list' or 'map' (of texts). Only
    comparisons of a bare fact with a literal are judged.
    """
    for i, token in enumerate(tokens):
        left = _operand_before(tokens, i, facts)
        if token.written in ("==", "!="):
            rights = [_operand_after(tokens, i + 1, facts)]
        elif token.written == "in":
            rights = list(_listed(tokens, i + 1, facts))
        else:
            continue
        for right in rights:
            if left and right and (reason := _mismatch(left, right)):
                return reason
    return None


def _mismatch(left: Operand, right: Operand) -> str | None:
    fact, other = (left, right) if left.fact else (right, left)
    if fact.fact is None or other.fact is not None or fact.type == other.type:
        return None
    return f"{fact.fact} is a {fact.type} and is compared with a {other.type}; this never holds"


def _operand_before(tokens: Sequence[Token], i: int, facts: Mapping[str, str]) -> Operand | None:
    match [token.written for token in tokens[max(0, i - 4) : i]]:
        case ["attributes", "[", key, "]"]:
            return Operand("text", f"attributes[{key}]")
        case [*_, "attributes", ".", key]:
            return Operand("text", f"attributes.{key}")
        case [] | [*_, ".", _]:
            return None
        case _:
            return _plain(tokens[i - 1], facts)


def _operand_after(tokens: Sequence[Token], i: int, facts: Mapping[str, str]) -> Operand | None:
    if tokens[i].written == "attributes" and tokens[i + 1].written == ".":
        ends = tokens[i + 3].written not in (".", "[", "(")
        return Operand("text", f"attributes.{tokens[i + 2].written}") if ends else None
    if tokens[i + 1].written in (".", "[", "("):
        return None
    return _plain(tokens[i], facts)


def _listed(tokens: Sequence[Token], i: int, facts: Mapping[str, str]) -> Iterator[Operand]:
    """What a value on the left of ``in`` is compared with."""
    if tokens[i].written in facts and facts[tokens[i].written] in ("list", "map"):
        yield Operand("text", f"each of {tokens[i].written}")
    while tokens[i].written in ("[", ",") and (operand := _plain(tokens[i + 1], facts)):
        yield operand
        i += 2


def _plain(token: Token, facts: Mapping[str, str]) -> Operand | None:
    if token.kind in ("text", "number"):
        return Operand(token.kind)
    if token.written in ("true", "false", "null"):
        return Operand("null" if token.written == "null" else "bool")
    return Operand(facts[token.written], token.written) if token.written in facts else None
