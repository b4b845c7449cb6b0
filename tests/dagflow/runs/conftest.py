"""Fixtures for tests of runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dagflow import DagflowInstance


@pytest.fixture(name="instance")
def _instance() -> Iterator[DagflowInstance]:
    """Return an instance in memory, with files in its own directory."""
    with DagflowInstance.ephemeral() as instance:
        yield instance
