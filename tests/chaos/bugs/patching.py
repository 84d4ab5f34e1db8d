"""Changing the product in memory, loudly: a patch that finds nothing to change is an error."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, Final

_NOTHING: Final = object()


class NothingToPatch(Exception):
    """The product has not what a bug changes: it was renamed or rewritten, and the bug must be."""

    def __init__(self, owner: object, wanted: str) -> None:
        name = getattr(owner, "__qualname__", None) or getattr(owner, "__name__", repr(owner))
        super().__init__(f"{name} has no {wanted!r}: write the bug anew for today's product")
        self.owner, self.wanted = owner, wanted


def swap(owner: object, name: str, new: Any) -> Any:
    """Put *new* in the place of an attribute of a module or class; gives what stood there."""
    old = getattr(owner, name, _NOTHING)
    if old is _NOTHING:
        raise NothingToPatch(owner, name)
    setattr(owner, name, new)
    return old


def reword(owner: object, name: str, old: str, new: str) -> None:
    """Change a phrase of a statement: of a text in a module, or of the texts inside a function.

    A function keeps its identity, so that whoever imported it by name runs the changed one.
    """
    target = getattr(owner, name, None)
    if isinstance(target, str) and old in target:
        setattr(owner, name, target.replace(old, new))
    elif isinstance(target, FunctionType) and _speaks_of(target.__code__, old):
        target.__code__ = _reworded(target.__code__, old, new)
    else:
        raise NothingToPatch(owner, f"{name}: {old}")


def around(owner: object, name: str, make: Callable[[Any], Any]) -> None:
    """Put `make(what stands there)` in the place of an attribute."""
    old = getattr(owner, name, _NOTHING)
    if old is _NOTHING:
        raise NothingToPatch(owner, name)
    setattr(owner, name, make(old))


def _speaks_of(code: CodeType, phrase: str) -> bool:
    return any(isinstance(one, str) and phrase in one for one in code.co_consts)


def _reworded(code: CodeType, old: str, new: str) -> CodeType:
    return code.replace(
        co_consts=tuple(
            one.replace(old, new) if isinstance(one, str) else one for one in code.co_consts
        )
    )
