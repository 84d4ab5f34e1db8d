"""What may go wrong with a situation."""

from __future__ import annotations

from dispatch.errors import DispatchError


class UnknownSituation(DispatchError):
    """There is no such situation."""

    def __init__(self, situation_id: int) -> None:
        super().__init__(f"there is no situation {situation_id}")
        self.situation_id = situation_id


class SituationOver(DispatchError):
    """The order can only be given while the situation goes on."""

    def __init__(self, state: str, order: str) -> None:
        super().__init__(f"cannot {order} a situation that is {state}")
        self.state, self.order = state, order


class AlreadyMember(DispatchError):
    """The case or alarm belongs to the situation already."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} belongs to the situation already")
        self.key = key


class NoMember(DispatchError):
    """The case or alarm does not belong to the situation."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} does not belong to the situation")
        self.key = key


class LastMember(DispatchError):
    """A situation of nothing is none: whoever means that dismisses it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} is all there is of the situation; dismiss it instead")
        self.key = key


class UnreadableSituation(DispatchError):
    """A stored event is of a kind that this release does not know."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"no event of a situation is called {kind!r}")
        self.kind = kind
