"""The marker `dag_nodes` at collection. The links that it declares are read in `selecting/links.py`."""

from __future__ import annotations

import pytest

from pytest_dagflow.markers.registry import check_arguments


def check_nodes(metafunc: pytest.Metafunc) -> None:
    """Check the arguments of `dag_nodes`."""
    for mark in metafunc.definition.iter_markers("dag_nodes"):
        check_arguments(mark, metafunc.definition.nodeid)
