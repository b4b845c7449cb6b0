"""What a job is made of: questions about the nodes, definitions and resources in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagflow._util import nearest
from dagflow.defs.graphs.definition import GraphDefinition, Node
from dagflow.errors import CheckError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagflow.defs.ops.node import NodeDefinition
    from dagflow.defs.parts.retry import RetryPolicy
    from dagflow.keys import NodeHandle
    from dagflow.types.kinds import DagflowType


class JobContent:
    """A graph with a name, input values and a selection, to be asked about. The base of JobDefinition."""

    __slots__ = ()

    graph: GraphDefinition
    name: str
    input_values: Mapping[str, Any]
    op_selection: tuple[str, ...] | None
    op_retry_policy: RetryPolicy | None

    @property
    def nodes(self) -> list[Node]:
        """The nodes of its graph."""
        return self.graph.nodes

    @property
    def nodes_in_topological_order(self) -> tuple[Node, ...]:
        """The nodes of its graph by level (those that depend on nothing first), and within a level by
        name.
        """
        return self.graph.nodes_in_topological_order

    @property
    def dependencies(self) -> Mapping[str, Any]:
        """What the inputs of the nodes of its graph depend on: by node and input name."""
        return self.graph.dependencies

    @property
    def top_level_node_defs(self) -> list[NodeDefinition]:
        """The definitions of the nodes of its graph, each once."""
        return self.graph.node_defs

    @property
    def all_node_defs(self) -> list[NodeDefinition]:
        """The definitions of all nodes, however deep, each once."""
        return list(self._definitions().values())

    def _definitions(self) -> dict[str, NodeDefinition]:
        found: Iterator[NodeDefinition] = self.graph.iterate_node_defs()
        next(found)  # the graph itself
        return {definition.name: definition for definition in found}

    def has_node(self, name: str) -> bool:
        """Whether a definition of this name stands in the job, however deep."""
        return name in self._definitions()

    def node_def_named(self, name: str) -> NodeDefinition:
        """The definition of this name, however deep in the job it stands.

        Raises:
            CheckError: There is none.
        """
        definitions = self._definitions()
        if name not in definitions:
            raise CheckError(f"job '{self.name}' has no definition '{name}'.{nearest(name, definitions)}")
        return definitions[name]

    def has_node_named(self, name: str) -> bool:
        """Whether a node of its graph has this name."""
        return self.graph.has_node_named(name)

    def get_node_named(self, name: str) -> Node:
        """The node of its graph with this name.

        Raises:
            DagflowInvariantViolationError: There is none.
        """
        return self.graph.node_named(name)

    def get_node(self, handle: NodeHandle) -> Node:
        """The node at this place.

        Raises:
            DagflowInvariantViolationError: There is none.
        """
        return self.graph.get_node(handle)

    get_op = get_node

    def get_retry_policy_for_handle(self, handle: NodeHandle) -> RetryPolicy | None:
        """How the op at this place is tried again: as its invocation says, else the op, else the job."""
        node = self.get_node(handle)
        return node.retry_policy or getattr(node.definition, "retry_policy", None) or self.op_retry_policy

    def all_dagflow_types(self) -> Iterator[DagflowType]:
        """The types of all inputs and outputs, and the types inside those, each once."""
        return self.graph.all_dagflow_types()

    @property
    def is_subset(self) -> bool:
        """Whether it is a part of a larger job, chosen by an op selection."""
        return self.op_selection is not None

    @property
    def resolved_op_selection(self) -> frozenset[str] | None:
        """The paths of the ops that its op selection chose; None where it has none."""
        return frozenset(_op_paths(self.graph, "")) if self.is_subset else None

    def has_direct_input_value(self, input_name: str) -> bool:
        """Whether the job has a value for this input of its graph."""
        return input_name in self.input_values

    def get_direct_input_value(self, input_name: str) -> Any:
        """The job's value for an input of its graph.

        Raises:
            CheckError: It has none.
        """
        if input_name not in self.input_values:
            raise CheckError(
                f"job '{self.name}' has no value for the input '{input_name}'."
                f"{nearest(input_name, self.input_values)}"
            )
        return self.input_values[input_name]

    def describe_target(self) -> str:
        """What it is, and its name."""
        return f"job '{self.name}'"


def _op_paths(graph_def: GraphDefinition, prefix: str) -> Iterator[str]:
    for name, node in graph_def.node_dict.items():
        if isinstance(node.definition, GraphDefinition):
            yield from _op_paths(node.definition, f"{prefix}{name}.")
        else:
            yield prefix + name
