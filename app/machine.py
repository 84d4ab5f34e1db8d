"""What a process may ask about the machine it runs on."""

from __future__ import annotations

from pathlib import Path


def boot_id() -> str:
    """The id the kernel drew when this machine was started; its containers share it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
