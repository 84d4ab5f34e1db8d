"""The words of every count in both languages: whose work it tells of, what it is, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from dispatch.evaluation.counts import Count
from grid.naming import Label


class Post(StrEnum):
    """Whose work a count tells of. A table by a post has the counts of that post only."""

    CASE = "case"  # nobody's: of a case as such
    OPERATOR = "operator"
    INSPECTOR = "inspector"
    DISPATCHER = "dispatcher"
    DEPARTMENT = "department"


class Moment(Enum):
    """What puts a mark into a period."""

    OPENED = Label("案卷建立时", "the case was opened")
    DONE = Label("动作发生时", "it was done")
    SETTLED = Label(
        "定案时:按期完成的为完成时,否则为到期时", "it was done, if in time; it was due, if not"
    )
    SAID_DONE = Label("处置完成时", "the work was said to be done")
    SENT = Label("收到上报时", "the report was received")
    RATED = Label("评价时", "the rating was given")
    STANDS = Label("统计截止时的存量", "as it stands when the figures were taken")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a count is called and what it counts."""

    post: Post
    moment: Moment
    name: Label
    what: Label


def _of(post: Post, moment: Moment, zh: str, en: str, what_zh: str, what_en: str) -> Meaning:
    return Meaning(post, moment, Label(zh, en), Label(what_zh, what_en))


_CASE, _OPERATOR, _INSPECTOR, _DISPATCHER, _DEPARTMENT = Post
_OPENED, _DONE, _SETTLED, _SAID_DONE, _SENT, _RATED, _STANDS = Moment

