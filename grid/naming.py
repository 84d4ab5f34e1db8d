"""Names as people read them: Chinese and English, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

Language = Literal["zh", "en"]
Row = Mapping[str, Any]
"""One JSON object of a part of a city pack."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name in both languages."""

    zh: str
    en: str

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Self:
        """The label written as ``{"zh": …, "en": …}``; KeyError when a language is missing."""
        return cls(row["zh"], row["en"])

    def get(self, language: Language) -> str:
        """The name in one language."""
        return self.zh if language == "zh" else self.en

    def as_dict(self) -> dict[str, str]:
        """The form that is stored and sent."""
        return {"zh": self.zh, "en": self.en}
