"""The levels of Python's logging by name, without an import of `logging`."""

from __future__ import annotations

from dagflow.errors import CheckError

LOG_LEVELS = {
    "CRITICAL": 50, "FATAL": 50, "ERROR": 40, "WARNING": 30, "WARN": 30, "INFO": 20, "DEBUG": 10, "NOTSET": 0,
}  # fmt: skip


def level_number(level: str | int) -> int:
    """Return the number of a log level. Names are accepted in upper and lower case.

    Raises:
        CheckError: The name is unknown.

    Example:
        >>> level_number("info"), level_number(15)
        (20, 15)
    """
    if isinstance(level, int):
        return level
    number = LOG_LEVELS.get(level.upper())
    if number is None:
        raise CheckError(f"unknown log level '{level}'. Use one of {', '.join(LOG_LEVELS)}.")
    return number
