"""Logging: JSON lines on stderr, whose last processor takes out what is about a patient."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog

from clinicpbx.private import Private

HIDDEN = "<private>"
PERSONAL = frozenset(
    {"caller", "callerid", "number", "digits", "digit", "pin", "connected", "dialled_number", "body", "message_body"}
)
_NUMBER_LIKE = re.compile(r"(?<![\w.-])\+?\(?\d(?:(?:[\s()-]{0,2}|\.(?=\d{3}))\d){6,}(?!\w|\.\d)")
_CHECKED = ("event", "error", "reason", "what")  # free text: may quote a number


def redact(_: Any, __: str, fields: Any) -> Any:
    """Replace Private values, fields named for personal things, and number-like words in free text."""
    for key, value in fields.items():
        if key in PERSONAL:
            fields[key] = HIDDEN
        elif key in _CHECKED and isinstance(value, str):
            fields[key] = _NUMBER_LIKE.sub(HIDDEN, value)
        else:
            fields[key] = _clean(value)
    return fields


def _clean(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Private):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(key): HIDDEN if key in PERSONAL else _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    return str(value)


def start_logging(level: str = "info") -> None:
    """Configure structlog and the standard library's logging; *level*: debug, info, warning, error."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, redact, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    foreign = logging.StreamHandler(sys.stderr)
    foreign.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[foreign], level=max(number, logging.WARNING), force=True)
