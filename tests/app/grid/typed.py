"""Commands of `citygrid grid`, typed as a person does."""

from __future__ import annotations

import json
from typing import Any, Final

from typer.testing import CliRunner, Result

from app.__main__ import main

_RUNNER: Final = CliRunner()


def typed(*words: object) -> Result:
    """What `citygrid grid WORDS` says, and how it ends."""
    return _RUNNER.invoke(main, ["grid", *map(str, words)])


def told(*words: object) -> dict[str, Any]:
    """What it says with `--json`; it must end well."""
    done = typed(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)
