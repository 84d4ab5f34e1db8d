"""Reading `$filter` and `$orderby` (OData 4.01 ABNF as far as SensorThings uses it).

A parser by binding power. Text, size and depth of what it takes are bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.http.sta.expressions import Call, Expression, Literal, Path
from app.http.sta.functions import FUNCTIONS
from app.http.sta.tokens import BadExpression, Token, TokenKind, tokens

LONGEST: Final = 4000
"""Characters of one expression."""

DEEPEST: Final = 30
LARGEST: Final = 300
"""Nodes of one expression."""

_BINDS: Final = {
    "or": 1, "and": 2,
    "eq": 4, "ne": 4, "gt": 5, "ge": 5, "lt": 5, "le": 5, "in": 5,
    "add": 6, "sub": 6, "mul": 7, "div": 7, "mod": 7,
}  # fmt: skip
_NOT_BINDS, _MINUS_BINDS = 3, 8


def parse_filter(text: str) -> Expression:
    """The expression that *text* writes; raises BadExpression."""
    parser = _Parser(_bounded(text))
    expression = parser.expression(0)
    parser.expect(TokenKind.END, "the end")
    return expression


def parse_order(text: str) -> list[tuple[Path, bool]]:
    """The properties to order by, each with whether it descends; raises BadExpression."""
    parser = _Parser(_bounded(text))
    order = [parser.ordered()]
    while parser.take(","):
        order.append(parser.ordered())
    parser.expect(TokenKind.END, "a comma or the end")
    return order


def _bounded(text: str) -> Sequence[Token]:
    if len(text) > LONGEST:
        raise BadExpression(f"has {len(text)} characters", 0, f"at most {LONGEST} are taken")
    return tokens(text)


@dataclass(slots=True)
class _Parser:
    read: Sequence[Token]
    at: int = 0
    depth: int = 0
    nodes: int = 0

    @property
    def next(self) -> Token:
        return self.read[self.at]

    def take(self, text: str) -> bool:
        """Go past the sign or word when it comes next."""
        found = self.next.kind in (TokenKind.SIGN, TokenKind.NAME) and self.next.text == text
        self.at += found
        return found

    def expect(self, kind: TokenKind, what: str, text: str | None = None) -> Token:
        token = self.next
        if token.kind is not kind or (text is not None and token.text != text):
            raise BadExpression(f"has {token.told} where {what} is due", token.at)
        self.at += kind is not TokenKind.END
        return token

    def expression(self, binding: int) -> Expression:
        """What binds more strongly than *binding*, from here on."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadExpression("is nested too deeply", self.next.at, f"at most {DEEPEST} levels")
        left = self._prefix()
        while (bound := self._infix()) > binding:
            left = self._operation(left, bound)
        self.depth -= 1
        return left

    def ordered(self) -> tuple[Path, bool]:
        token = self.expect(TokenKind.NAME, "a property")
        descends = self.take("desc") or self.take("DESC")
        if not descends:
            _ = self.take("asc") or self.take("ASC")
        return Path(tuple(token.text.split("/"))), descends

    def _infix(self) -> int:
        return _BINDS.get(self.next.text, 0) if self.next.kind is TokenKind.NAME else 0

    def _operation(self, left: Expression, bound: int) -> Expression:
        name = self.expect(TokenKind.NAME, "an operator").text
        if name == "in":
            self.expect(TokenKind.SIGN, "a list in brackets", "(")
            return self._node("in", (left, *self._list()))
        return self._node(name, (left, self.expression(bound)))

    def _prefix(self) -> Expression:
        token = self.next
        if self.take("("):
            inner = self.expression(0)
            self.expect(TokenKind.SIGN, "a closing bracket", ")")
            return inner
        if self.take("not"):
            return self._node("not", (self.expression(_NOT_BINDS),))
        if self.take("-"):
            return self._node("negative", (self.expression(_MINUS_BINDS),))
        self.at += 1
        match token.kind:
            case TokenKind.VALUE:
                return self._counted(Literal(token.value))
            case TokenKind.NAME if self.take("("):
                return self._call(token)
            case TokenKind.NAME:
                return self._counted(Path(tuple(token.text.split("/"))))
            case _:
                raise BadExpression(f"has {token.told} where a value is due", token.at)

    def _call(self, token: Token) -> Expression:
        if token.text not in FUNCTIONS:
            problem = f"calls {token.text!r}, which is no function"
            raise BadExpression(problem, token.at, f"there are {', '.join(sorted(FUNCTIONS))}")
        arguments = () if self.take(")") else self._list()
        return self._node(token.text, tuple(arguments))

    def _list(self) -> list[Expression]:
        listed = [self.expression(0)]
        while self.take(","):
            listed.append(self.expression(0))
        self.expect(TokenKind.SIGN, "a comma or a closing bracket", ")")
        return listed

    def _node(self, name: str, arguments: tuple[Expression, ...]) -> Call:
        call = Call(name, arguments)
        self._counted(call)
        return call

    def _counted(self, expression: Expression) -> Expression:
        self.nodes += 1
        if self.nodes > LARGEST:
            raise BadExpression("says too much at once", 0, f"at most {LARGEST} terms are taken")
        return expression
