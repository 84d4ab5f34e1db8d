"""The words, signs and values of an expression."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto
from typing import Final

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from app.http.sta.expressions import Value


class BadExpression(Exception):
    """A text is no expression, or one that cannot be meant: what is wrong, where, what to do."""

    def __init__(self, problem: str, at: int | None = None, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem if at is None else f"{problem}, at character {at + 1}"
        self.remedy = remedy or "write as in: result gt 5 and year(phenomenonTime) eq 2026"


class TokenKind(Enum):
    """What a token is."""

    VALUE = auto()
    NAME = auto()  # of a property, a function or an operator
    SIGN = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression, and where it begins."""

    kind: TokenKind
    text: str
    at: int
    value: Value = None

    @property
    def told(self) -> str:
        """It, in a sentence."""
        return "the end" if self.kind is TokenKind.END else repr(self.text[:40])


_ZONE: Final = r"(?:Z|[+\- ]\d\d:\d\d)"  # a space is a '+' that nobody escaped
_CLOCK: Final = r"\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?"
_PIECES: Final = re.compile(
    rf"""
      (?P<space>\s+)
    | (?P<moment>\d{{4}}-\d\d-\d\dT{_CLOCK}{_ZONE})
    | (?P<day>\d{{4}}-\d\d-\d\d)
    | (?P<clock>{_CLOCK})
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d{{1,4}})?)
    | (?P<shape>geography'[^']*'|geometry'[^']*')
    | (?P<span>duration'[^']*')
    | (?P<text>'(?:[^']|'')*')
    | (?P<name>[@\w][\w.@]*(?:/[@\w][\w.@]*)*)
    | (?P<sign>[(),\-])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SPAN: Final = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d{1,7})D)?"
    r"(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,9})?)S)?)?"
)
_WORDS: Final[Mapping[str, Value]] = {"null": None, "true": True, "false": False}


def tokens(text: str) -> list[Token]:
    """The tokens of *text*, END last; raises BadExpression."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        piece = _PIECES.match(text, at)
        if piece is None:
            raise BadExpression(f"has {text[at : at + 20]!r}, which is no word, sign or value", at)
        if piece.lastgroup != "space":
            found.append(_token(str(piece.lastgroup), piece[0], at))
        at = piece.end()
    return [*found, Token(TokenKind.END, "", at)]


def _token(kind: str, text: str, at: int) -> Token:
    if kind == "sign":
        return Token(TokenKind.SIGN, text, at)
    if kind == "name":
        if text in _WORDS:
            return Token(TokenKind.VALUE, text, at, _WORDS[text])
        return Token(TokenKind.NAME, text, at)
    try:
        return Token(TokenKind.VALUE, text, at, _READ[kind](text))
    except (ValueError, OverflowError, ShapelyError):
        raise BadExpression(f"has {text[:60]!r}, which cannot be meant", at) from None


def moment_of(text: str) -> datetime:
    """A time with its zone, in UTC; raises ValueError or OverflowError."""
    moment = datetime.fromisoformat(text.upper().replace(" ", "+"))
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(_quoted(text).upper())
    if found is None or not any(found.groups()[1:]):
        raise ValueError(text)
    days, hours, minutes, seconds = (float(found[name] or 0) for name in _SPAN_PARTS)
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -span if found["sign"] else span


def _shape(text: str) -> BaseGeometry:
    written = _quoted(text)
    shape = shapely.from_wkt(written.partition(";")[2] if ";" in written else written)
    if shape.is_empty or not shape.is_valid:
        raise ValueError(text)
    return shape


def _quoted(text: str) -> str:
    return text[text.index("'") + 1 : -1]


_SPAN_PARTS: Final = ("days", "hours", "minutes", "seconds")
_READ: Final[Mapping[str, Callable[[str], Value]]] = {
    "moment": moment_of,
    "day": date.fromisoformat,
    "clock": time.fromisoformat,
    "number": _number,
    "shape": _shape,
    "span": _span,
    "text": lambda text: text[1:-1].replace("''", "'"),
}
