"""What a result tells of the values that went into a step."""

from __future__ import annotations

import pytest

from dagflow import DagflowInstance, DagflowInvalidDefinitionError, asset, graph, materialize, op


@op
def one():
    """A value."""
    return 1


@op
def total(numbers, start=10):
    """Takes a list, and something by default."""
    return sum(numbers) + start


@graph
def with_input(left):
    """Takes a value from outside."""
    total([one(), one.alias("other")(), left])


def test_inputs_come_from_outputs_defaults_and_the_graph():
    """A list holds what each of its sources gave."""
    result = with_input.execute_in_process(input_values={"left": 5})

    assert result.input_values == {"left": 5}
    assert result.inputs_for_step("total") == {"numbers": [1, 1, 5], "start": 10}


def test_what_came_from_storage_is_not_known():
    """The result holds what this run made, no more."""

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
    """As everywhere, with the nearest that there is."""
    result = with_input.execute_in_process(input_values={"left": 5})

    with pytest.raises(DagflowInvalidDefinitionError, match=r"no step 'totl'.*'total'"):
        result.inputs_for_step("totl")