# fmt: off
MEANINGS: Final[Mapping[Count, Meaning]] = {
    Count.REPORTED: _of(_CASE, _OPENED, "上报案卷数", "cases reported",
        "由上报建立的案卷", "cases opened from reports"),
    Count.UNCLOSED: _of(_CASE, _OPENED, "未结案数", "cases not closed",
        "其中尚未结案也未作废的", "of these, neither closed nor void"),
    Count.VOIDED: _of(_CASE, _OPENED, "作废数", "cases void",
        "其中不予受理或不予立案的", "of these, not accepted, or refused"),

    Count.ACCEPT_IN_TIME: _of(_OPERATOR, _SETTLED, "按期受理数", "accepted in time",
        "受理、立案或不予受理,未超受理时限", "accepted, filed or rejected, in time"),
    Count.ACCEPT_LATE: _of(_OPERATOR, _SETTLED, "超期受理数", "accepted late",
        "同上,已超受理时限", "the same, after its clock ran out"),
    Count.ACCEPT_LATE_OPEN: _of(_OPERATOR, _SETTLED, "超期未受理数", "acceptance overdue",
        "超受理时限仍无人受理", "its clock ran out and nobody has taken it up"),
    Count.ACCEPT_S: _of(_OPERATOR, _SETTLED, "受理用时(秒)", "seconds to acceptance",
        "从进入受理环节到受理、立案或不予受理", "from the door to being taken up"),
    Count.ACCEPTED: _of(_OPERATOR, _DONE, "受理数", "acceptances",
        "受理,含直接立案", "taken up, or filed at once"),
    Count.ACCEPTED_RIGHT: _of(_OPERATOR, _DONE, "准确受理数", "acceptances right",
        "其中此后未被退回、未作废的", "of these, not returned and not voided since"),
    Count.FILED: _of(_OPERATOR, _DONE, "立案数", "filings",
        "立案", "filed"),
    Count.FILED_RIGHT: _of(_OPERATOR, _DONE, "准确立案数", "filings right",
        "其中此后未被退回、未作废的", "of these, not returned and not voided since"),
    Count.FILED_IN_TIME: _of(_OPERATOR, _DONE, "按时立案数", "filed in time",
        "其中有受理或核实时限且未超的", "of these, before the clocks of door and check ran out"),
    Count.FILED_LATE: _of(_OPERATOR, _DONE, "超时立案数", "filed late",
        "其中已超受理和核实时限的", "of these, after they had"),

    Count.CHECK_IN_TIME: _of(_INSPECTOR, _SETTLED, "按期核实数", "checked in time",
        "核实属实或不属实,未超核实时限", "found true or not true before its clock ran out"),
    Count.CHECK_LATE: _of(_INSPECTOR, _SETTLED, "超期核实数", "checked late",
        "同上,已超核实时限", "the same, after its clock ran out"),
    Count.CHECK_LATE_OPEN: _of(_INSPECTOR, _SETTLED, "超期未核实数", "check overdue",
        "超核实时限仍未核实", "its clock ran out and nobody has looked"),
    Count.VERIFY_IN_TIME: _of(_INSPECTOR, _SETTLED, "按期核查数", "verified in time",
        "核查通过或返工,未超核查时限", "verified or sent to rework before its clock ran out"),
    Count.VERIFY_LATE: _of(_INSPECTOR, _SETTLED, "超期核查数", "verified late",
        "同上,已超核查时限", "the same, after its clock ran out"),
    Count.VERIFY_LATE_OPEN: _of(_INSPECTOR, _SETTLED, "超期未核查数", "verification overdue",
        "超核查时限仍未核查", "its clock ran out and nobody has looked"),
    Count.SENT: _of(_INSPECTOR, _SENT, "上报数", "reports sent",
        "监督员上报,含并案与被拒绝的", "reports of an inspector, merged and rejected ones too"),
    Count.SENT_VALID: _of(_INSPECTOR, _SENT, "有效上报数", "reports valid",
        "其中所属案卷已立案且未作废的", "of these, whose case was filed and is not void"),

    Count.DISPATCH_IN_TIME: _of(_DISPATCHER, _SETTLED, "按时派遣数", "dispatched in time",
        "派遣或退回受理,未超派遣时限", "assigned, or returned, before its clock ran out"),
    Count.DISPATCH_LATE: _of(_DISPATCHER, _SETTLED, "超时派遣数", "dispatched late",
        "同上,已超派遣时限", "the same, after its clock ran out"),
    Count.DISPATCH_LATE_OPEN: _of(_DISPATCHER, _SETTLED, "超时未派遣数", "dispatch overdue",
        "超派遣时限仍未派遣", "its clock ran out and it is not assigned"),
    Count.DISPATCHED: _of(_DISPATCHER, _DONE, "派遣数", "assignments",
        "派遣,含按规则自动派遣", "assigned, by a person or by rule"),
    Count.DISPATCHED_RIGHT: _of(_DISPATCHER, _DONE, "准确派遣数", "assignments right",
        "其中部门未退回、未移交、未改派的", "of these, not sent back, transferred, replaced"),

    Count.NEED: _of(_DEPARTMENT, _SETTLED, "应处置数", "to be disposed of",
        "已处置的,以及处置时限已到的", "disposed of, or past the limit"),
    Count.IN_TIME: _of(_DEPARTMENT, _SETTLED, "按期处置数", "disposed of in time",
        "时限内处置完成", "done within the limit"),
    Count.LATE: _of(_DEPARTMENT, _SETTLED, "超期处置数", "disposed of late",
        "超过时限才处置完成", "done after the limit"),
    Count.LATE_OPEN: _of(_DEPARTMENT, _SETTLED, "超期未处置数", "overdue and not done",
        "超过时限仍未处置完成", "past the limit and not done"),
    Count.LATE_EXCUSED: _of(_DEPARTMENT, _SETTLED, "超期处置不计责数", "late, excused",
        "超期处置数中申诉获准的", "of those disposed of late, excused on appeal"),
    Count.LATE_OPEN_EXCUSED: _of(_DEPARTMENT, _SETTLED, "超期未处置不计责数", "overdue, excused",
        "超期未处置数中申诉获准的", "of those overdue and not done, excused on appeal"),
    Count.INSIDE: _of(_DEPARTMENT, _STANDS, "按期处置中数", "still within the limit",
        "未处置且时限未到,尚不属应处置", "not done and not due: not yet to be disposed of"),
    Count.STANDING: _of(_DEPARTMENT, _STANDS, "挂账中数", "suspended now",
        "未处置且时限停计", "not done, and its limit stands still"),
    Count.EXTENDED: _of(_DEPARTMENT, _SETTLED, "延期数", "extended",
        "应处置数中获准延期的", "of those to be disposed of, given more time"),
    Count.SUSPENDED: _of(_DEPARTMENT, _SETTLED, "挂账数", "suspended",
        "应处置数中挂过账的", "of those to be disposed of, suspended for a while"),
    Count.DISPOSE_S: _of(_DEPARTMENT, _SETTLED, "处置用时(秒)", "seconds to disposal",
        "从派遣到处置完成,不含挂账", "from assignment to the work done, without suspensions"),
    Count.HANDLED: _of(_DEPARTMENT, _SAID_DONE, "应结案数", "to be closed",
        "部门报告处置完成", "said to be done by the department"),
    Count.CLOSED_IN_TIME: _of(_DEPARTMENT, _SAID_DONE, "按期结案数", "closed, in time",
        "已结案,处置未超期", "closed, and disposed of in time"),
    Count.CLOSED_LATE: _of(_DEPARTMENT, _SAID_DONE, "超期结案数", "closed, late",
        "已结案,处置超期", "closed, and disposed of late"),
    Count.REWORKED: _of(_DEPARTMENT, _SAID_DONE, "返工数", "reworked",
        "核查未通过而返工", "looked at and not done"),
    Count.TO_CLOSE: _of(_DEPARTMENT, _SAID_DONE, "待结案数", "waiting to be closed",
        "尚未核查或结案", "not verified or closed yet"),
    Count.REOPENED: _of(_DEPARTMENT, _DONE, "重新办理数", "reopened",
        "结案后重新办理", "closed, and had to be done again"),
    Count.RATED: _of(_DEPARTMENT, _RATED, "评价数", "ratings",
        "上报人对已结案问题的评价,每件上报以最新一次为准",
        "what reporters say of closed cases, the newest of each report"),
    Count.SATISFIED: _of(_DEPARTMENT, _RATED, "满意数", "satisfied",
        "其中四星和五星的", "of these, four stars or five"),
}
"""Every count, in the order in which tables have them."""
# fmt: on

ONLY_OF_PERSONS: Final = frozenset({Count.SENT, Count.SENT_VALID})
"""What is of no case, and therefore of no cell, area or department."""

IDENTITIES: Final[tuple[tuple[Count, tuple[Count, ...]], ...]] = (
    (Count.NEED, (Count.IN_TIME, Count.LATE, Count.LATE_OPEN)),
    (
        Count.HANDLED,
        (Count.CLOSED_IN_TIME, Count.CLOSED_LATE, Count.REWORKED, Count.TO_CLOSE),
    ),
)
"""What is equal to the sum of what, in every line of every table."""


def counts_of(post: Post) -> tuple[Count, ...]:
    """The counts that tell of the work of a post."""
    return tuple(count for count, meaning in MEANINGS.items() if meaning.post is post)
