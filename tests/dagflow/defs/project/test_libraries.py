"""The registry of packages."""

from __future__ import annotations

import pytest

import dagflow
from dagflow import DagflowLibraryRegistry, ParameterCheckError


def test_register(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package has the version that it registered last; dagflow itself is always there."""
    monkeypatch.setattr(DagflowLibraryRegistry, "_versions", {})
    DagflowLibraryRegistry.register("dagflow-cafe", "1.0")
    DagflowLibraryRegistry.register("dagflow-cafe", "1.1", is_dagflow_package=False)

    assert DagflowLibraryRegistry.get() == {"dagflow": dagflow.__version__, "dagflow-cafe": "1.1"}


@pytest.mark.parametrize("arguments", [(3, "1"), ("x", 1)])
def test_register_something_else(arguments: tuple[object, object]) -> None:
    """A name or version that is no string is refused."""
    with pytest.raises(ParameterCheckError, match=r"DagflowLibraryRegistry.register"):
        DagflowLibraryRegistry.register(*arguments)
