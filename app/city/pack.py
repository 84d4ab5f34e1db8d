"""A city pack that was checked: what will be stored, and nothing else."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from app.city.institutions import Person
from grid.components.component import Component
from grid.profile.figures import Figure
from grid.tiling import Tiling


@dataclass(frozen=True, slots=True)
class CityPack:
    """All of a checked pack: JSON parts by name, what lies on the ground, and the people.

    *components* are None when the pack says nothing of them: then those that stand stay. *figures*
    belong to the part ``profile``, which only says what they are.
    """

    parts: dict[str, Any]
    tiling: Tiling
    people: tuple[Person, ...]
    components: tuple[Component, ...] | None = None
    figures: tuple[Figure, ...] = ()


def canonical(content: object) -> str:
    """JSON that is the same for the same content."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(content: object) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()
