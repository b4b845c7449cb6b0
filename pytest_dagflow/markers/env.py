"""The marker `dag_env`: the environment variables of a test."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from pytest_dagflow.markers.registry import check_arguments, marks_nearest_first


def set_variables(item: pytest.Item, stack: ExitStack[bool | None]) -> None:
    """Set the environment variables that the markers of a test name.

    Args:
        item: The test.
        stack: Restores the variables at the end of the test.
    """
    wanted: dict[str, str | None] = {}
    for mark in marks_nearest_first(item, "dag_env"):
        wanted = {**check_arguments(mark, item.nodeid), **wanted}
    if wanted:
        stack.callback(_set, {name: os.environ.get(name) for name in wanted})
        _set(wanted)


def _set(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
