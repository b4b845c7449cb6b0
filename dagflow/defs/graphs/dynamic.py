"""The nodes of a graph that run once for each value of a dynamic output, and the checks of their wiring.

A node is mapped over a dynamic output if it reads one value of it, or an output that is mapped over it. It
can be mapped over only one, and it cannot collect at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dagflow.dag import levels
from dagflow.defs.graphs.content import GraphContent
from dagflow.defs.graphs.wiring import (
    Dependency,
    DynamicCollectDependencyDefinition,
    MultiDependencyDefinition,
)
from dagflow.defs.ops.node import NodeDefinition
from dagflow.errors import DagflowInvalidDefinitionError


def mapped_nodes(graph: GraphContent) -> dict[str, str]:
    """Return the nodes of a graph that are mapped over a dynamic output, each with that output as
    "node:output".

    Args:
        graph: A graph whose nodes and dependencies are known and have no cycle.

    Raises:
        DagflowInvalidDefinitionError: A node would be mapped over two dynamic outputs, be mapped and collect,
            or read a value of a dynamic output as an element of a list; or an output is collected that has
            only one value.
    """
    if not any(map(dynamic_outputs, {node.definition for node in graph.node_dict.values()})) and not any(
        isinstance(dependency, DynamicCollectDependencyDefinition)
        for inputs in graph.wires.values()
        for dependency in inputs.values()
    ):
        return {}
    mapped: dict[str, str] = {}
    for node in levels(graph.parents):
        over = _over(graph, node, mapped)
        if over is not None:
            mapped[node] = over
    return mapped


def dynamic_outputs(definition: NodeDefinition) -> frozenset[str]:
    """Return the outputs of an op or graph that have a value for each mapping key, declared or not."""
    if not isinstance(definition, GraphContent):
        return definition.dynamic_outputs()
    return frozenset(
        mapping.graph_output_name
        for mapping in definition.output_mappings
        if mapping.mapped_node_name in definition.mapped_nodes
        or mapping.mapped_node_output_name
        in dynamic_outputs(definition.node_dict[mapping.mapped_node_name].definition)
    )


class _Reads(NamedTuple):
    """The dynamic output that an input of a node reads, and whether it reads all of its values."""

    output: str
    is_collected: bool


def _over(graph: GraphContent, node: str, mapped: Mapping[str, str]) -> str | None:
    """Return the dynamic output that a node is mapped over. `mapped` has the nodes before it."""
    place = f"in graph '{graph.name}': node '{node}'"
    reads: dict[str, _Reads] = {}
    for input_name, dependency in graph.wires.get(node, {}).items():
        found = _reads(graph, dependency, mapped, f"{place}, input '{input_name}'")
        if found is not None:
            reads[input_name] = found
    over = {read.output: name for name, read in reads.items() if not read.is_collected}
    if len(over) > 1:
        raise _too_many(place, sorted(over))
    for name, read in reads.items():
        if over and read.is_collected:
            ((output, mapped_input),) = over.items()
            raise DagflowInvalidDefinitionError(
                f"{place} cannot both collect over dynamic output \"{read.output}\" (input '{name}') and run "
                f"for each value of \"{output}\" (input '{mapped_input}'): it cannot be both downstream of "
                "dynamic outputs and their collector. Collect in a node of its own."
            )
    if not over:
        return None
    ((output, _),) = over.items()
    for name, read in reads.items():
        inner = _dynamic_behind(graph.node_dict[node].definition, name)
        if inner is not None and not read.is_collected:
            raise DagflowInvalidDefinitionError(
                f'{place} cannot be downstream of dynamic output "{output}" since input "{name}" maps to a '
                f"node that is already downstream of another dynamic output, {inner} inside of it. Collect "
                "one of them before the other."
            )
    return output


def _reads(
    graph: GraphContent, dependency: Dependency, mapped: Mapping[str, str], place: str
) -> _Reads | None:
    for source, output in ((read.node, read.output) for read in dependency.get_node_dependencies()):
        is_dynamic = output in dynamic_outputs(graph.node_dict[source].definition)
        name = f"{source}:{output}"
        if not is_dynamic and source not in mapped:
            if isinstance(dependency, DynamicCollectDependencyDefinition):
                raise DagflowInvalidDefinitionError(
                    f'{place} collects "{name}", which is neither dynamic nor mapped over a dynamic output, '
                    "so it has one value. Pass it without collect()."
                )
            continue
        if is_dynamic and source in mapped:
            raise _too_many(place, [name, mapped[source]])
        if isinstance(dependency, MultiDependencyDefinition):
            problem = f'dynamic output "{name}"'
            if not is_dynamic:
                problem = f'output "{name}", downstream of "{mapped[source]}"'
            raise DagflowInvalidDefinitionError(
                f"{place}: the elements of a list cannot be values of a dynamic output. Problematic "
                f"dependency on {problem}. Collect it, or map over it."
            )
        over = name if is_dynamic else mapped[source]
        return _Reads(over, isinstance(dependency, DynamicCollectDependencyDefinition))
    return None


def _too_many(place: str, outputs: list[str]) -> DagflowInvalidDefinitionError:
    both = " and ".join(f'"{output}"' for output in outputs)
    return DagflowInvalidDefinitionError(
        f"{place} cannot be downstream of more than one dynamic output, and would be mapped over {both}. "
        "Collect one of them first."
    )


def _dynamic_behind(definition: NodeDefinition, input_name: str) -> str | None:
    """Return the dynamic output inside a graph that a node behind one of its inputs maps over or collects."""
    if not isinstance(definition, GraphContent):
        return None
    behind = {  # the inputs of nodes that depend on the input, by node
        node: {
            mapping.mapped_node_input_name
            for mapping in definition.input_mappings
            if (mapping.graph_input_name, mapping.mapped_node_name) == (input_name, node)
        }
        for node in definition.node_dict
    }
    for node in levels(definition.parents):
        for name, dependency in definition.wires[node].items():
            if any(behind[source.node] for source in dependency.get_node_dependencies()):
                behind[node].add(name)
        if not behind[node]:
            continue
        if node in definition.mapped_nodes:
            return f'"{definition.mapped_nodes[node]}"'
        for dependency in definition.wires[node].values():
            for source in dependency.get_node_dependencies():
                if source.output in dynamic_outputs(definition.node_dict[source.node].definition):
                    return f'"{source.node}:{source.output}"'
        for name in sorted(behind[node]):
            inner = _dynamic_behind(definition.node_dict[node].definition, name)
            if inner is not None:
                return inner
    return None
