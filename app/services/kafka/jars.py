"""The Apache Kafka jars, brought from Maven Central once and kept for every home."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from app.services.errors import JarsUnavailable, MissingProgram
from app.services.server import last_words

_POM: Final = Path(__file__).with_name("pom.xml")
_PATIENCE_S: Final = 600.0


def cache_folder() -> Path:
    """Where the jars are kept: ``/var/cache`` for root, whose home other accounts cannot enter."""
    if os.geteuid() == 0:
        return Path("/var/cache/citygrid")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "citygrid"


def kafka_jars(cache: Path | None = None) -> Path:
    """The folder of the jars of our pom, brought when it is not there yet.

    Raises MissingProgram without Maven and JarsUnavailable when Maven cannot bring them.
    """
    digest = hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    folder = (cache or cache_folder()) / f"kafka-{digest}"
    if not folder.exists():
        _bring(folder)
    return folder


def _bring(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingProgram("Maven", "maven")
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
        _copy_dependencies(maven, Path(draft) / "jars")
        try:
            (Path(draft) / "jars").rename(folder)
        except OSError:  # another home brought the same jars meanwhile
            if not folder.exists():
                raise


def _copy_dependencies(maven: str, target: Path) -> None:
    target.mkdir(mode=0o755)
    command = [
        maven, "--batch-mode", "--quiet", "--strict-checksums", "--file", _POM,
        "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )
    except subprocess.TimeoutExpired as err:
        raise JarsUnavailable(f"no end after {_PATIENCE_S:.0f} s") from err
    if done.returncode != 0:
        errors = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        raise JarsUnavailable(errors[0] if errors else last_words(done.stdout + done.stderr))
