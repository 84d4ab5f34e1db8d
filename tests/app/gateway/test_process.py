"""The MQTT process says in one line why it cannot begin."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import typer
from pydantic import ValidationError

from app.commands.mqtt import mqtt
from app.settings import Settings


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """The command sets up the logs of its process, which here is that of all tests."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_without_a_broker_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CITY_DATABASE_URL", "postgresql://nowhere")

    with pytest.raises(typer.Exit) as ended:
        mqtt()

    assert ended.value.exit_code == 2
    assert "CITY_MQTT_URL" in capsys.readouterr().err


def test_a_map_that_cannot_work_is_told_with_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    file = tmp_path / "map.toml"
    file.write_text('[[topic]]\ntopic = "a/#/b"\n')
    monkeypatch.setenv("CITY_DATABASE_URL", "postgresql://nowhere")
    monkeypatch.setenv("CITY_MQTT_URL", "mqtt://nowhere")
    monkeypatch.setenv("CITY_MQTT_MAP_FILE", str(file))

    with pytest.raises(typer.Exit) as ended:
        mqtt()

    assert ended.value.exit_code == 2
    assert f"{file}: [[topic]] 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["broker", "http://broker", "mqtt://", "mqtt://broker/topic", "mqtts://me:word@broker"]
)
def test_an_address_that_is_none_or_holds_a_password_is_refused(url: str):
    with pytest.raises(ValidationError, match="mqtt_url") as told:
        Settings(database_url="postgresql://nowhere", mqtt_url=url)

    assert "must be mqtt://" in str(told.value) or "CREDENTIALS_FILE" in str(told.value)
