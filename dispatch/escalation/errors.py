"""What can go wrong in escalating; each error carries its facts as attributes."""

from __future__ import annotations

from dispatch.errors import DispatchError


class BrokenStep(DispatchError):
    """The moment of a step of a ladder cannot be read."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(f"{text!r} is no moment of a step: {remedy}")
        self.text, self.remedy = text, remedy


class AlreadyEscalated(DispatchError):
    """A step was taken by somebody else although its case was locked: a fault of ours."""

    def __init__(self, case_id: int, step: str, times: int) -> None:
        super().__init__(f"case {case_id}: step {step!r} was told {times} times already")
        self.case_id, self.step, self.times = case_id, step, times


class UnknownEscalation(DispatchError):
    """No such escalation."""

    def __init__(self, escalation_id: int) -> None:
        super().__init__(f"there is no escalation {escalation_id}")
        self.escalation_id = escalation_id


class NotTold(DispatchError):
    """Only somebody who was told of an escalation can acknowledge it."""

    def __init__(self, person: str, escalation_id: int) -> None:
        super().__init__(f"{person} was not told of escalation {escalation_id}")
        self.person, self.escalation_id = person, escalation_id


class AcknowledgedBy(DispatchError):
    """Somebody else has acknowledged the escalation."""

    def __init__(self, escalation_id: int, person: str) -> None:
        super().__init__(f"escalation {escalation_id} was acknowledged by {person}")
        self.escalation_id, self.person = escalation_id, person


class UnusableChannel(DispatchError):
    """Nothing can be sent on such a channel, or must not be."""

    def __init__(self, part: str, remedy: str) -> None:
        super().__init__(f"{part} of a channel: {remedy}")
        self.part, self.remedy = part, remedy
