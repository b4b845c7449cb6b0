"""The values of the inputs of a step in a result."""

from __future__ import annotations

import pytest

from dagflow import DagflowInstance, DagflowInvalidDefinitionError, asset, graph, materialize, op


@op
def one():
    """Return a value."""
    return 1


@op
def total(numbers, start=10):
    """Take a list, and a parameter with a default."""
    return sum(numbers) + start


@graph
def with_input(left):
    """Take a value from outside of the graph."""
    total([one(), one.alias("other")(), left])


def test_inputs_come_from_outputs_defaults_and_the_graph():
    """A list has the value of each of its sources."""
    result = with_input.execute_in_process(input_values={"left": 5})

    assert result.input_values == {"left": 5}
    assert result.inputs_for_step("total") == {"numbers": [1, 1, 5], "start": 10}


def test_what_came_from_storage_is_not_known():
    """The result has the values of this run only."""

    @asset
    def water():
        return 1

    @asset
    def coffee(water):
        return water + 1

    with DagflowInstance.ephemeral() as instance:
        materialize([water], instance=instance)
        result = materialize([water, coffee], selection=[coffee], instance=instance)

    assert result.asset_value("coffee") == 2
    assert result.inputs_for_step("coffee") == {}


def test_an_unknown_step_is_named():
    """The error about an unknown step has a suggestion."""
    result = with_input.execute_in_process(input_values={"left": 5})

    with pytest.raises(DagflowInvalidDefinitionError, match=r"no step 'totl'.*'total'"):
        result.inputs_for_step("totl")
