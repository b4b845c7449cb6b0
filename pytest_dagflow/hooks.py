"""The hooks that this plugin offers to other plugins and to conftest files."""

from __future__ import annotations

from collections.abc import Iterable

import pytest


@pytest.hookspec(firstresult=True)
def pytest_dagflow_definitions(config: pytest.Config) -> object:
    """Return the definitions of the project, instead of ini `dag_definitions`. The first result wins."""


@pytest.hookspec
def pytest_dagflow_link(item: pytest.Item) -> Iterable[object]:
    """Return more nodes that a test touches: definitions, or strings in the syntax of `--dag-select`."""
    return ()
