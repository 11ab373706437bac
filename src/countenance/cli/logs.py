"""Logs: events with keys on standard error. Frames, faces, embeddings and secrets never appear."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any, Final

from countenance.errors import ConfigurationError

FORMATS: Final = ("auto", "json", "keyvalue")
NAMES: Final = frozenset(
    {
        *("event", "level", "logger", "timestamp", "exception", "exc_info", "stack_info"),
        *("request_id", "route", "method", "status", "duration_ms"),
    }
)
"""Names of fields that a log may have. What is not on the list is left out, whoever adds it."""


def configure_logs() -> None:
    """Send the standard library's logging to standard error, without the weight of structlog."""
    logging.basicConfig(
        stream=sys.stderr, level=_level(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )


def configure_server_logs() -> None:
    """Structured logs of a server, one event a line.

    COUNTENANCE_LOG_FORMAT: `json`, `keyvalue`, or `auto`: readable on a terminal, else JSON.
    """
    import structlog

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        keep_known,
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


def keep_known(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Leave out fields that are not on the list, and say that something was left out."""
    kept = {name: value for name, value in event.items() if name in NAMES or name[:1] == "_"}
    if len(kept) < len(event):
        kept["event"] = f"{kept.get('event', '')} [fields left out]"
    return kept


def _formatter(shared: list) -> logging.Formatter:  # type: ignore[type-arg]
    import structlog

    last: list[structlog.typing.Processor]
    chosen = _format()
    if chosen == "auto":
        chosen = "terminal" if sys.stderr.isatty() else "json"
    if chosen == "terminal":
        last = [structlog.dev.ConsoleRenderer()]
    elif chosen == "keyvalue":
        order = ["timestamp", "level", "logger", "event"]
        last = [
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=order, drop_missing=True),
        ]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(allow=NAMES), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _format() -> str:
    chosen = os.environ.get("COUNTENANCE_LOG_FORMAT", "") or "auto"
    if chosen not in FORMATS:
        raise ConfigurationError(
            f"COUNTENANCE_LOG_FORMAT is {chosen!r}.", remedy=f"Give one of: {', '.join(FORMATS)}."
        )
    return chosen


def _level() -> int:
    name = os.environ.get("COUNTENANCE_LOG_LEVEL", "WARNING").upper()
    return logging.getLevelNamesMapping().get(name, logging.WARNING)
