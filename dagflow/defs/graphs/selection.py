"""The selection of a part of a graph by clauses: the same definitions with fewer nodes.

An input becomes unconnected if its source is not selected.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dagflow._util import nearest
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.wiring import (
    DependencyDefinition,
    InputMapping,
    MultiDependencyDefinition,
    NodeInvocation,
    Wiring,
)
from dagflow.defs.ops.node import NodeDefinition
from dagflow.errors import DagflowInvalidSubsetError, ParameterCheckError, repr_of
from dagflow.selection.parse import parse_clause
from dagflow.selection.resolve import walk

Selected = dict[str, Any]
"""Node name to None (the whole node) or to the selection inside it."""


def select_ops(graph_def: GraphDefinition, clauses: Sequence[str]) -> GraphDefinition:
    """Return a copy of a graph with only the nodes that at least one clause selects.

    Args:
        graph_def: The graph.
        clauses: The clauses, such as `["*a", "b+", "inner.c"]`. `*` and `+` work on nodes of the top level
            only. An empty list selects nothing.

    Raises:
        ParameterCheckError: `clauses` is not a list of strings.
        DagflowInvalidSubsetError: A clause is invalid or selects no node, or a selected node reads an output
            whose op inside a selected graph is not selected.
    """
    selected: Selected = {}
    for text in clauses_of(clauses):
        try:
            paths = _paths(graph_def, text)
        except DagflowInvalidSubsetError as error:
            raise DagflowInvalidSubsetError(
                f"No qualified ops to execute found for op_selection={repr_of(list(clauses))}: {error}"
            ) from None
        for path in paths:
            _add(selected, path)
    return part_of_graph(graph_def, selected)


def clauses_of(op_selection: Any) -> tuple[str, ...]:
    """Return an op selection as a tuple, after a check that it is a list of strings. Nothing is parsed.

    Raises:
        ParameterCheckError: The argument is a single string, or not a sequence of strings.
    """
    if (
        isinstance(op_selection, str)
        or not isinstance(op_selection, Sequence)
        or not all(isinstance(clause, str) for clause in op_selection)
    ):
        raise ParameterCheckError(
            f"parameter 'op_selection' must be a list of strings, not {repr_of(op_selection)}"
        )
    return tuple(op_selection)


def _paths(graph_def: GraphDefinition, text: str) -> list[tuple[str, ...]]:
    clause = parse_clause(text)
    names = graph_def.node_dict
    if clause.name is None:
        return [(name,) for name in names]
    path = tuple(clause.name.split("."))
    if len(path) == 1 and path[0] in names:
        parents, children = _neighbours(graph_def)
        found = walk(path, clause.up, parents.__getitem__) | walk(path, clause.down, children.__getitem__)
        return [(name,) for name in names if name in found]
    if len(path) > 1 and not (clause.up or clause.down) and _exists(graph_def, path):
        return [path]
    hint = nearest(clause.name, _all_paths(graph_def))
    if len(path) > 1 and (clause.up or clause.down) and _exists(graph_def, path):
        hint = " A path into a graph takes no '*' or '+'; use them on nodes of the top level."
    raise DagflowInvalidSubsetError(
        f"'{text}' selects no node: graph '{graph_def.name}' has no node '{clause.name}' for this clause."
        f"{hint}"
    )


def _neighbours(graph_def: GraphDefinition) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    parents = {name: set(upstream) for name, upstream in graph_def.parents.items()}
    children: dict[str, set[str]] = {name: set() for name in graph_def.node_dict}
    for name, upstream in parents.items():
        for parent in upstream:
            children[parent].add(name)
    return parents, children


def _exists(graph_def: NodeDefinition, path: Sequence[str]) -> bool:
    definition = graph_def
    for name in path:
        if not isinstance(definition, GraphDefinition) or name not in definition.node_dict:
            return False
        definition = definition.node_dict[name].definition
    return True


def _all_paths(graph_def: GraphDefinition, prefix: str = "") -> list[str]:
    found = []
    for name, node in graph_def.node_dict.items():
        found.append(prefix + name)
        if isinstance(node.definition, GraphDefinition):
            found += _all_paths(node.definition, f"{prefix}{name}.")
    return found


def _add(selected: Selected, path: Sequence[str]) -> None:
    name, rest = path[0], path[1:]
    if not rest:
        selected[name] = None
    elif name not in selected:
        selected[name] = {}
        _add(selected[name], rest)
    elif selected[name] is not None:
        _add(selected[name], rest)


def part_of_graph(
    graph_def: GraphDefinition,
    selected: Selected,
    unconnected: Collection[tuple[str, ...]] = (),
    path: tuple[str, ...] = (),
) -> GraphDefinition:
    """Return a copy of a graph with only the selected nodes.

    Args:
        graph_def: The graph.
        selected: The selected nodes.
        unconnected: The inputs that lose their source although it is selected: each the names of the nodes
            down to the input, and its name.
        path: The names of the nodes down to this graph.

    Raises:
        DagflowInvalidSubsetError: A selected node reads an output of a graph whose op is not selected.
    """
    definitions: dict[str, NodeDefinition] = {}
    wiring = Wiring()
    for name, node in graph_def.node_dict.items():
        if name in selected:
            inside = selected[name]
            definition = node.definition
            if inside is not None and isinstance(definition, GraphDefinition):
                definition = part_of_graph(definition, inside, unconnected, (*path, name))
            definitions[name] = definition
            key = definition.name if definition is node.definition else f"{definition.name} of {name}"
            wiring.node_defs[key] = definition
            wiring.invocations[name] = NodeInvocation(key, name, node.tags, node.hook_defs, node.retry_policy)
    indexes: dict[tuple[str, str], list[int]] = {}  # of the elements that are left of each list
    for name, definition in definitions.items():
        wiring.dependencies[name] = {}
        for input_name, dependency in graph_def.wires[name].items():
            if input_name not in definition.input_names or (*path, name, input_name) in unconnected:
                continue
            if isinstance(dependency, MultiDependencyDefinition):
                parts = dependency.dependencies
                left = [index for index, part in enumerate(parts) if _is_selected(part, definitions)]
                indexes[name, input_name] = left
                wiring.dependencies[name][input_name] = MultiDependencyDefinition(
                    [parts[index] for index in left]
                )
            elif _is_selected(dependency.get_node_dependencies()[0], definitions):
                wiring.dependencies[name][input_name] = dependency
    wiring.input_assets = {
        place: asset for place, asset in graph_def.input_assets.items() if place[0] in definitions
    }
    wiring.input_mappings = [
        _moved(mapping, indexes)
        for mapping in graph_def.input_mappings
        if mapping.mapped_node_name in definitions
        and mapping.mapped_node_input_name in definitions[mapping.mapped_node_name].input_names
    ]
    wiring.output_mappings = [
        mapping
        for mapping in graph_def.output_mappings
        if mapping.mapped_node_name in definitions
        and mapping.mapped_node_output_name in definitions[mapping.mapped_node_name].output_names
    ]
    return GraphDefinition(
        graph_def.name,
        graph_def.description,
        config=graph_def.config_mapping,
        tags=graph_def.tags,
        _wiring=wiring,
        _parent=graph_def,
    )


def _is_selected(source: Any, definitions: Mapping[str, NodeDefinition]) -> bool:
    if not isinstance(source, DependencyDefinition):
        return True  # the placeholder of an input of the graph
    if source.node not in definitions:
        return False
    if source.output not in definitions[source.node].output_names:
        raise DagflowInvalidSubsetError(
            f"the op selection cuts graph '{source.node}' off from its output '{source.output}', which "
            "another selected node reads. Select the op inside it that makes this output too."
        )
    return True


def _moved(mapping: InputMapping, indexes: Mapping[tuple[str, str], list[int]]) -> InputMapping:
    """Return the mapping with the new index of its list element, after other elements were removed."""
    if mapping.fan_in_index is None:
        return mapping
    left = indexes[mapping.mapped_node_name, mapping.mapped_node_input_name]
    return mapping._replace(fan_in_index=left.index(mapping.fan_in_index))
