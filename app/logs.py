"""Logs: one line per event, its fields beside it; JSON for machines, columns for a terminal.

Bound from the door onward are `request` and, once it is known, `report`. Never written are
passwords, keys, tokens, receipts, and what a report or a person says.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import Processor

from app.settings import Settings

_REMEMBERED: Final = 1000
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logs(settings: Settings) -> None:
    """Send all records of this process, the libraries' too, to standard error in one format."""
    level = _LEVELS[settings.log_level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, *_ending(settings)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Patience())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_ending(settings),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.INFO), force=True)
    # These tell every statement or request, with what was in it.
    for name in ("uvicorn.access", "httpx", "yoyo", "psycopg", "PIL"):
        logging.getLogger(name).setLevel(logging.WARNING)


class Patience(logging.Filter):
    """Lets a library say the same thing again only after a while.

    A client whose server is away repeats itself by the thousand; what it says is told by its name
    and the text before its arguments are put in.
    """

    def __init__(self, every_s: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every_s, self._clock = every_s, clock
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is told."""
        said, now = (record.name, str(record.msg)), self._clock()
        if now - self._said.get(said, -self._every_s) < self._every_s:
            return False
        if len(self._said) > _REMEMBERED:
            self._said.clear()
        self._said[said] = now
        return True


def _ending(settings: Settings) -> list[Processor]:
    if settings.log_format == "console":
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(_as_json)]


def _as_json(event: object, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode("utf-8", "replace")
