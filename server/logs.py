"""Logs: one JSON object per line, or lines for people on a terminal. What is logged during a request carries its id.

Never logged: passwords, tokens, prompts, images, addresses typed at a sign-in that failed.
"""

import logging
import sys
from typing import Any, Final, TextIO

import structlog
from structlog.contextvars import merge_contextvars
from structlog.processors import JSONRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ProcessorFormatter, add_log_level, filter_by_level

_EVERY: Final[list[Any]] = [merge_contextvars, add_log_level, TimeStamper(fmt="iso", utc=True, key="time")]
structlog.configure(
    processors=[filter_by_level, *_EVERY, ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)
log: Final[structlog.stdlib.BoundLogger] = structlog.stdlib.get_logger("server")


def set_up(level: str, stream: TextIO = sys.stderr) -> None:
    """Send everything, the libraries' lines too, to the stream."""
    rendered = [structlog.dev.ConsoleRenderer()] if stream.isatty() else [format_exc_info, JSONRenderer()]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(foreign_pre_chain=_EVERY, processors=[ProcessorFormatter.remove_processors_meta, *rendered])
    )
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for client in ("httpx2", "httpcore2"):
        logging.getLogger(client).setLevel(logging.WARNING)  # their lines have URLs with prompts in them
