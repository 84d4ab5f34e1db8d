"""`python -m tests.chaos.bugs BUG COMMAND …`: `citygrid COMMAND …` with a bug in it.

Without arguments: every bug, and whether it finds in today's product what it changes; exit code 1
when one does not.
"""

from __future__ import annotations

import os
import sys
import traceback

from app.__main__ import main
from tests.chaos.bugs import PLANTED
from tests.chaos.bugs.bug import Bug


def _run(name: str, *command: str) -> None:
    bug = PLANTED[name]
    if command[0] in bug.processes:
        bug.apply()
    sys.argv = ["citygrid", *command]
    main()


def _try_all() -> int:
    found = {name: _applies(bug) for name, bug in PLANTED.items()}
    for name, applies in found.items():
        print("✓" if applies else "✗", name)
    return 0 if all(found.values()) else 1


def _applies(bug: Bug) -> bool:
    """Whether the patch finds its place; tried in a child, for it cannot be taken back."""
    pid = os.fork()
    if pid == 0:
        try:
            bug.apply()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _run(*sys.argv[1:])
    else:
        sys.exit(_try_all())
