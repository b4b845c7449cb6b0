"""The wiring of nodes, as plain values: dependencies, invocations, mappings of graph inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.defs.hooks.definition import NO_HOOKS, HookDefinition, check_hooks
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.defs.resources.requirements import IO_MANAGER, Requirement
from dagflow.errors import CheckError, check_type
from dagflow.keys import AssetKey, check_name
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.tags import definition_tags
from dagflow.values import ByValue

if TYPE_CHECKING:
    from dagflow.defs.ops.node import NodeDefinition


class DependencyDefinition:
    """A dependency of an input on one output of a node.

    Args:
        node: The name of the node in the graph.
        output: The name of the output.
        description: A sentence for people.
        solid: An older name of `node`. One of the two is required.

    Raises:
        ParameterCheckError: `node` is missing, or an argument is not a string.
        CheckError: Both `node` and `solid` are given.

    Example:
        >>> DependencyDefinition("beans")
        DependencyDefinition('beans', 'result')
    """

    __slots__ = ("description", "node", "output")

    def __init__(
        self,
        node: str | None = None,
        output: str = "result",
        description: str | None = None,
        *,
        solid: str | None = None,
    ) -> None:
        if node is not None and solid is not None:
            raise CheckError("both 'node' and its older name 'solid' were given; give one of them")
        self.node: str = check_type(node if node is not None else solid, str, "node")
        self.output: str = check_type(output, str, "output")
        self.description: str | None = (
            None if description is None else check_type(description, str, "description")
        )

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        """Return this dependency in a list."""
        return [self]

    def is_fan_in(self) -> bool:
        """Return False: the input reads one output."""
        return False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DependencyDefinition):
            return NotImplemented
        return (self.node, self.output) == (other.node, other.output)

    def __hash__(self) -> int:
        return hash((self.node, self.output))

    def __repr__(self) -> str:
        return f"DependencyDefinition({self.node!r}, {self.output!r})"


class GraphInputSlot:
    """A placeholder in a fan-in list. An InputMapping with its position feeds it from a graph input."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "GraphInputSlot()"


GRAPH_INPUT_SLOT = GraphInputSlot()


class MultiDependencyDefinition:
    """A dependency of an input on several outputs, which become a list.

    Args:
        dependencies: The source of each element, in order: an output, or GRAPH_INPUT_SLOT.

    Raises:
        ParameterCheckError: The argument is not a sequence of these.
    """

    __slots__ = ("dependencies",)

    def __init__(self, dependencies: Sequence[DependencyDefinition | GraphInputSlot]) -> None:
        self.dependencies: tuple[Any, ...] = tuple(check_type(dependencies, Sequence, "dependencies"))
        for dependency in self.dependencies:
            check_type(dependency, (DependencyDefinition, GraphInputSlot), "dependencies")

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        """Return the elements that are outputs of nodes, in order."""
        return [part for part in self.dependencies if isinstance(part, DependencyDefinition)]

    def get_dependencies_and_mappings(self) -> list[DependencyDefinition | GraphInputSlot]:
        """Return all elements, in order: outputs of nodes and placeholders for inputs of the graph."""
        return list(self.dependencies)

    def is_fan_in(self) -> bool:
        """Return True: the input receives a list."""
        return True

    def __repr__(self) -> str:
        return f"MultiDependencyDefinition({list(self.dependencies)!r})"


class DynamicCollectDependencyDefinition:
    """A dependency of an input on all values of a dynamic output, or of an output that is mapped over it.

    Args:
        node_name: The name of the node in the graph.
        output_name: The name of the output.

    Raises:
        ParameterCheckError: An argument is not a string.
    """

    __slots__ = ("node_name", "output_name")

    def __init__(self, node_name: str, output_name: str = "result") -> None:
        self.node_name: str = check_type(node_name, str, "node_name")
        self.output_name: str = check_type(output_name, str, "output_name")

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        """Return the collected output in a list, as a DependencyDefinition."""
        return [DependencyDefinition(self.node_name, self.output_name)]

    def is_fan_in(self) -> bool:
        """Return True: the input receives a list."""
        return True

    def __repr__(self) -> str:
        return f"DynamicCollectDependencyDefinition({self.node_name!r}, {self.output_name!r})"


Dependency = DependencyDefinition | MultiDependencyDefinition | DynamicCollectDependencyDefinition


