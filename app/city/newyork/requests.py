"""What a day of 311 requests tells about New York as a whole: complaint types and agencies.

Only the type decides: each goes to the agency that took most of its requests.
"""

import csv
import gzip
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.city.newyork.names import AGENCIES, CALL_CENTRE

MOST_KEYWORDS: Final = 6
POLICE: Final = "NYPD"
SEVERITY: Final = "3"
Line = dict[str, str]


@dataclass(frozen=True, slots=True)
class ComplaintType:
    """A type of complaint, the agency that answers for it, and the commonest descriptors."""

    name: str
    agency: str
    descriptors: tuple[str, ...]

    @property
    def code(self) -> str:
        """The name with everything but letters and digits as dashes; capitals tell types apart."""
        return re.sub(r"[^0-9A-Za-z]+", "-", self.name).strip("-")


@dataclass(frozen=True, slots=True)
class Learned:
    """The types by name, and the full name of each agency by its abbreviation."""

    types: tuple[ComplaintType, ...]
    agencies: dict[str, str]


def learn(path: Path) -> Learned:
    """Count the requests of a gzipped CSV file by type and agency."""
    agencies: dict[str, str] = {}
    taken: dict[str, Counter[str]] = defaultdict(Counter)
    described: dict[str, Counter[str]] = defaultdict(Counter)
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            name = row["Complaint Type"]
            agencies[row["Agency"]] = row["Agency Name"]
            taken[name][row["Agency"]] += 1
            described[name][row["Descriptor"].replace(";", ",")] += 1
    types = [ComplaintType(name, _most(taken[name])[0], _most(described[name])) for name in taken]
    return Learned(tuple(sorted(types, key=lambda one: one.name)), agencies)


def _most(counts: Counter[str]) -> tuple[str, ...]:
    """The commonest values that are not empty; equal counts in alphabetical order."""
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    return tuple(value for value in ordered if value)[:MOST_KEYWORDS]


def departments(learned: Learned) -> list[Line]:
    """The agencies, and the call centre that takes what nobody answers for."""
    agencies = [
        _department(code, AGENCIES.get(code, name), name, "agency", "")
        for code, name in sorted(learned.agencies.items())
    ]
    return [_department(CALL_CENTRE, "纽约市311", "NYC 311", "centre", "311"), *agencies]


def _department(code: str, zh: str, en: str, kind: str, phone: str) -> Line:
    return {"code": code, "name_zh": zh, "name_en": en, "kind": kind, "phone": phone}


def catalogue(learned: Learned) -> list[Line]:
    """The complaint types, in classes by agency."""
    return [
        {
            "kind": "matter",
            "class": one.agency,
            "class_zh": AGENCIES.get(one.agency, learned.agencies[one.agency]),
            "class_en": learned.agencies[one.agency],
            "code": one.code,
            "name_zh": one.name,
            "name_en": one.name,
            "severity": SEVERITY,
            "reportable": "true",
            "keywords": ";".join(one.descriptors),
        }
        for one in learned.types
    ]


def jurisdiction(learned: Learned) -> list[Line]:
    """One line per complaint type, for the whole city."""
    return [{"category": one.code, "area": "", "department": one.agency} for one in learned.types]


def limits(learned: Learned) -> list[Line]:
    """Eight hours around the clock for the police, five working days for everybody else."""
    police = [_limit(one.code, "8", "urgent_hour") for one in learned.types if one.agency == POLICE]
    return [*police, _limit("*", "5", "work_day")]


def _limit(category: str, amount: str, unit: str) -> Line:
    return {
        "category": category,
        "condition": "any",
        "name_zh": "任何情况",
        "name_en": "In any case",
        "milestone": "resolve",
        "amount": amount,
        "unit": unit,
        "default": "true",
    }
