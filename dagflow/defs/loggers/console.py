"""The parts of the console loggers: a handler for standard error, and formatters of log lines."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from dagflow.events.levels import level_number

_COLORS = {logging.DEBUG: 32, logging.INFO: 34, logging.WARNING: 33, logging.ERROR: 31, logging.CRITICAL: 31}


def console_logger(config: Mapping[str, Any], formatter: logging.Formatter) -> logging.Logger:
    """Return a new logger that writes to standard error. It is not part of Python's tree of loggers.

    Args:
        config: `log_level` and `name`.
        formatter: The format of a line.

    Raises:
        CheckError: The name of the level is unknown.
    """
    logger = logging.Logger(config["name"], level_number(config["log_level"]))
    handler = _StandardError()
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    return logger


class _StandardError(logging.Handler):
    """A handler for the current standard error, which a test may have replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a log line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # as in every handler of Python, an error in logging never fails the program
            self.handleError(record)


class ColorFormatter(logging.Formatter):
    """A formatter of time, name, level and message, colored by level on a terminal without NO_COLOR."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s - %(name)s - %(levelname)s - %(message)s", datefmt="%Y-%m-%d %H:%M:%S %z"
        )

    def format(self, record: logging.LogRecord) -> str:
        """Return the log line."""
        text = super().format(record)
        color = _COLORS.get(record.levelno)
        if color is None or os.environ.get("NO_COLOR") or not sys.stderr.isatty():
            return text
        return f"\033[{color}m{text}\033[0m"


class JsonFormatter(logging.Formatter):
    """A formatter of the attributes of a record as JSON. Values that JSON does not support become strings."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the log line."""
        fields = {**record.__dict__, "message": record.getMessage()}
        if record.exc_info:
            fields["exc_info"] = self.formatException(record.exc_info)
        return json.dumps(fields, sort_keys=True, default=str)
