"""The ops at the ends of a graph: the op that gives an output, and the ops that read an input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.node import NodeDefinition
from dagflow.defs.ops.ports import InputDefinition, OutputDefinition


class LeafOutput(NamedTuple):
    """An output of an op.

    Attributes:
        path: The names of the nodes down to the op; empty for the op itself.
        definition: The output of the op.
    """

    path: tuple[str, ...]
    definition: OutputDefinition


class LeafInput(NamedTuple):
    """An input of an op.

    Attributes:
        path: The names of the nodes down to the op; empty for the op itself.
        definition: The input of the op.
    """

    path: tuple[str, ...]
    definition: InputDefinition


def leaf_output(node_def: NodeDefinition, output_name: str) -> LeafOutput:
    """Return the output of an op that gives an output of an op or graph."""
    path: tuple[str, ...] = ()
    while isinstance(node_def, GraphDefinition):
        mapping = next(one for one in node_def.output_mappings if one.graph_output_name == output_name)
        path, output_name = (*path, mapping.mapped_node_name), mapping.mapped_node_output_name
        node_def = node_def.node_dict[mapping.mapped_node_name].definition
    return LeafOutput(path, node_def.outs[output_name])


def leaf_inputs(node_def: NodeDefinition, input_name: str) -> Iterator[LeafInput]:
    """Yield the inputs of ops that read an input of an op or graph."""
    if not isinstance(node_def, GraphDefinition):
        yield LeafInput((), node_def.ins[input_name])
        return
    for mapping in node_def.input_mappings:
        if mapping.graph_input_name == input_name:
            inner = node_def.node_dict[mapping.mapped_node_name].definition
            for path, definition in leaf_inputs(inner, mapping.mapped_node_input_name):
                yield LeafInput((mapping.mapped_node_name, *path), definition)


def leaf_ops(node_def: NodeDefinition) -> Iterator[tuple[tuple[str, ...], OpDefinition]]:
    """Yield each op in an op or graph, with the names of the nodes down to it."""
    if isinstance(node_def, OpDefinition):
        yield (), node_def
    elif isinstance(node_def, GraphDefinition):
        for name, node in node_def.node_dict.items():
            for path, op in leaf_ops(node.definition):
                yield (name, *path), op
