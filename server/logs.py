"""Logs: one JSON object per line, or lines for people on a terminal. What is logged during a request carries its id.

Never logged: passwords, tokens, prompts, images, addresses typed at a sign-in that failed.
"""

import logging
import sys
from contextlib import suppress
from typing import Any, Final, TextIO

import structlog
from structlog.contextvars import merge_contextvars
from structlog.processors import JSONRenderer, TimeStamper, add_log_level, format_exc_info
from structlog.stdlib import ProcessorFormatter
from structlog.typing import FilteringBoundLogger

_EVERY: Final[list[Any]] = [merge_contextvars, add_log_level, TimeStamper(fmt="iso", utc=True, key="time")]
log: Final[FilteringBoundLogger] = structlog.get_logger()


def set_up(level: str, stream: TextIO = sys.stderr) -> None:
    """Send everything to the stream: our own lines straight, the libraries' by way of `logging`."""
    rendered = _configure(level, stream)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(foreign_pre_chain=_EVERY, processors=[ProcessorFormatter.remove_processors_meta, *rendered])
    )
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for client in ("httpx2", "httpcore2"):
        logging.getLogger(client).setLevel(logging.WARNING)  # their lines have URLs with prompts in them


def _configure(level: str, stream: TextIO) -> list[Any]:
    for_people = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)  # without values
    rendered: list[Any] = [for_people] if stream.isatty() else [format_exc_info, JSONRenderer()]
    structlog.configure(
        processors=[*_EVERY, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(stream),
    )
    return rendered


class _Lines:
    """Writes lines; where that fails (a full disk, a pipe nobody reads) a line is lost and no request."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = info = warning = error = critical = msg


_configure("warning", sys.stderr)  # until `set_up`
