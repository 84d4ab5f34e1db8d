"""These tests start their own servers, whatever the environment names."""

import pytest

from app.services.control import VARIABLES


@pytest.fixture(autouse=True)
def _no_servers_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