class NodeInvocation(ByValue):
    """A node of a graph: the name of its definition, with an alias, tags, hooks and a retry policy.

    Args:
        name: The name of the definition.
        alias: The name of the node; default: the name of the definition.
        tags: Tags of this node. They override equal keys in the tags of the definition.
        hook_defs: Hooks of this node only.
        retry_policy: The retry policy of this node. It replaces the policy of the op.
    """

    __slots__ = ("alias", "hook_defs", "name", "retry_policy", "tags")
    _names = ("name", "alias", "tags", "hook_defs", "retry_policy")

    def __init__(
        self,
        name: str,
        alias: str | None = None,
        tags: Mapping[str, Any] | None = None,
        hook_defs: set[HookDefinition] | frozenset[HookDefinition] | None = None,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        self.name: str = check_type(name, str, "name")
        self.alias: str | None = None if alias is None else check_name(alias, "node")
        self.tags: dict[str, str] = definition_tags(tags, f"node '{alias or name}'") if tags else {}
        self.hook_defs: frozenset[HookDefinition] = NO_HOOKS
        if hook_defs:
            self.hook_defs = check_hooks(hook_defs, "hook_defs", f"node '{alias or name}'")
        self.retry_policy: RetryPolicy | None = None
        if retry_policy is not None:
            self.retry_policy = check_type(
                retry_policy, RetryPolicy, "retry_policy", f"node '{alias or name}'"
            )

    @property
    def node_name(self) -> str:
        """The name of the node in its graph."""
        return self.alias or self.name


class InputPointer(NamedTuple):
    """An input of a node, or the element `fan_in_index` of an input that is a list."""

    node_name: str
    input_name: str
    fan_in_index: int | None = None


class OutputPointer(NamedTuple):
    """An output of a node."""

    node_name: str
    output_name: str


class InputMapping(NamedTuple):
    """A mapping of an input of the graph to an input of one of its nodes.

    Args:
        graph_input_name: The name of the input of the graph.
        mapped_node_name: The name of the node.
        mapped_node_input_name: The name of the input of the node.
        fan_in_index: The position of the element to feed, if that input is a list.
        graph_input_description: A sentence for people.
        dagflow_type: The type of the input of the graph; default: the type of the input of the node.
    """

    graph_input_name: str
    mapped_node_name: str
    mapped_node_input_name: str
    fan_in_index: int | None = None
    graph_input_description: str | None = None
    dagflow_type: Any = None

    @property
    def maps_to(self) -> InputPointer:
        """The input of the node, or its list element, that receives the value."""
        return InputPointer(self.mapped_node_name, self.mapped_node_input_name, self.fan_in_index)


class OutputMapping(NamedTuple):
    """A mapping of an output of a node to an output of the graph that contains the node.

    Args:
        graph_output_name: The name of the output of the graph.
        mapped_node_name: The name of the node.
        mapped_node_output_name: The name of the output of the node.
        graph_output_description: A sentence for people.
        dagflow_type: The type of the output of the graph; default: the type of the output of the node.
        from_dynamic_mapping: Whether the output has a value for each mapping key.
    """

    graph_output_name: str
    mapped_node_name: str
    mapped_node_output_name: str
    graph_output_description: str | None = None
    dagflow_type: Any = None
    from_dynamic_mapping: bool = False

    @property
    def maps_from(self) -> OutputPointer:
        """The output of the node that produces the value."""
        return OutputPointer(self.mapped_node_name, self.mapped_node_output_name)


class GraphIn(NamedTuple):
    """The description of an input of a graph, given by the user."""

    description: str | None = None


class GraphOut(NamedTuple):
    """The description of an output of a graph, given by the user."""

    description: str | None = None


class ReadableAsset:
    """An asset that the body of a graph can read: the base of AssetSpec and SourceAsset."""

    __slots__ = ()

    @property
    def key(self) -> AssetKey:
        """The key of the asset."""
        raise NotImplementedError

    @property
    def io_manager_key(self) -> str:
        """The key of the I/O manager that loads the asset."""
        raise NotImplementedError

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """The partitions of the asset, or None if it is not partitioned."""
        raise NotImplementedError

    def own_requirements(self) -> list[Requirement]:
        """Return the requirement of the I/O manager that loads the asset, in a list."""
        by = f"{type(self).__name__} with key {self.key.to_string()}"
        return [Requirement(self.io_manager_key, by, role=IO_MANAGER)]


class Wiring:
    """The nodes and dependencies of a graph, before it is checked.

    Attributes:
        node_defs: The definitions of the nodes, by their own name.
        invocations: The invocation of each node, by its name in the graph.
        dependencies: The source of each connected input, by node name and then by input name.
        input_mappings, output_mappings: The mappings of the inputs and outputs of the graph.
        input_assets: The SourceAsset or AssetSpec that is loaded for an input, by node and input name.
        gates: The outputs of blocking checks that an input waits for, by node and input name.
    """

    __slots__ = (
        "dependencies",
        "gates",
        "input_assets",
        "input_mappings",
        "invocations",
        "node_defs",
        "output_mappings",
    )

    def __init__(self) -> None:
        self.node_defs: dict[str, NodeDefinition] = {}
        self.invocations: dict[str, NodeInvocation] = {}
        self.dependencies: dict[str, dict[str, Dependency]] = {}
        self.input_assets: dict[tuple[str, str], ReadableAsset] = {}
        self.gates: dict[tuple[str, str], tuple[DependencyDefinition, ...]] = {}
        self.input_mappings: list[InputMapping] = []
        self.output_mappings: list[OutputMapping] = []
