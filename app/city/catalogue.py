"""The part ``catalogue``: categories, what is asked about them, and one vintage of codes only."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final

from app.city.lines import FirstSeen, Line
from app.city.reading import Sheet
from grid import question
from grid.catalogue import COMPONENT, MATTER
from grid.errors import BadCategoryCode
from grid.standards.codes import CategoryCode
from grid.standards.tables import table
from grid.standards.vintage import Vintage

Part = list[dict[str, Any]]
FILE: Final = "catalogue.csv"
QUESTIONS_FILE: Final = "questions.csv"
COLUMNS: Final = (
    "kind", "class", "class_zh", "class_en", "code", "name_zh", "name_en", "severity",
    "reportable", "keywords",
)  # fmt: skip
QUESTIONS: Final = ("category", "attribute", "name_zh", "name_en", "kind", "required", "choices")
OWN_RANGE: Final = "classes 90 to 99, or categories whose last two digits are 90 to 99"


def categories(sheet: Sheet, standard: str, departments: Collection[str] | None) -> Part:
    """The categories; a code stands once per kind and belongs to the vintage of *standard*.

    *standard* is what ``city.toml`` names; a city's own numbering is taken as it is.
    """
    vintage = Vintage.named(standard)
    seen = FirstSeen()
    part: Part = []
    for line in sheet.lines:
        row = _category(line, standard, departments)
        seen.check(line, "code", (row["kind"], row["code"]), f"{row['kind']} {row['code']!r}")
        if vintage and row["kind"] and row["code"]:
            _check_vintage(line, row, vintage)
        part.append(row)
    return part


def _category(line: Line, standard: str, departments: Collection[str] | None) -> dict[str, Any]:
    return {
        "row": line.row,
        "code": line.code(),
        "kind": line.choice("kind", (COMPONENT, MATTER)),
        "class": line.code("class"),
        "class_name": line.label("class"),
        "name": line.label(),
        "severity": line.whole("severity", 1, 4),
        "reportable": line.flag("reportable"),
        "keywords": line.items("keywords"),
        "standard_ref": line.text("standard_ref", empty=True) or standard,
        "department": line.known_or_empty("department", departments, "department") or None,
        "questions": [],
    }


def _check_vintage(line: Line, row: dict[str, Any], vintage: Vintage) -> None:
    """Refuse a line of another vintage: by its standard, its digits, or its name."""
    other = Vintage.named(row["standard_ref"])
    if other not in (None, vintage):
        problem = f"it is of {other}, the catalogue of {vintage}: vintages cannot be mixed"
        line.wrong("standard_ref", problem, "Renumber it, see docs/city-pack.md")
        return
    code = _parsed(line, row["code"], vintage)
    if code is None:
        return
    national = table(vintage).get((row["kind"], code.text))
    if national is None and not code.is_own:
        problem = f"{vintage} has no {row['kind']} {code.text!r}"
        line.wrong("code", problem, f"Correct it; a city's own are {OWN_RANGE}")
    elif national and national.name.zh != row["name"]["zh"]:
        _check_name(line, row, vintage, national.name.zh)


def _parsed(line: Line, text: str, vintage: Vintage) -> CategoryCode | None:
    try:
        return CategoryCode.parse(text, vintage)
    except BadCategoryCode as err:
        fits = [str(one) for one in Vintage if len(text) == one.category_digits]
        hint = f"; so long are those of {' and '.join(fits)}" if fits else ""
        problem = f"{text!r}: {err.reason}{hint}"
        line.wrong("code", problem, "Name the right catalogue_standard, or renumber the line")
        return None


def _check_name(line: Line, row: dict[str, Any], vintage: Vintage, ours: str) -> None:
    """The two vintages of four digits can only be told apart by what a code is called."""
    for other in Vintage:
        found = table(other).get((row["kind"], row["code"]))
        if other is not vintage and found and found.name.zh == row["name"]["zh"]:
            problem = f"{row['code']} is {found.name.zh} in {other}, but {ours} in {vintage}"
            line.wrong("name_zh", problem, "Keep to one vintage, see docs/city-pack.md")


def ask(sheet: Sheet, part: Part) -> None:
    """Give the matters of *part* the questions of ``questions.csv``."""
    matters = [row for row in part if row["kind"] == MATTER]
    codes = {row["code"] for row in matters}
    beginnings = {code[:length] for code in codes for length in range(1, len(code) + 1)} | {"*"}
    seen = FirstSeen()
    by_category: dict[str, Part] = defaultdict(list)
    for line in sheet.lines:
        category = line.known("category", beginnings, "category")
        asked = _question(line)
        seen.check(line, "attribute", (category, asked["attribute"]), f"{asked['attribute']!r}")
        by_category[category].append(asked)
    for row in matters:
        row["questions"] = _questions_of(row["code"], by_category)


def _questions_of(code: str, by_category: dict[str, Part]) -> Part:
    """All questions of a category; what is written for it goes before what is for its class."""
    written = ["*", *(code[:length] for length in range(1, len(code) + 1))]
    found = {one["attribute"]: one for category in written for one in by_category.get(category, ())}
    return list(found.values())


def _question(line: Line) -> dict[str, Any]:
    kind = line.choice("kind", question.KINDS)
    choices = [_choice(line, item) for item in line.items("choices")]
    if (kind == question.CHOICE) != bool(choices):
        problem = "a choice needs choices, and nothing else has them"
        line.wrong("choices", problem, "Write code=中文=English; code=中文=English")
    return {
        "attribute": line.code("attribute"),
        "text": line.label(),
        "kind": kind,
        "required": line.flag("required"),
        "choices": choices,
    }


def _choice(line: Line, item: str) -> dict[str, Any]:
    parts: Sequence[str] = [part.strip() for part in item.split("=")]
    if len(parts) != 3 or not all(parts):
        line.wrong("choices", f"{item!r} is no choice", "Write code=中文=English")
        return {"code": item, "name": {"zh": item, "en": item}}
    code, zh, en = parts
    return {"code": code, "name": {"zh": zh, "en": en}}


def default_duties(part: Part) -> Part:
    """The duties that the ``department`` column gives: for what no line of duties speaks of."""
    return [
        {
            "row": row["row"],
            "category": row["code"],
            "area": "",
            "department": row["department"],
            "default": True,
        }
        for row in part
        if row["kind"] == MATTER and row["department"]
    ]
