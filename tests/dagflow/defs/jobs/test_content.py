"""The content of a job: lookups of nodes, definitions, policies and types."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import DependencyDefinition, GraphDefinition, NodeInvocation, RetryPolicy, graph, job, op
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, DagflowInvariantViolationError
from dagflow.keys import NodeHandle


@op(retry_policy=RetryPolicy(2))
def beans() -> int:
    return 1


@op
def brew(n: int) -> str:
    return "x" * n


@graph
def machine(n: int) -> Any:
    return brew(n)


@job(op_retry_policy=RetryPolicy(5), input_values={})
def cafe() -> None:
    """Serves."""
    machine.alias("z")(beans.with_retry_policy(RetryPolicy(3)).alias("m")())
    machine(beans())


def test_nodes_and_definitions() -> None:
    """Nodes have the names of the graph, definitions their own; lookups work at any depth."""
    assert [node.name for node in cafe.nodes] == ["m", "z", "beans", "machine"]
    assert [node.name for node in cafe.nodes_in_topological_order] == ["beans", "m", "machine", "z"]
    assert cafe.top_level_node_defs == [beans, machine]
    assert cafe.all_node_defs == [beans, machine, brew]
    assert (cafe.has_node("brew"), cafe.has_node("z")) == (True, False)
    assert (cafe.has_node_named("brew"), cafe.has_node_named("z")) == (False, True)
    assert cafe.node_def_named("brew") is brew
    assert cafe.get_node_named("z").definition is machine
    assert cafe.get_node(NodeHandle.from_string("z.brew")).definition is brew


def test_dependencies() -> None:
    """They have an invocation for each node, which is compared by its name, alias, tags, hooks and policy."""
    assert cafe.dependencies == cafe.graph.dependencies
    assert cafe.dependencies[NodeInvocation("machine")] == {"n": DependencyDefinition("beans")}
    assert NodeInvocation("beans", "m", retry_policy=RetryPolicy(3)) in cafe.dependencies
    assert NodeInvocation("beans", "m") not in cafe.dependencies


def test_policies_and_types() -> None:
    """The policy comes from the invocation, the op or the job; each type is there once."""
    policies = [
        cafe.get_retry_policy_for_handle(NodeHandle.from_string(at)) for at in ("m", "beans", "z.brew")
    ]

    assert policies == [RetryPolicy(3), RetryPolicy(2), RetryPolicy(5)]
    assert {kind.display_name for kind in cafe.all_dagflow_types()} == {"Int", "String", "Any"}


def test_what_is_not_there() -> None:
    """A failed lookup names the job and the most similar name."""
    with pytest.raises(CheckError, match=r"job 'cafe' has no definition 'brw'.*'brew'"):
        cafe.node_def_named("brw")
    with pytest.raises(DagflowInvariantViolationError, match="has no node 'y'"):
        cafe.get_node_named("y")
    with pytest.raises(DagflowInvariantViolationError, match="'m' is not a graph, so it has no node 'x'"):
        cafe.get_node(NodeHandle.from_string("m.x"))
    with pytest.raises(CheckError, match="job 'cafe' has no value for the input 'n'"):
        cafe.get_direct_input_value("n")


def test_parts() -> None:
    """A subset has its clauses and the paths of its ops; an empty selection selects all."""
    part = cafe.get_subset(op_selection=["*z"])

    assert (part.is_subset, part.op_selection) == (True, ("*z",))
    assert part.resolved_op_selection == {"m", "z.brew"}
    assert (part.name, part.graph.parent_graph_def) == ("cafe", cafe.graph)
    assert part.graph.is_subselected
    assert (cafe.get_subset().is_subset, cafe.resolved_op_selection) == (False, None)
    with pytest.raises(CheckError, match="both 'op_selection' and 'asset_selection'"):
        cafe.get_subset(op_selection=["m"], asset_selection=["a"])


def test_values_of_inputs() -> None:
    """A job returns whether it has a value for an input."""
    whole = machine.to_job(input_values={"n": 2})

    assert (whole.has_direct_input_value("n"), whole.get_direct_input_value("n")) == (True, 2)
    assert whole.describe_target() == "job 'machine'"


def test_it_is_like_its_function() -> None:
    """A job has the name and docstring of its function."""
    assert (cafe.__name__, cafe.__doc__) == ("cafe", "Serves.")


def test_two_definitions_of_one_name_however_deep() -> None:
    """Two definitions with one name raise with both locations; subsets of one graph do not."""
    other = GraphDefinition("other", node_defs=[op(name="brew")(lambda: 1)])

    with pytest.raises(DagflowInvalidDefinitionError, match=r"same name 'brew': op 'brew' .* and op 'brew'"):
        graph(name="g")(lambda: (machine(beans()), other(), None)[2]).to_job()
