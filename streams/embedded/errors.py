"""What can go wrong with an embedded log."""

from collections.abc import Iterable


class LogError(Exception):
    """An embedded log could not do what was asked."""


class LogUnavailable(LogError):
    """The log cannot be reached just now; the same call may succeed in a moment."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the log cannot be reached: {reason}")
        self.reason = reason


class LogMissing(LogError):
    """The database holds no log."""

    def __init__(self) -> None:
        super().__init__("the database has no streamlog tables; run the migrations first")


class UnknownTopic(LogError):
    """No such topic was ever created; topics are never created by writing to them."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"topic {topic!r} does not exist; create it before use")
        self.topic = topic


class PartitionsFixed(LogError):
    """A topic cannot change its number of partitions: keys would move."""

    def __init__(self, topic: str, has: int, wanted: int) -> None:
        super().__init__(
            f"topic {topic!r} has {has} partitions and cannot be given {wanted}: "
            "records of one key would land in two partitions"
        )
        self.topic, self.has, self.wanted = topic, has, wanted


class RecordTooLarge(LogError):
    """A record is larger than the log takes."""

    def __init__(self, topic: str, size: int, limit: int) -> None:
        super().__init__(f"a record of {size} bytes for {topic!r} is over the limit of {limit}")
        self.topic, self.size, self.limit = topic, size, limit


class Evicted(LogError):
    """The member let its lease run out and is no longer in the group."""

    def __init__(self, group: str, member: str) -> None:
        super().__init__(f"member {member} is no longer in group {group!r}; it must join again")
        self.group, self.member = group, member


class Fenced(LogError):
    """The group has moved on: the partitions belong to a later generation."""

    def __init__(self, group: str, generation: int, places: Iterable[tuple[str, int]] = ()) -> None:
        self.group, self.generation, self.places = group, generation, tuple(sorted(places))
        held = ", ".join(f"{topic}/{number}" for topic, number in self.places) or "its partitions"
        super().__init__(f"generation {generation} of group {group!r} no longer holds {held}")


class NotSupported(LogError):
    """Faust was asked for something an embedded log does not do."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"an embedded log has no {what}; {instead}")
        self.what = what
