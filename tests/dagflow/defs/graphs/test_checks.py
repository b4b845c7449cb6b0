"""Wrong arguments for a part of a graph, op or job: each is accepted, or raises an error of dagflow."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from dagflow import (
    DependencyDefinition,
    GraphDefinition,
    GraphOut,
    In,
    InputMapping,
    JobDefinition,
    MultiDependencyDefinition,
    NodeInvocation,
    Out,
    OutputMapping,
    graph,
    op,
)
from dagflow.errors import DagflowError, DagflowInvalidDefinitionError, ElementCheckError, ParameterCheckError

WRONG = [
    3,
    1.5,
    True,
    "x",
    b"x",
    int,
    object(),
    lambda: 1,
    ["a"],
    [1],
    [None],
    (1,),
    {3},
    {"a": 1},
    {1: 2},
    {"x": {}},
]


@op
def one():
    return 1


@op
def inc(x):
    return x


def input_mapping(**more: Any) -> Any:
    """A job with an input mapping."""
    said = {"graph_input_name": "a", "mapped_node_name": "inc", "mapped_node_input_name": "x", **more}
    return GraphDefinition("g", node_defs=[inc], input_mappings=[InputMapping(**said)]).to_job()


def output_mapping(**more: Any) -> Any:
    """A job with an output mapping."""
    said = {"graph_output_name": "a", "mapped_node_name": "one", "mapped_node_output_name": "result", **more}
    return GraphDefinition("g", node_defs=[one], output_mappings=[OutputMapping(**said)]).to_job()


ARGUMENTS: list[tuple[Any, str]] = [
    (
        lambda **more: GraphDefinition(**{"name": "g", "node_defs": [one, inc], **more}),
        "name description node_defs dependencies input_mappings output_mappings config tags",
    ),
    (
        lambda value: GraphDefinition("g", node_defs=[one, inc], dependencies={"inc": value}),
        "value",
    ),
    (lambda value: GraphDefinition("g", node_defs=[one, inc], dependencies={"inc": {"x": value}}), "value"),
    (lambda value: (MultiDependencyDefinition(value), MultiDependencyDefinition([value])), "value"),
    (lambda **more: DependencyDefinition(**{"node": "a", **more}), "node output"),
    (lambda **more: NodeInvocation(**{"name": "a", **more}), "name alias tags hook_defs retry_policy"),
    (input_mapping, "graph_input_name mapped_node_name mapped_node_input_name fan_in_index dagflow_type"),
    (output_mapping, "graph_output_name mapped_node_name mapped_node_output_name dagflow_type"),
    (
        lambda **more: op(ins={"x": In(**more)})(lambda x: x),
        "dagflow_type description metadata asset_key input_manager_key",
    ),
    (Out, "dagflow_type description metadata is_required io_manager_key code_version"),
    (
        lambda **more: op(**{"name": "o", **more})(lambda: 1),
        "name ins out tags config_schema description required_resource_keys version code_version pool "
        "retry_policy",
    ),
    (lambda **more: graph(**more)(lambda: one()), "name ins out tags config description"),
    (
        lambda **more: JobDefinition(**{"graph_def": graph(name="g")(lambda x: inc(x)), **more}),
        "graph_def resource_defs executor_def logger_defs name config description partitions_def tags "
        "run_tags metadata hook_defs op_retry_policy input_values owners nope",
    ),
    (lambda value: [getattr(one, way)(value) for way in ("alias", "tag")], "value"),
    (lambda value: [getattr(one, way)(value) for way in ("with_hooks", "with_retry_policy")], "value"),
    (lambda value: graph(name="g")(lambda: inc(value)), "value"),
    (lambda value: graph(name="g")(lambda: inc([value])), "value"),
    (lambda value: graph(name="g")(lambda: (one(), value)[1]), "value"),
    (lambda value: graph(name="g", out={"a": GraphOut()})(lambda: {"a": (one(), value)[1]}), "value"),
]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("make", "names"), ARGUMENTS)
def test_wrong_arguments_are_taken_or_refused(make: Any, names: str) -> None:
    """A wrong argument never raises AttributeError, TypeError or KeyError."""
    for name in names.split():
        for value in WRONG:
            with suppress(DagflowError):
                make(**{name: value})


def test_what_mappings_must_be() -> None:
    """Errors about mappings name the graph and the field."""
    with pytest.raises(ElementCheckError, match="'input_mappings' of graph 'g' must hold InputMappings"):
        GraphDefinition("g", input_mappings=[3])  # type: ignore[list-item]
    with pytest.raises(ParameterCheckError, match="'mapped_node_name' of an InputMapping of graph 'g'"):
        input_mapping(mapped_node_name=3)
    with pytest.raises(DagflowInvalidDefinitionError, match="cannot be the type of OutputMapping"):
        output_mapping(dagflow_type="x")
    assert input_mapping(dagflow_type=int).graph.ins["a"].dagflow_type.display_name == "Int"


def test_a_node_that_reads_itself() -> None:
    """The error names the circular reference, even if the node has no output."""
    sink = op(name="sink", out={})(lambda x: None)

    with pytest.raises(DagflowInvalidDefinitionError, match="'sink' has a circular reference: its input 'x'"):
        GraphDefinition("g", node_defs=[sink], dependencies={"sink": {"x": DependencyDefinition("sink")}})


def test_one_op_in_the_place_of_a_list():
    """The error about an op in place of a list shows the list."""
    with pytest.raises(ParameterCheckError, match=r"in graph 'g'. Put it in a list: node_defs=\[one\]"):
        GraphDefinition("g", node_defs=one)
