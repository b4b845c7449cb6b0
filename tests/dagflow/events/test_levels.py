"""The levels of Python's logging by name."""

from __future__ import annotations

import logging

import pytest

from dagflow import CheckError
from dagflow.events.levels import level_number


def test_levels() -> None:
    """A level may be a number, or a name in upper or lower case."""
    assert level_number(7) == 7
    for name in ("debug", "Info", "WARNING", "warn", "error", "critical", "fatal", "notset"):
        assert level_number(name) == logging.getLevelName(name.upper())


def test_an_unknown_level() -> None:
    """An unknown name raises an error that lists the names."""
    with pytest.raises(CheckError, match=r"unknown log level 'LOUD'. Use one of CRITICAL"):
        level_number("LOUD")
