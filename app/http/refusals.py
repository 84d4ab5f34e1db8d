"""What a person is told whose order was not carried out, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.problems import Fault, Problem
from dispatch.postgres.cases import StoredEvent
from dispatch.workflow import errors as err
from dispatch.workflow.merging import Obstacle
from dispatch.workflow.moves import Move
from dispatch.workflow.variant import Variant
from dispatch.workflow.words import GIVEN_NAMES, MOVE_NAMES
from grid.naming import Label

_MISSING: Final = {
    err.MissingReason: ("reason", Label("请在 reason 中填写理由", "say why in the field 'reason'")),
    err.MissingDepartment: (
        "department",
        Label("请在 department 中指明部门", "name a department in the field 'department'"),
    ),
    err.MissingDeadline: (
        "until",
        Label("请在 until 中给出新的时限", "give the new deadline in the field 'until'"),
    ),
    err.MissingCorrection: (
        "category",
        Label(
            "请给出更正后的 category，或 lon、lat 和 datum",
            "tell another 'category', or 'lon', 'lat' and 'datum'",
        ),
    ),
    err.MissingPhoto: (
        "photos",
        Label(
            "请在 photos 中给出本案件的照片编号", "name photos of the case in the field 'photos'"
        ),
    ),
    err.MissingSeverity: (
        "severity",
        Label("请在 severity 中给出等级(1 最重,4 最轻)", "give 1, most severe, to 4 in 'severity'"),
    ),
    err.MissingCase: (
        "case",
        Label("请在 case 中给出要并入的案卷", "give the id of the case to merge into in 'case'"),
    ),
}


def refusal(
    refused: err.MoveRefused, move: Move, variant: Variant, since: Sequence[StoredEvent] = ()
) -> Problem:
    """The answer to an order that was refused.

    *since* is what happened to the case after the version that the person was looking at.
    """
    name = variant.names.get(move) or MOVE_NAMES[move]
    for kind, (field, remedy) in _MISSING.items():
        if isinstance(refused, kind):
            told = Label(f"“{name.zh}”{remedy.zh}", f"{move} is incomplete: {remedy.en}")
            fault = Fault(field, "is missing", remedy.en)
            return Problem(422, str(refused), fault, told=told)
    match refused:
        case err.StaleCase():
            return _stale(refused, since)
        case err.OwnWork():
            told = Label("处置人不得核查自己处置的案件", str(refused))
            return Problem(403, str(refused), told=told)
        case err.OwnRequest():
            told = Label("申请人不得批准自己的申请", str(refused))
            return Problem(403, str(refused), told=told)
        case err.BadDeadline():
            return _bad_deadline(refused)
        case err.CannotMerge():
            return _cannot_merge(refused)
        case err.AlreadyInvolved() | err.NoPart():
            return _wrong_department(refused)
        case err.OutsideGrid() | err.NothingCorrected() | err.CannotCorrect():
            return _not_corrected(refused)
        case _:
            return Problem(409, str(refused), told=Label(_in_the_way(refused, name), str(refused)))


def _in_the_way(refused: err.MoveRefused, name: Label) -> str:
    match refused:
        case err.SwitchedOff():
            return f"本市未启用“{name.zh}”"
        case err.NothingRuns():
            return f"案件没有正在计时的时限,不能“{name.zh}”;已超期的可以申诉"
        case err.SameSeverity():
            return f"案件已是 {refused.severity} 级,请给出其他等级"
        case err.MergedFurther():
            return f"案卷 {refused.case_id} 已再并入案卷 {refused.into},请先撤销该次并案"
        case err.NotNow():
            words = [_in_chinese(one) for one in refused.missing]
            return f"不能“{name.zh}”:案件须{'、'.join(words)}"
        case _:
            return f"案件当前状态不能“{name.zh}”"


def _in_chinese(missing: str) -> str:
    known = {str(given): label.zh for given, label in GIVEN_NAMES.items()}
    return known.get(missing, "本部门尚未签收")


def _stale(stale: err.StaleCase, since: Sequence[StoredEvent]) -> Problem:
    """What has changed since and by whom, so that nobody has to look for it."""
    faults = [
        Fault("version", f"{event.actor}: {event.kind}", f"version {event.seq}, {event.at:%FT%TZ}")
        for event in since
    ]
    who = ", ".join(dict.fromkeys(f"{event.kind} by {event.actor}" for event in since))
    actors = "、".join(dict.fromkeys(event.actor for event in since))
    told = Label(
        f"案件已{f'由 {actors} ' if actors else ''}更新到第 {stale.now} 版"
        f"(您看到的是第 {stale.seen} 版),请核对后再操作",
        f"{stale}: {who}" if who else str(stale),
    )
    return Problem(409, told.en, *faults, told=told)


_OBSTACLES: Final = {
    Obstacle.UNKNOWN: "不存在",
    Obstacle.ITSELF: "就是本案卷",
    Obstacle.ENDED: "已经结束",
    Obstacle.SUSPENDED: "已挂账,不在计时",
    Obstacle.LESS_SEVERE: "等级较轻,请先为其定级",
}


def _cannot_merge(refused: err.CannotMerge) -> Problem:
    obstacle = Obstacle(refused.obstacle)
    fault = Fault("case", f"case {refused.other} {obstacle}", "name an open case as severe as this")
    zh = f"不能并入案卷 {refused.other}:该案卷{_OBSTACLES[obstacle]}"
    return Problem(409, str(refused), fault, told=Label(zh, str(refused)))


def _bad_deadline(bad: err.BadDeadline) -> Problem:
    remedy = f"after {bad.after.isoformat()} and no later than {bad.latest.isoformat()}"
    fault = Fault("until", f"{bad.until.isoformat()} cannot be the new deadline", remedy)
    zh = f"新的时限须晚于 {bad.after.isoformat()},且不迟于 {bad.latest.isoformat()}"
    return Problem(422, str(bad), fault, told=Label(zh, str(bad)))


def _not_corrected(
    refused: err.OutsideGrid | err.NothingCorrected | err.CannotCorrect,
) -> Problem:
    match refused:
        case err.OutsideGrid():
            told = Label("该位置不在任何单元网格内", str(refused))
            fault = Fault("lon", "no cell holds the position", "take one within the city")
            return Problem(422, str(refused), fault, told=told)
        case err.NothingCorrected():
            told = Label("案件的类别、时限和位置已经如此，无需更正", str(refused))
            return Problem(409, str(refused), told=told)
        case err.CannotCorrect():
            zh = f"按本市规则无法这样更正：{refused.reason}"
            fault = Fault("category", refused.reason, "take another category, condition or place")
            return Problem(422, str(refused), fault, told=Label(zh, str(refused)))


def _wrong_department(refused: err.AlreadyInvolved | err.NoPart) -> Problem:
    if isinstance(refused, err.NoPart):
        zh, remedy = "该部门在本案件中没有未完成的协办任务", "one whose help is waited for"
    else:
        zh, remedy = "该部门已主办或协办本案件", "another department, or release its part first"
    fault = Fault("department", str(refused), remedy)
    return Problem(409, str(refused), fault, told=Label(zh, str(refused)))
