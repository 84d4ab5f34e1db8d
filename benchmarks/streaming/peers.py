"""The peers, each in a process of its own with its own libraries; why not, where one cannot run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
PATIENCE_S: Final = 900.0


class Peers:
    """Runs modules beside this with the libraries of *folder*, brought there when missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.missing = "" if self._is_there() else self._bring()

    def run(self, name: str, *arguments: str) -> dict[str, Any]:
        """What it printed, or why there is nothing."""
        if self.missing:
            return {"per_second": None, "why": self.missing}
        command = [sys.executable, "-m", f"benchmarks.streaming.{name}", *arguments]
        path = os.pathsep.join([str(self._folder), str(ROOT)])
        try:
            done = subprocess.run(
                command,
                env={**os.environ, "PYTHONPATH": path},
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"per_second": None, "why": f"not done after {PATIENCE_S:.0f} s"}
        lines = done.stdout.strip().splitlines()
        if done.returncode or not lines:
            return {"per_second": None, "why": done.stderr.strip()[-400:]}
        return json.loads(lines[-1])

    def _is_there(self) -> bool:
        return all((self._folder / name).is_dir() for name in ("quixstreams", "bytewax"))

    def _bring(self) -> str:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, "--target", self._folder, "-r", HERE / "peers.txt"],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr.strip()[-400:] if done.returncode else ""
