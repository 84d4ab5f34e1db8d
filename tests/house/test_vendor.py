"""Third-party front-end files are the recorded ones and carry their licences."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.house.repository import ROOT

WEB: Final = ROOT / "maps" / "web"
LIST: Final = json.loads((WEB / "vendor.json").read_text())


def test_every_file_is_there_and_is_the_recorded_one():
    vendor = ROOT / "maps" / "static" / "vendor"

    wrong = [
        f"{folder}/{name}"
        for folder, files in LIST.items()
        for name, entry in files.items()
        if hashlib.sha256((vendor / folder / name).read_bytes()).hexdigest() != entry["sha256"]
    ]

    assert not wrong


def test_every_folder_carries_its_licence_and_says_its_version():
    packages = json.loads((WEB / "package.json").read_text())["dependencies"]

    assert {folder.rpartition("-")[0]: folder.rpartition("-")[2] for folder in LIST} == packages
    assert all(any(name.startswith("LICENSE") for name in files) for files in LIST.values())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A tree with the vendor step, its list and one node_modules file that is right."""
    (tmp_path / "setup").mkdir()
    shutil.copy(ROOT / "setup" / "vendor.py", tmp_path / "setup")
    installed = tmp_path / "maps" / "web" / "node_modules" / "thing" / "dist"
    installed.mkdir(parents=True)
    (installed / "thing.js").write_text("export {};")
    digest = hashlib.sha256(b"export {};").hexdigest()
    entry = {"from": "thing/dist/thing.js", "sha256": digest}
    listing = {"thing-1.0": {"thing.js": entry}}
    (tmp_path / "maps" / "web" / "vendor.json").write_text(json.dumps(listing))
    return tmp_path


def vendor_step(tree: Path) -> subprocess.CompletedProcess[str]:
    # An empty PATH holds no npm: what is not at hand cannot be brought.
    command = [sys.executable, tree / "setup" / "vendor.py"]
    return subprocess.run(
        command, env={"PATH": str(tree)}, capture_output=True, text=True, check=False
    )


def test_a_file_at_hand_is_taken_without_npm(copy: Path):
    done = vendor_step(copy)

    assert done.returncode == 0, done.stderr
    taken = copy / "maps" / "static" / "vendor" / "thing-1.0" / "thing.js"
    assert taken.read_text() == "export {};"


def test_a_file_that_differs_is_not_taken(copy: Path):
    source = copy / "maps" / "web" / "node_modules" / "thing" / "dist" / "thing.js"
    source.write_text("steal();")

    done = vendor_step(copy)

    assert done.returncode == 1
    assert "apt-get install npm" in done.stderr
    assert not (copy / "maps" / "static" / "vendor" / "thing-1.0" / "thing.js").exists()
