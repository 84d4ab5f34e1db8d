"""The bytes on the topics that are our own; case events are CloudEvents and made in dispatch."""

from __future__ import annotations

from typing import Final

import msgspec


class BadMessage(ValueError):
    """Bytes on a topic that are not what its name promises."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"not a message of this topic: {problem}")
        self.problem = problem


class ReportAccepted(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """A report waits to be decided; everything else about it stands in the inbox."""

    id: int


_DECODE: Final = msgspec.json.Decoder(ReportAccepted)


def report_accepted(report_id: int) -> bytes:
    """The message that tells of an accepted report."""
    return msgspec.json.encode(ReportAccepted(report_id))


def read_report_accepted(value: bytes) -> int:
    """The report's id; raises BadMessage."""
    try:
        return _DECODE.decode(value).id
    except msgspec.DecodeError as err:
        raise BadMessage(str(err)) from err
