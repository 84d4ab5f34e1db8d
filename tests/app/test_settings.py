"""Every setting is told in docs/settings.md, with its default and what it does."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(r"\| `(CITY_[A-Z_]+)` \| (.*?) \| (.*?) \|")


def default_as_told(value: object) -> str:
    """A default as the page writes it."""
    match value:
        case None:
            return "–"
        case timedelta():
            return f"`PT{value.total_seconds():.0f}S`"
        case _:
            return f"`{value}`"


def test_every_setting_is_documented_with_its_default_and_meaning():
    told = {name: (default, meaning) for name, default, meaning in ROW.findall(PAGE.read_text())}
    expected = {
        f"CITY_{name.upper()}": (
            "required" if field.is_required() else default_as_told(field.default),
            field.description,
        )
        for name, field in Settings.model_fields.items()
    }

    assert told == expected


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CITY_DATABASE_URL", "postgresql://here")
    monkeypatch.setenv("CITY_SESSION_IDLE", "PT10M")

    settings = Settings()  # pyright: ignore[reportCallIssue]

    assert settings.session_idle == timedelta(minutes=10)


def test_a_setting_that_cannot_be_is_refused():
    with pytest.raises(ValidationError, match="intake_batch"):
        Settings(database_url="postgresql://here", intake_batch=0)


@pytest.mark.parametrize(
    ("address", "secure"),
    [(None, False), ("http://127.0.0.1:8000", False), ("https://grid.example", True)],
)
def test_cookies_are_secure_where_people_come_by_https(address: str | None, secure: bool):
    assert Settings(database_url="postgresql://", public_url=address).is_https is secure
