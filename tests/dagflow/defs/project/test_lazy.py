"""`@definitions`: a function that returns Definitions when a project is loaded."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetSpec,
    CheckError,
    DagflowInvariantViolationError,
    Definitions,
    definitions,
    repository,
)


def test_the_function_is_called_late():
    """The decorator does not call the function; each call of the result does."""
    calls = []

    @definitions
    def kitchen():
        """Build the kitchen."""
        calls.append(1)
        return Definitions(assets=[AssetSpec("beans")])

    assert calls == []
    assert [spec.key.path for spec in kitchen().resolve_all_asset_specs()] == [["beans"]]
    assert kitchen() is not kitchen()
    assert len(calls) == 3
    assert (kitchen.__name__, kitchen.__doc__) == ("kitchen", "Build the kitchen.")


def test_a_repository_and_a_context():
    """The function may return a repository, and may take one argument."""

    @repository
    def bar():
        return []

    @definitions
    def kitchen(context):
        return context

    assert kitchen(bar) is bar


def test_refused_functions():
    """Two parameters, another result, and an object that is no function are refused."""
    with pytest.raises(DagflowInvariantViolationError, match=r"test_lazy\.py:\d+.*\['one', 'two'\]"):

        @definitions
        def several(one, two):
            return Definitions()

    @definitions
    def other():
        return 3

    with pytest.raises(DagflowInvariantViolationError, match="it returned 3 of type 'int'"):
        other()
    with pytest.raises(CheckError, match="must decorate a function"):
        definitions(3)  # type: ignore[arg-type]
