"""Tests of `outputs_of`: the outputs in the result of a direct call."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetOut,
    AssetSpec,
    DynamicOut,
    DynamicOutput,
    MaterializeResult,
    Out,
    Output,
    ParameterCheckError,
    asset,
    asset_check,
    build_asset_context,
    multi_asset,
    op,
)
from dagflow.testing import outputs_of


@op(out={"hot": Out(), "cold": Out()})
def pair():
    """Return a tuple."""
    return 90, Output(4)


@op
async def later():
    """Return a value later."""
    return 5


@op
async def stream():
    """Yield an output later."""
    yield Output(6)


@op(out=DynamicOut())
def cups():
    """Yield two values of a dynamic output."""
    yield DynamicOutput(1, "a")
    yield DynamicOutput(2, "b")


@asset(check_specs=[AssetCheckSpec("full", asset="pot")])
def pot():
    """Return a value and the result of a check."""
    return MaterializeResult(value=7, check_results=[AssetCheckResult(passed=False, check_name="full")])


@asset
def nothing() -> None:
    """Return no value."""


@asset_check(asset="pot")
def enough(pot):
    """Check a value."""
    return AssetCheckResult(passed=pot > 1)


@pytest.mark.parametrize(
    ("definition", "arguments", "outputs"),
    [
        (pair, (), {"hot": 90, "cold": 4}),
        (later, (), {"result": 5}),
        (stream, (), {"result": 6}),
        (cups, (), {"result": {"a": 1, "b": 2}}),
        (pot, (), {"result": 7, "pot_full": False}),
        (nothing, (), {}),
        (enough, (2,), {"result": True}),
    ],
)
def test_each_kind_of_result(definition: Any, arguments: tuple[Any, ...], outputs: dict[str, Any]):
    """The outputs have their names, whatever object the function gives for them."""
    assert outputs_of(definition, definition(*arguments)) == outputs


def test_a_part_of_a_multi_asset_selects_its_outputs():
    """A direct call of a part tells the function the selected outputs, as a run does."""

    @multi_asset(outs={"x": AssetOut(is_required=False), "y": AssetOut(is_required=False)}, can_subset=True)
    def split(context):
        for name in context.selected_output_names:
            yield Output(name, name)

    part = split.subset_for({AssetKey("x")})

    assert outputs_of(part, part(build_asset_context())) == {"x": "x"}


def test_the_error_of_the_user_is_raised():
    """The wrapper of the engine is removed."""

    @op
    def broken():
        yield Output({}["missing"])

    with pytest.raises(KeyError, match="missing"):
        outputs_of(broken, broken())


@pytest.mark.parametrize("value", [5, AssetSpec("pot")])
def test_other_objects_are_refused(value: Any):
    """The error names the object."""
    with pytest.raises(ParameterCheckError, match="outputs_of takes"):
        outputs_of(value, None)
