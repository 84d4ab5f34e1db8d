"""How moves and conditions are said to people, in both languages; a city may name moves itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dispatch.workflow.given import Given
from dispatch.workflow.moves import Move
from grid.naming import Label

MOVE_NAMES: Final[Mapping[Move, Label]] = {
    Move.ACCEPT: Label("受理", "Accept"),
    Move.REJECT: Label("不予受理", "Do not accept"),
    Move.ASK_CHECK: Label("派核实", "Ask for a check"),
    Move.CONFIRM: Label("核实属实", "Report is true"),
    Move.REFUTE: Label("核实不属实", "Report is not true"),
    Move.FILE: Label("立案", "File"),
    Move.VOID: Label("不予立案", "Refuse"),
    Move.CORRECT: Label("更正", "Correct"),
    Move.RETURN: Label("退回受理", "Return to the door"),
    Move.ASSIGN: Label("派遣", "Assign"),
    Move.SEND_BACK: Label("退回", "Send back"),
    Move.TAKE: Label("签收", "Take"),
    Move.PROGRESS: Label("进展反馈", "Tell progress"),
    Move.TRANSFER: Label("移交", "Transfer"),
    Move.INVOLVE: Label("增加协办", "Involve a helper"),
    Move.FINISH_PART: Label("协办完成", "Own part done"),
    Move.RELEASE_PART: Label("解除协办", "Release a helper"),
    Move.ASK_EXTENSION: Label("申请延期", "Ask for more time"),
    Move.EXTEND: Label("同意延期", "Give more time"),
    Move.REFUSE_EXTENSION: Label("不同意延期", "Give no more time"),
    Move.SUSPEND: Label("挂账", "Suspend"),
    Move.RESUME: Label("恢复办理", "Resume"),
    Move.HANDLE: Label("处置完成", "Work done"),
    Move.SELF_HANDLE: Label("自行处置", "Set right on the spot"),
    Move.REWORK: Label("返工", "Rework"),
    Move.VERIFY: Label("核查通过", "Verify"),
    Move.CLOSE: Label("结案", "Close"),
    Move.SUPERVISE: Label("督办", "Order supervision"),
    Move.APPEAL: Label("超期申诉", "Appeal against lateness"),
    Move.EXCUSE: Label("同意申诉", "Excuse the lateness"),
    Move.REFUSE_APPEAL: Label("驳回申诉", "Refuse the appeal"),
    Move.REOPEN: Label("重新办理", "Reopen"),
    Move.GRADE: Label("定级", "Grade"),
    Move.MERGE: Label("并案", "Merge"),
    Move.UNMERGE: Label("撤销并案", "Take out again"),
}

GIVEN_NAMES: Final[Mapping[Given, Label]] = {
    Given.NOT_ACCEPTED: Label("尚未受理", Given.NOT_ACCEPTED),
    Given.CHECK_ASKED: Label("正在核实", Given.CHECK_ASKED),
    Given.NO_CHECK_ASKED: Label("不在核实中", Given.NO_CHECK_ASKED),
    Given.NOT_IN_DOUBT: Label("不在核实中且未被核实为不属实", Given.NOT_IN_DOUBT),
    Given.NOT_TAKEN: Label("尚有部门未签收", Given.NOT_TAKEN),
    Given.RUNNING: Label("未挂账", Given.RUNNING),
    Given.SUSPENDED: Label("已挂账", Given.SUSPENDED),
    Given.EXTENSION_ASKED: Label("有待答复的延期申请", Given.EXTENSION_ASKED),
    Given.NO_EXTENSION_ASKED: Label("没有待答复的延期申请", Given.NO_EXTENSION_ASKED),
    Given.PARTS_ENDED: Label("没有未完成的协办", Given.PARTS_ENDED),
    Given.PARTS_OPEN: Label("有未完成的协办", Given.PARTS_OPEN),
    Given.LATE: Label("已超期且此次超期未申诉", Given.LATE),
    Given.APPEALED: Label("有待答复的申诉", Given.APPEALED),
    Given.MERGED: Label("已并入其他案卷", Given.MERGED),
}
