"""Who walks the cells of the demo city: two duty grids a street by day, one by night."""

from collections.abc import Iterator
from typing import Final

from app.city.yunxi.catalogue import Line
from app.city.yunxi.tiling import Tiling
from grid.naming import Label

BY_DAY, BY_NIGHT = "patrol", "night"
_MORNING, _AFTERNOON = ("07:30", "11:30"), ("14:00", "18:00")
_NIGHT: Final = ("22:00", "06:00")
_WORKDAYS, _WEEKEND, _BEFORE_WORKDAYS = "1-5", "6;7", "7;1;2;3;4"


def duty_grids(tiling: Tiling) -> list[Line]:
    """The communities of each street in two halves, and by night the whole street at once."""
    areas = tiling.areas.to_dict("records")
    streets = [area for area in areas if area["level"] == "street"]
    return [
        line
        for number, street in enumerate(streets, start=1)
        for line in _of_street(
            number,
            Label(street["name_zh"], street["name_en"].removesuffix(" Office")),
            [area["code"] for area in areas if area["parent"] == street["code"]],
        )
    ]


def _of_street(number: int, name: Label, communities: list[str]) -> Iterator[Line]:
    # The first has one more where they are odd; a street of one community has one duty grid.
    middle = (len(communities) + 1) // 2
    for half, members in enumerate((communities[:middle], communities[middle:]), start=1):
        if members:
            yield {
                "code": f"D{number:03d}-{half}",
                "kind": BY_DAY,
                "name_zh": f"{name.zh}第{half}责任网格",
                "name_en": f"{name.en} duty grid {half}",
                "cells": ";".join(members),
            }
    yield {
        "code": f"N{number:03d}",
        "kind": BY_NIGHT,
        "name_zh": f"{name.zh}夜间责任网格",
        "name_en": f"{name.en} by night",
        "cells": ";".join(communities),
    }


def duty_shifts(
    tiling: Tiling, duty_grids: list[Line], inspectors: dict[str, list[str]]
) -> list[Line]:
    """On workdays one inspector each, twice a day; at weekends by turns; at night the third.

    *inspectors* are the logins by street.
    """
    lines: list[Line] = []
    for number, street in enumerate(tiling.codes("street"), start=1):
        first, second, third = inspectors[street]
        halves = [one["code"] for one in duty_grids if one["code"].startswith(f"D{number:03d}-")]
        for code, login in zip(halves, (first, second), strict=False):
            lines += [_shift(code, login, _WORKDAYS, _MORNING)]
            lines += [_shift(code, login, _WORKDAYS, _AFTERNOON)]
        for weekday, login in zip(_WEEKEND.split(";"), (first, second), strict=True):
            for code, period in zip(halves, (_MORNING, _AFTERNOON), strict=False):
                lines.append(_shift(code, login, weekday, period))
        lines.append(_shift(f"N{number:03d}", third, _BEFORE_WORKDAYS, _NIGHT))
    return lines


def _shift(duty_grid: str, person: str, weekdays: str, period: tuple[str, str]) -> Line:
    begin, end = period
    return {
        "grid": duty_grid,
        "person": person,
        "weekdays": weekdays,
        "begin": begin,
        "end": end,
    }
