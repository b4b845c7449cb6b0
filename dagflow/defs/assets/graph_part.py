"""The part of a graph that makes some of its assets. Other assets of the graph are loaded, not made again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.leaves import LeafOutput, NodePath, leaf_ops, leaf_output, source_of_input
from dagflow.defs.graphs.selection import part_of_graph
from dagflow.keys import AssetKey


class GraphPart(NamedTuple):
    """The part of a graph that makes some of its assets.

    Attributes:
        graph: The graph with the ops that are needed.
        given: The outputs that each op shall give, by its path.
        stored: The assets that are loaded instead of made, by path and input of the op that reads them.
    """

    graph: GraphDefinition
    given: Mapping[NodePath, frozenset[str]]
    stored: Mapping[NodePath, Mapping[str, AssetKey]]


def graph_part(
    graph_def: GraphDefinition, wanted: Collection[str], others: Mapping[str, AssetKey]
) -> GraphPart:
    """Return the part of a graph that gives some of its outputs.

    Args:
        graph_def: The graph.
        wanted: The names of the outputs.
        others: The assets of the other outputs, by output name. They are loaded if an op needs them. An
            element of a list is made again, because a list is not loaded in parts.
    """
    loadable = {_place(leaf_output(graph_def, name)): key for name, key in others.items()}
    ops = dict(leaf_ops(graph_def))
    given: dict[NodePath, set[str]] = {}
    stored: dict[NodePath, dict[str, AssetKey]] = {}
    unconnected: set[NodePath] = set()
    to_visit = [leaf_output(graph_def, name) for name in wanted]
    while to_visit:
        leaf = to_visit.pop()
        is_known = leaf.path in given
        given.setdefault(leaf.path, set()).add(leaf.definition.name)
        if is_known:
            continue
        for input_name in ops[leaf.path].ins:
            source = source_of_input(graph_def, leaf.path, input_name)
            key = None if source.is_list or not source.outputs else loadable.get(_place(source.outputs[0]))
            if key is None:
                to_visit += source.outputs
            else:
                stored.setdefault(leaf.path, {})[input_name] = key
                unconnected.add(source.place)
    return GraphPart(
        part_of_graph(graph_def, _tree(given), unconnected),
        {path: frozenset(names) for path, names in given.items()},
        stored,
    )


def _place(leaf: LeafOutput) -> tuple[NodePath, str]:
    return leaf.path, leaf.definition.name


def _tree(paths: Collection[NodePath]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in paths:
        inner = tree
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = None
    return tree
