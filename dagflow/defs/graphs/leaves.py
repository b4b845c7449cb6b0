"""The ops at the ends of a graph: the op that gives an output, and the ops that read an input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.wiring import Dependency, DependencyDefinition, MultiDependencyDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.node import NodeDefinition
from dagflow.defs.ops.ports import InputDefinition, OutputDefinition

NodePath = tuple[str, ...]
"""The names of the nodes from a graph down to an op."""


class LeafOutput(NamedTuple):
    """An output of an op.

    Attributes:
        path: The names of the nodes down to the op; empty for the op itself.
        definition: The output of the op.
    """

    path: NodePath
    definition: OutputDefinition


class LeafInput(NamedTuple):
    """An input of an op.

    Attributes:
        path: The names of the nodes down to the op; empty for the op itself.
        definition: The input of the op.
    """

    path: NodePath
    definition: InputDefinition


def leaf_output(node_def: NodeDefinition, output_name: str) -> LeafOutput:
    """Return the output of an op that gives an output of an op or graph."""
    path: NodePath = ()
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


def leaf_ops(node_def: NodeDefinition) -> Iterator[tuple[NodePath, OpDefinition]]:
    """Yield each op in an op or graph, with the names of the nodes down to it."""
    if isinstance(node_def, OpDefinition):
        yield (), node_def
    elif isinstance(node_def, GraphDefinition):
        for name, node in node_def.node_dict.items():
            for path, op in leaf_ops(node.definition):
                yield (name, *path), op


class InputSource(NamedTuple):
    """The outputs of ops that feed an input of an op in a graph.

    Attributes:
        outputs: The outputs; several, if the input gets a list.
        is_list: Whether the input gets a list.
        place: The names of the nodes down to the node whose input has the dependency, and the name of that
            input. It is the op or a graph around it.
    """

    outputs: tuple[LeafOutput, ...]
    is_list: bool
    place: tuple[str, ...]


def source_of_input(
    graph_def: GraphDefinition, path: Sequence[str], input_name: str, index: int | None = None
) -> InputSource:
    """Return the outputs of ops that feed an input of an op. Inputs of `graph_def` itself feed nothing.

    Args:
        graph_def: The graph.
        path: The names of the nodes down to the op.
        input_name: The input of the op.
        index: The element of its list.
    """
    frames = [graph_def]
    for name in path[:-1]:
        inner = frames[-1].node_dict[name].definition
        assert isinstance(inner, GraphDefinition)
        frames.append(inner)
    names = list(path)
    while frames:
        frame, node_name = frames.pop(), names.pop()
        dependency = frame.wires[node_name].get(input_name)
        if dependency is not None and index is None:
            place = (*names, node_name, input_name)
            found = [_leaf_in(frame, one, tuple(names)) for one in dependency.get_node_dependencies()]
            if isinstance(dependency, MultiDependencyDefinition):
                for position, part in enumerate(dependency.dependencies):
                    if not isinstance(part, DependencyDefinition):
                        outer = source_of_input(graph_def, (*names, node_name), input_name, position)
                        found += outer.outputs
            return InputSource(tuple(found), dependency.is_fan_in(), place)
        outer_name = frame.graph_input_of(node_name, input_name, index)
        if outer_name is None:
            break
        input_name, index = outer_name, None
    return InputSource((), False, ())


def _leaf_in(frame: GraphDefinition, source: DependencyDefinition, path: NodePath) -> LeafOutput:
    leaf = leaf_output(frame.node_dict[source.node].definition, source.output)
    return LeafOutput((*path, source.node, *leaf.path), leaf.definition)


def unused_ends(graph_def: GraphDefinition, path: NodePath = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of the ops that neither another node nor an output of their graph reads."""
    read = {source.node for one in graph_def.wires.values() for source in _sources(one.values())}
    read |= {mapping.mapped_node_name for mapping in graph_def.output_mappings}
    for name, node in graph_def.node_dict.items():
        if isinstance(node.definition, GraphDefinition):
            yield from unused_ends(node.definition, (*path, name))
        elif name not in read:
            yield (*path, name)


def _sources(dependencies: Iterable[Dependency]) -> Iterator[DependencyDefinition]:
    for dependency in dependencies:
        yield from dependency.get_node_dependencies()
