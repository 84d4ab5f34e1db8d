"""What a process may ask about the machine it runs on."""

from __future__ import annotations

import time
from pathlib import Path

from dispatch.postgres.clock import Machine


def boot_id() -> str:
    """The id the kernel drew when this machine was started; its containers share it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def this_machine() -> Machine:
    """The machine this process runs on."""
    return Machine(boot_id(), lambda: time.clock_gettime(time.CLOCK_BOOTTIME))
