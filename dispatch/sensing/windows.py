"""Samples that are too late for everything but the short form of a rule.

An alarm of a window is told by device, rule and window alone, so a sample raises it however late it
is: whoever keeps alarms knows the key if it was raised before.
"""

from __future__ import annotations

from collections.abc import Iterator

from dispatch.sensing.alarm import AlarmChange, alarm_key, moment
from dispatch.sensing.calm import Block
from dispatch.sensing.courses import Course
from dispatch.sensing.plan import Plan


def late_windows(plan: Plan, block: Block) -> Iterator[AlarmChange]:
    """The alarms of windows that these samples cross in, each once, as ended with its window.

    *block* is in order of time for each device, so the first sample that crosses is told.
    """
    seen: set[tuple[str, int, int]] = set()
    for number, at, value in zip(*(column.tolist() for column in block), strict=True):
        for course in plan.courses.listening.get(number, ()):
            window_ms = course.terms.rule.window_ms
            if window_ms and course.terms.tests[0][1](value):
                start = at - at % window_ms
                if (key := (*course.key, start)) not in seen:
                    seen.add(key)
                    yield _change(course, start, at, value)


def _change(course: Course, start: int, at: int, value: float) -> AlarmChange:
    rule, level = course.terms.rule, course.terms.tests[0][0]
    return AlarmChange(
        key=alarm_key(course.device, rule.name, moment(start)),
        device=course.device,
        rule=rule.name,
        kind="raised",
        at=moment(at),
        level=level,
        highest=level,
        first_at=moment(start),
        started_at=moment(start),
        ended_at=moment(start + rule.window_ms),
        flaps=0,
        value=value,
        facts={"too_late": True},
    )
