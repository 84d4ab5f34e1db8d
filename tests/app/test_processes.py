"""Our own processes as children."""

import os
import signal
from pathlib import Path

from app.processes import Processes
from tests.system.conftest import until


def test_a_child_that_was_killed_is_started_again_under_its_name(tmp_path: Path) -> None:
    with Processes({}, tmp_path) as processes:
        first = processes.start("waiter", "replay", "--help")
        os.kill(first, signal.SIGKILL)
        ended: list[tuple[str, int]] = []
        assert until(lambda: bool(ended.extend(processes.start_ended()) or ended))

        assert ended[0][0] == "waiter"
