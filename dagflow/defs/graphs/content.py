"""The nodes of a graph and their dependencies, without the checks. The base of GraphDefinition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from dagflow._util import nearest
from dagflow.dag import levels
from dagflow.defs.graphs.wiring import (
    Dependency,
    DependencyDefinition,
    InputMapping,
    NodeInvocation,
    OutputMapping,
    ReadableAsset,
)
from dagflow.defs.hooks.definition import HookDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.node import NodeDefinition
from dagflow.defs.parts.configured import ConfigMapping
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.defs.resources.requirements import Requirement, loader_requirements
from dagflow.errors import CheckError, DagflowInvariantViolationError
from dagflow.keys import NodeHandle

_Mapping = TypeVar("_Mapping", InputMapping, OutputMapping)


class Node:
    """A node of a graph: a definition with a name, tags, hooks and a retry policy."""

    __slots__ = ("definition", "hook_defs", "invocation", "name", "retry_policy", "tags")

    def __init__(self, invocation: NodeInvocation, definition: NodeDefinition) -> None:
        self.invocation: NodeInvocation = invocation
        self.name: str = invocation.node_name
        self.definition: NodeDefinition = definition
        self.tags: Mapping[str, str] = (
            {**definition.tags, **invocation.tags} if invocation.tags else definition.tags
        )
        self.hook_defs: frozenset[HookDefinition] = invocation.hook_defs or frozenset()
        self.retry_policy: RetryPolicy | None = invocation.retry_policy

    def __repr__(self) -> str:
        return f"<node '{self.name}' of {self.definition!r}>"


class GraphContent(NodeDefinition):
    """The nodes of a graph, their dependencies, and the mappings of its inputs and outputs.

    Attributes:
        node_dict: The nodes by name.
        wires: The source of each connected input, by node name and input name.
        input_mappings: The mappings of inputs of the graph to inputs of nodes.
        output_mappings: The mappings of outputs of nodes to outputs of the graph.
        input_assets: The asset that is loaded for an input, by node name and input name.
        mapped_nodes: The dynamic output ("node:output") that a node is mapped over, by node name.
        config_mapping: The function from the config of the graph to the config of its nodes.
        parent_graph_def: The whole graph, if this one is a selection of its nodes.
    """

    __slots__ = (
        "_definitions",
        "_fed_by",
        "_in_order",
        "config_mapping",
        "gates",
        "input_assets",
        "input_mappings",
        "mapped_nodes",
        "node_dict",
        "output_mappings",
        "parent_graph_def",
        "positional_inputs",
        "wires",
    )
    node_type_str = "graph"

    config_mapping: ConfigMapping | None
    gates: Mapping[tuple[str, str], tuple[DependencyDefinition, ...]]
    input_assets: Mapping[tuple[str, str], ReadableAsset]
    input_mappings: list[InputMapping]
    mapped_nodes: dict[str, str]
    node_dict: dict[str, Node]
    output_mappings: list[OutputMapping]
    parent_graph_def: GraphContent | None
    wires: dict[str, dict[str, Dependency]]
    _definitions: dict[str, NodeDefinition]
    _fed_by: dict[tuple[str, str, int | None], str]
    _in_order: tuple[Node, ...] | None

    @property
    def node_defs(self) -> list[NodeDefinition]:
        """The definitions of the nodes, each once."""
        return list(self._definitions.values())

    @property
    def dependencies(self) -> dict[NodeInvocation, dict[str, Dependency]]:
        """The source of each connected input, by node and input name."""
        return {self.node_dict[name].invocation: dict(inputs) for name, inputs in self.wires.items()}

    @property
    def nodes(self) -> list[Node]:
        """The nodes."""
        return list(self.node_dict.values())

    @property
    def parents(self) -> dict[str, list[str]]:
        """The upstream nodes of each node, by node name; one entry for each output that is read."""
        found = {
            name: [
                source.node for dependency in inputs.values() for source in dependency.get_node_dependencies()
            ]
            for name, inputs in self.wires.items()
        }
        for (name, _), gates in self.gates.items():
            found[name] += [gate.node for gate in gates]
        return found

    @property
    def nodes_in_topological_order(self) -> tuple[Node, ...]:
        """The nodes by level (first those that depend on no node), and within a level by name."""
        if self._in_order is None:
            level = levels(self.parents)
            names = sorted(self.node_dict, key=lambda name: (level[name], name))
            self._in_order = tuple([self.node_dict[name] for name in names])
        return self._in_order

    @property
    def composition_fn(self) -> Callable[..., Any] | None:
        """The decorated function, if the graph was made of one."""
        fn: Callable[..., Any] | None = getattr(self, "__wrapped__", None)
        return fn

    @property
    def has_config_mapping(self) -> bool:
        """True if the graph has its own config, which is mapped to the config of its nodes."""
        return self.config_mapping is not None

    @property
    def is_subselected(self) -> bool:
        """True if the graph is a selection of the nodes of `parent_graph_def`."""
        return self.parent_graph_def is not None

    def iterate_node_defs(self) -> Iterator[NodeDefinition]:
        """Yield this definition and all definitions in it, at every depth."""
        yield self
        for definition in self._definitions.values():
            if isinstance(definition, GraphContent):
                yield from definition.iterate_node_defs()
            else:
                yield definition

    def iterate_op_defs(self) -> Iterator[OpDefinition]:
        """Yield the definition of each op in it, at every depth, once for each node."""
        for node in self.node_dict.values():
            if isinstance(node.definition, OpDefinition):
                yield node.definition
            elif isinstance(node.definition, GraphContent):
                yield from node.definition.iterate_op_defs()

    def own_requirements(self) -> list[Requirement]:
        """Return the resources that load the assets which the body of the graph reads."""
        return [need for asset in self.input_assets.values() for need in asset.own_requirements()]

    def input_requirements(self) -> list[Requirement]:
        """Return the resources that read values of its inputs from config."""
        found: list[Requirement] = []
        for name, item in self.ins.items():
            if item.dagflow_type.loader is not None:
                port = f"input '{name}' of {self.describe_node()}"
                found += loader_requirements(item.dagflow_type.loader, port)
        return found

    def all_requirements(self) -> list[Requirement]:
        """Return the resources that the graph and the definitions in it need, at every depth."""
        found: list[Requirement] = []
        if self.input_assets:
            found += self.own_requirements()
        if self.ins:
            found += self.input_requirements()
        for definition in self._definitions.values():
            found += definition.all_requirements()
        return found

    def has_node_named(self, name: str) -> bool:
        """Return whether a node of the graph has this name."""
        return name in self.node_dict

    def get_node(self, handle: NodeHandle) -> Node:
        """Return the node with this path, in this graph or in one inside it."""
        graph_def: NodeDefinition = self if handle.parent is None else self.get_node(handle.parent).definition
        if not isinstance(graph_def, GraphContent):
            raise DagflowInvariantViolationError(
                f"'{handle.parent}' is not a graph, so it has no node '{handle.name}'"
            )
        return graph_def.node_named(handle.name)

    def get_input_mapping(self, input_name: str) -> InputMapping:
        """Return the first mapping of an input.

        Raises:
            CheckError: The input has no mapping.
        """
        return _first(self.input_mappings, "graph_input_name", input_name, f"graph '{self.name}'")

    def get_output_mapping(self, output_name: str) -> OutputMapping:
        """Return the mapping of an output.

        Raises:
            CheckError: The output has no mapping.
        """
        return _first(self.output_mappings, "graph_output_name", output_name, f"graph '{self.name}'")

    def node_names(self) -> list[str]:
        """Return the names of the nodes."""
        return list(self.node_dict)

    def node_named(self, name: str) -> Node:
        """Return the node with this name.

        Raises:
            DagflowInvariantViolationError: The name is unknown.
        """
        if name not in self.node_dict:
            raise DagflowInvariantViolationError(
                f"graph '{self.name}' has no node '{name}'.{nearest(name, self.node_dict)}"
            )
        return self.node_dict[name]

    def graph_input_of(self, node: str, input_name: str, index: int | None = None) -> str | None:
        """Return the input of this graph that feeds an input of a node (or the element `index` of its list);
        None if no input of the graph feeds it.
        """
        return self._fed_by.get((node, input_name, index))

    def dynamic_outputs(self) -> frozenset[str]:
        """Return the names of the dynamic outputs, which have a value for each mapping key."""
        return frozenset(name for name, out in self.outs.items() if out.is_dynamic)


def _first(mappings: Sequence[_Mapping], field: str, name: str, place: str) -> _Mapping:
    for mapping in mappings:
        if getattr(mapping, field) == name:
            return mapping
    known = [getattr(mapping, field) for mapping in mappings]
    raise CheckError(
        f"{place} has no mapping of '{name}'; its mappings are of {known}.{nearest(name, known)}"
    )
