"""The plain values of a wiring: dependencies, invocations and mappings."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import GraphIn, GraphOut, InputMapping, MultiDependencyDefinition, NodeInvocation, OutputMapping
from dagflow.defs.graphs.wiring import (
    GRAPH_INPUT_SLOT,
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
)
from dagflow.defs.hooks.definition import success_hook
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError


def test_a_dependency() -> None:
    """Dependencies are equal by node and output; `solid` is an older name of `node`."""
    assert DependencyDefinition("a") == DependencyDefinition(node="a", output="result", description="d")
    assert DependencyDefinition(solid="a") == DependencyDefinition("a")
    assert DependencyDefinition("a") != DependencyDefinition("a", "other")
    assert DependencyDefinition("a") != "a"
    assert len({DependencyDefinition("a"), DependencyDefinition("a"), DependencyDefinition("b")}) == 2
    assert DependencyDefinition("a").description is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: DependencyDefinition(),
        lambda: DependencyDefinition(5),
        lambda: DependencyDefinition("a", 5),
        lambda: DynamicCollectDependencyDefinition(5),
        lambda: MultiDependencyDefinition([5]),
        lambda: NodeInvocation(5),
    ],
)
def test_names_are_strings(make: Any) -> None:
    """A name that is not a string raises."""
    with pytest.raises(ParameterCheckError):
        make()


def test_invocations() -> None:
    """The alias is the name of the node; tags become strings."""
    hook = success_hook(lambda context: None, name="h")
    plain, other = (
        NodeInvocation("a"),
        NodeInvocation("a", alias="b", tags={"t": 1}, hook_defs={hook}),
    )

    assert (plain.node_name, other.node_name) == ("a", "b")
    assert (plain.tags, other.tags, other.hook_defs) == ({}, {"t": "1"}, {hook})
    with pytest.raises(DagflowInvalidDefinitionError, match='"a b" is not a valid name for a node'):
        NodeInvocation("a", alias="a b")


def test_they_can_be_read() -> None:
    """The repr of each value shows its fields."""
    multi = MultiDependencyDefinition([DependencyDefinition("a"), GRAPH_INPUT_SLOT])

    assert repr(multi) == "MultiDependencyDefinition([DependencyDefinition('a', 'result'), GraphInputSlot()])"
    assert multi.get_dependencies_and_mappings() == [DependencyDefinition("a"), GRAPH_INPUT_SLOT]
    assert multi.get_node_dependencies() == [DependencyDefinition("a")]
    ties = (multi, DependencyDefinition("a"), DynamicCollectDependencyDefinition("a"))
    assert [tie.is_fan_in() for tie in ties] == [True, False, True]
    assert (
        repr(DynamicCollectDependencyDefinition("a")) == "DynamicCollectDependencyDefinition('a', 'result')"
    )


def test_mappings_by_name() -> None:
    """The parameters of mappings are those of the specification."""
    given = InputMapping(
        graph_input_name="x", mapped_node_name="a", mapped_node_input_name="b", graph_input_description="d"
    )
    result = OutputMapping(graph_output_name="x", mapped_node_name="a", mapped_node_output_name="b")

    assert (given.graph_input_name, given.fan_in_index, given.graph_input_description) == ("x", None, "d")
    assert (result.graph_output_name, result.from_dynamic_mapping) == ("x", False)
    assert (GraphIn("d").description, GraphOut().description) == ("d", None)
