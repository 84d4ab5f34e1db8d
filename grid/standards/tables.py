"""What each vintage holds, in both languages, and what an older code became.

Chinese names are those of the standards, English ones ours. The list of CJ/T 214 components is
that of the national text as cities use it; what cities added is not in it.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from grid.catalogue import COMPONENT, MATTER
from grid.naming import Label
from grid.standards.vintage import Vintage

Key = tuple[str, str]
"""Kind (``component`` or ``matter``) and category code; either alone says too little."""

FIRST_CLASS_OF_ACTS: Final = 6
"""Classes 01 to 05 of GB/T 47678.5 matters are the faults of its components."""
_SOS: Final = {"01066": "紧急报警点异常SOS"}
"""The one fault that is not named by writing 异常 behind the component."""
_CLASSES: Final[Mapping[Vintage, Mapping[str, tuple[str, ...]]]] = {
    Vintage.FIVE_DIGIT: {
        COMPONENT: ("市政公用设施", "交通设施", "市容环卫设施", "园林绿化设施", "其他管理部件"),
        MATTER: (
            "市政公用设施类", "交通设施类", "市容环卫设施类", "园林绿化设施类", "其他管理部件类",
            "市容环境类", "宣传广告类", "施工管理类", "街面秩序类", "其他事项类",
        ),
    },
    Vintage.FOUR_DIGIT: {
        COMPONENT: ("公用设施", "道路交通设施", "市容环境设施", "园林绿化设施", "其他部件"),
        MATTER: ("市容环境", "宣传广告", "施工管理", "街面秩序", "突发事件", "其他事件"),
    },
    Vintage.CJT_214: {
        COMPONENT: ("公用设施", "道路交通", "市容环境", "园林绿化", "房屋土地"),
        MATTER: ("市容环境", "宣传广告", "施工管理", "突发事件", "街面秩序"),
    },
}  # fmt: skip
_ENGLISH: Final = {
    "市政公用设施": "Municipal utilities",
    "公用设施": "Public utilities",
    "交通设施": "Traffic installations",
    "道路交通设施": "Traffic installations",
    "道路交通": "Traffic",
    "市容环卫设施": "Cityscape and sanitation installations",
    "市容环境设施": "Cityscape and environment installations",
    "园林绿化设施": "Parks and greening",
    "园林绿化": "Parks and greening",
    "其他管理部件": "Other components",
    "其他部件": "Other components",
    "房屋土地": "Buildings and land",
    "市容环境": "Cityscape and environment",
    "宣传广告": "Publicity and advertising",
    "施工管理": "Construction",
    "街面秩序": "Street order",
    "突发事件": "Emergencies",
    "其他事项": "Other matters",
    "其他事件": "Other events",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a national table. *successor* is the same kind's code in GB/T 47678.5.

    It is None where nothing, or more than one thing, took the place of an older code.
    """

    kind: str
    code: str
    class_name: Label
    name: Label
    successor: str | None

    @property
    def key(self) -> Key:
        """Kind and code."""
        return self.kind, self.code


@cache
def table(vintage: Vintage) -> Mapping[Key, Entry]:
    """All codes of a vintage by kind and code, components first."""
    lines = {
        Vintage.FIVE_DIGIT: _five_digit,
        Vintage.FOUR_DIGIT: _four_digit,
        Vintage.CJT_214: _cjt_214,
    }[vintage]()
    ordered = sorted(lines, key=lambda line: (line[0], line[1]))
    return {(kind, code): _entry(vintage, kind, code, *rest) for kind, code, *rest in ordered}


def class_name(vintage: Vintage, kind: str, class_code: str) -> Label:
    """What a class is called; KeyError for a class that the vintage has not."""
    names = _CLASSES[vintage][kind]
    number = int(class_code)
    if not 1 <= number <= len(names):
        raise KeyError(class_code)
    zh = names[number - 1]
    return Label(zh, _ENGLISH[zh.removesuffix("类")])


def _entry(vintage: Vintage, kind: str, code: str, zh: str, en: str, successor: str) -> Entry:
    return Entry(kind, code, class_name(vintage, kind, code[:2]), Label(zh, en), successor or None)


_Line = tuple[str, str, str, str, str]
"""Kind, code, Chinese and English name, successor."""


def _five_digit() -> Iterator[_Line]:
    for one in _read("gb47678_5.csv"):
        code, zh, en = one["code"], one["name_zh"], one["name_en"]
        if int(code[:2]) < FIRST_CLASS_OF_ACTS:
            yield COMPONENT, code, zh, en, code
            yield MATTER, code, _SOS.get(code, f"{zh}异常"), f"{en}: fault", code
        else:
            yield MATTER, code, zh, en, code


def _four_digit() -> Iterator[_Line]:
    """What the rule gives (the middle 0 falls, classes of acts begin at 01), and the rest."""
    rest = _read("four_digit.csv")
    moved = {(one["kind"], one["successor"]) for one in rest}
    for kind, code, zh, en, successor in _five_digit():
        act = int(code[:2]) >= FIRST_CLASS_OF_ACTS
        if (kind == COMPONENT or act) and (kind, code) not in moved:
            class_number = int(code[:2]) - (FIRST_CLASS_OF_ACTS - 1 if act else 0)
            yield kind, f"{class_number:02d}{code[3:]}", zh, en, successor
    yield from map(_as_written, rest)


def _cjt_214() -> Iterator[_Line]:
    return map(_as_written, _read("cjt214.csv"))


def _as_written(one: Mapping[str, str]) -> _Line:
    return one["kind"], one["code"], one["name_zh"], one["name_en"], one["successor"]


def _read(name: str) -> list[dict[str, str]]:
    text = (files("grid.standards") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
