"""What the console loggers are made of: a handler of standard error, and how a line looks."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from dagflow.defs.loggers.definition import level_number

_COLORS = {logging.DEBUG: 32, logging.INFO: 34, logging.WARNING: 33, logging.ERROR: 31, logging.CRITICAL: 31}


def console_logger(config: Mapping[str, Any], formatter: logging.Formatter) -> logging.Logger:
    """A logger of its own, known to nobody else, that writes to standard error.

    Args:
        config: `log_level` and `name`.
        formatter: How a line looks.

    Raises:
        CheckError: The level has an unknown name.
    """
    made = logging.Logger(config["name"], level_number(config["log_level"]))
    handler = _StandardError()
    handler.setFormatter(formatter)
    made.addHandler(handler)
    return made


class _StandardError(logging.Handler):
    """Writes to what is standard error at that moment, so also where a test replaced it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # as every handler: what goes wrong in logging fails nothing
            self.handleError(record)


class ColorFormatter(logging.Formatter):
    """Time, name, level and text; in the color of the level on a terminal, unless NO_COLOR is set."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s - %(name)s - %(levelname)s - %(message)s", datefmt="%Y-%m-%d %H:%M:%S %z"
        )

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        text = super().format(record)
        color = _COLORS.get(record.levelno)
        if color is None or os.environ.get("NO_COLOR") or not sys.stderr.isatty():
            return text
        return f"\033[{color}m{text}\033[0m"


class JsonFormatter(logging.Formatter):
    """The attributes of the record as one JSON object; what JSON cannot hold as its text."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = {**record.__dict__, "message": record.getMessage()}
        if record.exc_info:
            fields["exc_info"] = self.formatException(record.exc_info)
        return json.dumps(fields, sort_keys=True, default=str)
