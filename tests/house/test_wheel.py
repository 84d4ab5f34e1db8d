"""What is installed holds everything that runs; a deployment needs neither npm nor the clone."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests.house.repository import ROOT, tracked_files

PACKAGES: Final = ("app", "maps", "streams", "dispatch", "grid", "geo")
ONLY_FOR_BUILDING: Final = ("maps/web/",)


def shipped_from(path: Path) -> bool:
    name = str(path.relative_to(ROOT))
    return name.startswith(tuple(f"{package}/" for package in PACKAGES)) and not name.startswith(
        ONLY_FOR_BUILDING
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel built from a copy of the tracked files and the vendored ones."""
    tree = tmp_path_factory.mktemp("wheel")
    vendored = [path for path in (ROOT / "maps/static/vendor").rglob("*") if path.is_file()]
    named = [ROOT / "pyproject.toml", *filter(shipped_from, tracked_files()), *vendored]
    for path in [*named, *filter(Path.exists, [ROOT / "README.md"])]:
        target = tree / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    built = subprocess.run(
        [*command, "--no-build-isolation", "--wheel-dir", tree / "out", tree],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return set(zipfile.ZipFile(next((tree / "out").glob("*.whl"))).namelist())


def test_every_file_of_the_packages_is_in_the_wheel(wheel: set[str]):
    wanted = {str(path.relative_to(ROOT)) for path in tracked_files() if shipped_from(path)}

    assert not wanted - wheel


def test_every_vendored_file_is_in_the_wheel(wheel: set[str]):
    vendor = ROOT / "maps" / "static" / "vendor"

    wanted = {str(path.relative_to(ROOT)) for path in vendor.rglob("*") if path.is_file()}

    assert wanted
    assert not wanted - wheel


def test_no_front_end_tool_is_in_the_wheel(wheel: set[str]):
    assert not [name for name in wheel if "node_modules" in name]
