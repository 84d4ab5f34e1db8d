"""The compose file cannot be run here, so it is read: complete, and without a default password."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
import yaml

from app.settings import Settings
from tests.house.repository import ROOT

OUR_PROCESSES = {"web", "worker", "clock", "notifier", "mqtt", "migrate"}
RUNS_ONCE = {"migrate"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_it_describes_the_whole_system(compose: dict[str, Any]):
    assert set(compose["services"]) == OUR_PROCESSES | {"postgres", "redis", "kafka", "mosquitto"}


def test_every_lasting_service_has_a_health_check(compose: dict[str, Any]):
    unchecked = [
        name
        for name, service in compose["services"].items()
        if name not in RUNS_ONCE and not service.get("healthcheck", {}).get("test")
    ]

    assert not unchecked


def test_every_volume_is_named_and_declared(compose: dict[str, Any]):
    used = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }

    assert used == set(compose["volumes"])


def test_no_password_has_a_default():
    text = (ROOT / "docker-compose.yml").read_text()
    settings = "\n".join(line for line in text.splitlines() if not line.startswith("#"))

    uses = re.findall(r"(?<!\$)\$\{(\w*PASSWORD\w*)(.*?)\}", settings)
    values = re.findall(r"^\s+\w*PASSWORD\w*: (.*)$", settings, re.MULTILINE)

    assert uses
    assert {rest.partition("?")[0] for _, rest in uses} == {":"}
    assert values
    assert all(value.startswith("${") for value in values)


def test_only_the_web_process_has_a_port_and_only_on_loopback(compose: dict[str, Any]):
    ports = {name: s["ports"] for name, s in compose["services"].items() if "ports" in s}

    assert set(ports) == {"web"}
    assert all(port.startswith("127.0.0.1:") for port in ports["web"])


def test_workers_can_be_scaled(compose: dict[str, Any]):
    worker = compose["services"]["worker"]

    assert not {"container_name", "ports", "hostname"} & set(worker)


@pytest.mark.parametrize("name", sorted(OUR_PROCESSES - RUNS_ONCE))
def test_our_processes_wait_for_healthy_servers_and_the_migration(
    compose: dict[str, Any], name: str
):
    awaited = compose["services"][name]["depends_on"]

    assert {server: what["condition"] for server, what in awaited.items()} == {
        "postgres": "service_healthy",
        "redis": "service_healthy",
        "kafka": "service_healthy",
        "migrate": "service_completed_successfully",
    }


def test_every_setting_it_makes_is_one_we_read(compose: dict[str, Any]):
    made = {
        variable
        for name in OUR_PROCESSES
        for variable in compose["services"][name]["environment"]
        if variable.startswith("CITY_")
    }
    image = set(re.findall(r"\b(CITY_\w+)=", (ROOT / "Dockerfile").read_text()))

    assert made | image <= {f"CITY_{field.upper()}" for field in Settings.model_fields}


def test_its_broker_is_the_version_that_the_tests_run(compose: dict[str, Any]):
    pom = ET.parse(ROOT / "app" / "services" / "kafka" / "pom.xml")
    namespace = {"m": "http://maven.apache.org/POM/4.0.0"}

    version = pom.findtext("m:version", namespaces=namespace)

    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{version}"


def test_the_image_runs_without_root_from_hashed_packages():
    lines = (ROOT / "Dockerfile").read_text()
    last_stage = lines.rpartition("\nFROM ")[2]

    assert re.search(r"^USER citygrid$", last_stage, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", last_stage, re.MULTILINE)
    assert "--require-hashes" in lines
    assert "pip install" not in last_stage
