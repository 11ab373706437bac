"""Logs: events with keys on standard error. Frames, faces, embeddings and secrets never appear."""

from __future__ import annotations

import logging
import os
import sys


def configure_logs() -> None:
    """Send the standard library's logging to standard error, without the weight of structlog."""
    logging.basicConfig(
        stream=sys.stderr, level=_level(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )


def configure_server_logs() -> None:
    """Structured logs of a server: readable lines on a terminal, one JSON object a line else."""
    import structlog

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(shared))
    logging.root.handlers = [handler]
    logging.root.setLevel(_level())
    logging.captureWarnings(True)


def _formatter(shared: list) -> logging.Formatter:  # type: ignore[type-arg]
    import structlog

    last: list[structlog.typing.Processor]
    if sys.stderr.isatty():
        last = [structlog.dev.ConsoleRenderer()]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _level() -> int:
    name = os.environ.get("COUNTENANCE_LOG_LEVEL", "WARNING").upper()
    return logging.getLevelNamesMapping().get(name, logging.WARNING)
