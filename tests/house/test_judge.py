"""The judge of the fault harness knows nothing of the product, and what it uses does not either."""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.house.repository import ROOT

ROOMS = {"app", "maps", "streams", "dispatch", "grid", "geo"}


def imports_of(file: Path) -> Iterator[str]:
    """Names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} imports relatively"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reached_from(package: Path) -> dict[Path, set[str]]:
    """Every file of the tests that the package comes to use, with what it imports."""
    found: dict[Path, set[str]] = {}
    waiting = sorted(package.rglob("*.py"))
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found[file] = set(imports_of(file))
        for name in found[file]:
            waiting += (path for path in _files_of(name) if path.is_file())
    return found


def _files_of(name: str) -> Iterator[Path]:
    """Where a module of the tests and the packages it is in may be; most of these are none."""
    parts = name.split(".")
    if parts[0] == "tests":
        for length in range(1, len(parts) + 1):
            place = ROOT.joinpath(*parts[:length])
            yield place.with_suffix(".py")
            yield place / "__init__.py"


@pytest.mark.parametrize("package", ["judge", "clients"])
def test_who_stands_outside_imports_nothing_of_the_product(package: str):
    reached = reached_from(ROOT / "tests" / "chaos" / package)

    product = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file, names in reached.items()
        for name in names
        if name.partition(".")[0] in ROOMS
    }
    assert len(reached) > 5
    assert product == set()


def test_an_import_of_the_product_is_noticed(tmp_path: Path):
    (tmp_path / "judge.py").write_text("def late():\n    from dispatch.events import link\n")

    reached = reached_from(tmp_path)

    assert any("dispatch.events" in names for names in reached.values())
    assert find_spec("dispatch.events") is not None
