"""A signal and the life of its alarms, put together: a fold over instants of event time."""

from __future__ import annotations

from typing import Any, Final, Self

from dispatch.sensing.life import NEVER, Life, Terms, WindowLife
from dispatch.sensing.signals import KINDS, Judged, Signal, Values

_PROOF_OF_LIFE: Final = "silence"


class Machine:
    """One rule about one device, standing at some time. *pauses* are maintenance windows."""

    __slots__ = ("_pauses", "_terms", "life", "signal")

    def __init__(
        self,
        terms: Terms,
        signal: Signal,
        life: Life | WindowLife,
        pauses: tuple[tuple[int, int], ...],
    ) -> None:
        self._terms, self._pauses = terms, pauses
        self.signal, self.life = signal, life

    @classmethod
    def blank(cls, terms: Terms, pauses: tuple[tuple[int, int], ...]) -> Self:
        """A machine that has seen nothing."""
        life = WindowLife(terms) if terms.rule.window_ms else Life(terms)
        return cls(terms, KINDS[terms.rule.signal](terms.rule, terms.zone), life, pauses)

    def copy(self) -> Self:
        """A machine of its own that stands where this one does."""
        return type(self)(self._terms, self.signal.copy(), self.life.copy(), self._pauses)

    def step(self, at: int, values: Values) -> None:
        """Take what the members measured at that instant."""
        self.pass_to(at)
        if self._pauses and self._pause_end(at) and self._terms.rule.signal != _PROOF_OF_LIFE:
            return
        self._judge(at, self.signal.take(at, values))

    def pass_to(self, limit: int) -> None:
        """Do all that time alone brings before *limit*."""
        while (due := self.due()) < limit:
            pause_end = self._pause_end(due)
            if due < self.signal.due():
                self.life.ring(due)
            elif pause_end:
                self.signal.postpone(pause_end)
            else:
                self._judge(due, self.signal.ring(due))

    def due(self) -> int:
        """When time alone changes something next; NEVER when it does not."""
        return min(self.signal.due(), self.life.due())

    def _judge(self, at: int, judged: Judged) -> None:
        if judged is not None:
            self.life.step(at, *judged)

    def _pause_end(self, at: int) -> int:
        """The end of the maintenance window that holds the time; 0 when none does."""
        return next((end for begin, end in self._pauses if begin <= at < end), 0)

    def dump(self) -> list[Any]:
        """The form `load` reads."""
        return [self.signal.dump(), self.life.dump()]

    @classmethod
    def load(cls, terms: Terms, pauses: tuple[tuple[int, int], ...], told: list[Any]) -> Self:
        """The machine that `dump` wrote, under the same terms."""
        machine = cls.blank(terms, pauses)
        signal, life = told
        machine.signal.load(signal)
        machine.life = type(machine.life).load(terms, life)
        return machine


__all__ = ["NEVER", "Machine"]
