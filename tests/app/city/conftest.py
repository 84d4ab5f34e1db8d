"""A pack for each test of the checks, sound until the test spoils it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.city.makers import write_pack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound pack."""
    return write_pack(tmp_path)
