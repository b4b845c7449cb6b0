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


@pytest.hookspec
def pytest_dagflow_smoke(definition: object) -> None:
    """Test a definition in a session with `--dag-smoke`: raise or assert what should hold in this project.

    Called once for each item, after its own tests passed: with a job, an asset or its spec, the definition of
    a check, a schedule, a sensor, a resource, and with the `Definitions` of the project.
    """
