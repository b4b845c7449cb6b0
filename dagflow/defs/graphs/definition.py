"""Graphs: nodes, what ties them together, and which of their inputs and outputs face outward."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from dagflow._util import nearest
from dagflow.config.field import Field
from dagflow.dag import levels
from dagflow.defs import _entry
from dagflow.defs.graphs.checks import (
    check_dependencies,
    check_mappings,
    checked_mappings,
    graph_ins,
    wiring_of,
)
from dagflow.defs.graphs.dynamic import mapped_nodes
from dagflow.defs.graphs.wiring import (
    Dependency,
    InputMapping,
    NodeInvocation,
    OutputMapping,
)
from dagflow.defs.ops.node import NodeDefinition, same_name
from dagflow.defs.ops.ports import OutputDefinition
from dagflow.defs.parts.configured import ConfigMapping, as_config_mapping, configured_field, new_name
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_texts,
)
from dagflow.keys import NodeHandle, check_name, definition_tags
from dagflow.types.kinds import Any as AnyType

if TYPE_CHECKING:
    from dagflow.defs.jobs.definition import JobDefinition

_Mapping = TypeVar("_Mapping", InputMapping, OutputMapping)


class Node:
    """A node of a graph: a definition under a name, with what is said of it there."""

    __slots__ = ("definition", "hook_defs", "name", "retry_policy", "tags")

    def __init__(self, invocation: NodeInvocation, definition: NodeDefinition) -> None:
        self.name = invocation.node_name
        self.definition = definition
        self.tags: Mapping[str, str] = (
            {**definition.tags, **invocation.tags} if invocation.tags else definition.tags
        )
        self.hook_defs: frozenset[Any] = invocation.hook_defs or frozenset()
        self.retry_policy: RetryPolicy | None = invocation.retry_policy

    def __repr__(self) -> str:
        return f"<node '{self.name}' of {self.definition!r}>"


class GraphDefinition(NodeDefinition):
    """Nodes and their dependencies. Usually made by `@graph`.

    Args:
        name: Its name, which is also that of its node in another graph.
        description: A sentence for people.
        node_defs: The ops and graphs in it.
        dependencies: Node name (or NodeInvocation, for an alias) to input name to DependencyDefinition,
            MultiDependencyDefinition or DynamicCollectDependencyDefinition.
        input_mappings: Which inputs of nodes its own inputs feed.
        output_mappings: Which outputs of nodes are its own outputs.
        config: A ConfigMapping from its own config to that of its nodes.
        tags: Become tags of its runs.

    Raises:
        DagflowInvalidDefinitionError: A name, node, input or output that is not there, or a cycle.

    Example:
        >>> from dagflow import GraphDefinition, op
        >>> @op
        ... def one():
        ...     return 1
        >>> GraphDefinition("g", node_defs=[one]).execute_in_process().output_for_node("one")
        1
    """

    __slots__ = (
        "__dict__",
        "_definitions",
        "_fed_by",
        "_in_order",
        "compiled_job",
        "config_mapping",
        "dependencies",
        "input_assets",
        "input_mappings",
        "node_dict",
        "output_mappings",
        "parent_graph_def",
        "positional_inputs",
    )
    node_type_str = "graph"

    def __init__(
        self,
        name: str,
        description: str | None = None,
        node_defs: Sequence[NodeDefinition] | None = None,
        dependencies: Mapping[str | NodeInvocation, Mapping[str, Dependency]] | None = None,
        input_mappings: Sequence[InputMapping] | None = None,
        output_mappings: Sequence[OutputMapping] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        wiring = kwargs.pop("_wiring", None)
        self.parent_graph_def: GraphDefinition | None = kwargs.pop("_parent", None)
        if kwargs:
            raise ParameterCheckError(f"GraphDefinition has no parameter '{next(iter(kwargs))}'")
        self.name = check_name(name, "graph")
        check_texts(f"graph '{name}'", description=description)
        self.description = description
        self.tags = definition_tags(tags, f"graph '{name}'")
        self.config_mapping = as_config_mapping(config, f"graph '{name}'")
        is_traced = wiring is not None
        if wiring is None:
            wiring = wiring_of(name, node_defs, dependencies)
            wiring.input_mappings = checked_mappings(input_mappings, InputMapping, "input_mappings", name)
            wiring.output_mappings = checked_mappings(output_mappings, OutputMapping, "output_mappings", name)
        self._definitions: dict[str, NodeDefinition] = wiring.node_defs
        self.node_dict = {
            node_name: Node(invocation, wiring.node_defs[invocation.name])
            for node_name, invocation in wiring.invocations.items()
        }
        self.dependencies: dict[str, dict[str, Dependency]] = wiring.dependencies
        self.input_assets: Mapping[tuple[str, str], Any] = wiring.input_assets
        self.input_mappings: list[InputMapping] = wiring.input_mappings
        self.output_mappings: list[OutputMapping] = wiring.output_mappings
        self.output_names = tuple(mapping.graph_output_name for mapping in self.output_mappings)
        if not is_traced:
            check_dependencies(self)
        check_mappings(self)
        self._fed_by = {
            (
                mapping.mapped_node_name,
                mapping.mapped_node_input_name,
                mapping.fan_in_index,
            ): mapping.graph_input_name
            for mapping in self.input_mappings
        }
        self.ins = graph_ins(self)
        self.outs = {mapping.graph_output_name: self._output_def(mapping) for mapping in self.output_mappings}
        self.input_names = self.positional_inputs = tuple(self.ins)
        self._in_order: tuple[Node, ...] | None = None
        self.compiled_job: JobDefinition | None = None
        if self.parent_graph_def is not None:
            self.__dict__.update(self.parent_graph_def.__dict__)
        self.mapped_nodes = mapped_nodes(self)

    def _output_def(self, mapping: OutputMapping) -> OutputDefinition:
        inner = self.node_dict[mapping.mapped_node_name].definition.outs[mapping.mapped_node_output_name]
        return OutputDefinition(
            mapping.graph_output_name,
            inner,
            dagflow_type=mapping.dagflow_type or AnyType,
            description=mapping.graph_output_description,
            is_dynamic=inner.is_dynamic or mapping.from_dynamic_mapping,
        )

    @property
    def node_defs(self) -> list[NodeDefinition]:
        """The definitions of the nodes, each once."""
        return list(self._definitions.values())

    @property
    def nodes(self) -> list[Node]:
        """The nodes."""
        return list(self.node_dict.values())

    @property
    def nodes_in_topological_order(self) -> tuple[Node, ...]:
        """The nodes by level (those that depend on nothing first), and within a level by name."""
        if self._in_order is None:
            parents = {
                name: [
                    source.node
                    for dependency in inputs.values()
                    for source in dependency.get_node_dependencies()
                ]
                for name, inputs in self.dependencies.items()
            }
            level = levels(parents)
            names = sorted(self.node_dict, key=lambda name: (level[name], name))
            self._in_order = tuple([self.node_dict[name] for name in names])
        return self._in_order

    @property
    def composition_fn(self) -> Callable[..., Any] | None:
        """The function whose body it is, if it was made of one."""
        fn: Callable[..., Any] | None = getattr(self, "__wrapped__", None)
        return fn

    @property
    def has_config_mapping(self) -> bool:
        """Whether it has config of its own, from which that of its nodes is made."""
        return self.config_mapping is not None

    @property
    def is_subselected(self) -> bool:
        """Whether it is a part of a larger graph, which is its `parent_graph_def`."""
        return self.parent_graph_def is not None

    def iterate_node_defs(self) -> Iterator[NodeDefinition]:
        """This definition and all that stand in it, however deep."""
        yield self
        for definition in self._definitions.values():
            if isinstance(definition, GraphDefinition):
                yield from definition.iterate_node_defs()
            else:
                yield definition

    def has_node_named(self, name: str) -> bool:
        """Whether a node of the graph has this name."""
        return name in self.node_dict

    def get_node(self, handle: NodeHandle) -> Node:
        """The node at this place, in this graph or in one inside it."""
        graph_def: NodeDefinition = self if handle.parent is None else self.get_node(handle.parent).definition
        if not isinstance(graph_def, GraphDefinition):
            raise DagflowInvariantViolationError(
                f"'{handle.parent}' is no graph, so it has no node '{handle.name}'"
            )
        return graph_def.node_named(handle.name)

    def get_input_mapping(self, input_name: str) -> InputMapping:
        """The first mapping of an input.

        Raises:
            CheckError: There is none.
        """
        return _first(self.input_mappings, "graph_input_name", input_name, f"graph '{self.name}'")

    def get_output_mapping(self, output_name: str) -> OutputMapping:
        """The mapping of an output.

        Raises:
            CheckError: There is none.
        """
        return _first(self.output_mappings, "graph_output_name", output_name, f"graph '{self.name}'")

    def node_names(self) -> list[str]:
        """The names of the nodes."""
        return list(self.node_dict)

    def node_named(self, name: str) -> Node:
        """The node with this name.

        Raises:
            DagflowInvariantViolationError: There is none.
        """
        if name not in self.node_dict:
            raise DagflowInvariantViolationError(
                f"graph '{self.name}' has no node '{name}'.{nearest(name, self.node_dict)}"
            )
        return self.node_dict[name]

    def graph_input_of(self, node: str, input_name: str, index: int | None = None) -> str | None:
        """The input of this graph that feeds an input of a node (or the element `index` of its list), if one
        does.
        """
        return self._fed_by.get((node, input_name, index))

    def dynamic_outputs(self) -> frozenset[str]:
        """The names of the outputs that have a value for each mapping key."""
        return frozenset(name for name, out in self.outs.items() if out.is_dynamic)

    @property
    def config_schema(self) -> Field | None:
        """The schema of its own config, None where it has no config mapping."""
        return None if self.config_mapping is None else self.config_mapping.config_schema

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> GraphDefinition:
        """This graph with the config of its config mapping given beforehand.

        Args:
            config_or_config_fn: The config, or a function that makes it of what the run config gives.
            name: The name of the new graph; default: that of the function.
            config_schema: What the function gets from the run config.
            description: Default: that of this graph.

        Raises:
            DagflowInvalidDefinitionError: This graph has no config mapping.
            CheckError: There is no name.
        """
        mapping = self.config_mapping
        if mapping is None:
            raise DagflowInvalidDefinitionError(
                f'Only graphs utilizing config mapping can be pre-configured. The graph "{self.name}" has '
                "none; give it one with 'config'."
            )
        new = copy.copy(self)
        new.name = check_name(new_name(config_or_config_fn, name, f"graph '{self.name}'"), "graph")
        field = configured_field(
            mapping.config_schema,
            config_or_config_fn,
            config_schema,
            kind="GraphDefinition",
            place=f"graph {new.name} (a configured '{self.name}')",
        )
        new.config_mapping = ConfigMapping(mapping.config_fn, field, mapping.receive_processed_config_values)
        new.description = self.description if description is None else description
        new.compiled_job = None
        return new

    def to_job(
        self,
        name: str | None = None,
        description: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        executor_def: Any = None,
        hooks: set[Any] | frozenset[Any] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        op_selection: Sequence[str] | None = None,
        partitions_def: Any = None,
        asset_layer: Any = None,
        input_values: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        owners: Sequence[str] | None = None,
    ) -> JobDefinition:
        """Make a job of this graph. Parameters as those of JobDefinition; `op_selection` keeps a part of the
        ops.
        """
        from dagflow.defs.jobs.definition import JobDefinition

        job = JobDefinition(
            graph_def=self,
            name=name,
            description=description if description is not None else self.description,
            resource_defs=resource_defs,
            config=config,
            tags=tags,
            run_tags=run_tags,
            metadata=metadata,
            logger_defs=logger_defs,
            executor_def=executor_def,
            hook_defs=hooks,
            op_retry_policy=op_retry_policy,
            partitions_def=partitions_def,
            input_values=input_values,
            asset_layer=asset_layer,
            owners=owners,
        )
        return job.with_op_selection(op_selection) if op_selection else job

    def execute_in_process(
        self,
        run_config: Any = None,
        instance: Any = None,
        resources: Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
        op_selection: Sequence[str] | None = None,
        run_id: str | None = None,
        input_values: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run this graph here and now, as a job of the same name.

        Args:
            run_config: Config of the run; that of the nodes stands under "ops".
            instance: What remembers the run; default: an ephemeral one of its own.
            resources: Resource definitions or values by key.
            raise_on_error: Whether the first failure is raised; else the result tells.
            op_selection: Clauses that choose a part of the ops.
            run_id: A UUID as text.
            input_values: Values of the graph's inputs.

        Returns:
            ExecuteInProcessResult.
        """
        return _entry.execute_in_process(
            self,
            run_config=run_config,
            instance=instance,
            resources=resources,
            raise_on_error=raise_on_error,
            op_selection=op_selection,
            run_id=run_id,
            input_values=input_values,
        )

    def __repr__(self) -> str:
        return f"<graph '{self.name}'>"


def _first(mappings: Sequence[_Mapping], field: str, name: str, place: str) -> _Mapping:
    for mapping in mappings:
        if getattr(mapping, field) == name:
            return mapping
    known = [getattr(mapping, field) for mapping in mappings]
    raise CheckError(f"{place} has no mapping of '{name}'; there are those of {known}.{nearest(name, known)}")


def check_definitions(graph_def: GraphDefinition, place: str) -> None:
    """Raise where two definitions in a graph, however deep, have one name.

    Args:
        graph_def: The graph.
        place: What it belongs to, for the message.

    Raises:
        DagflowInvalidDefinitionError: There are two.
    """
    known: dict[str, NodeDefinition] = {}
    definitions = graph_def.iterate_node_defs()
    next(definitions)  # the graph itself, whose name a node may well have
    for definition in definitions:
        whole = definition
        while isinstance(whole, GraphDefinition) and whole.parent_graph_def is not None:
            whole = whole.parent_graph_def  # parts of one graph may well differ
        other = known.setdefault(definition.name, whole)
        if other is not whole:
            raise DagflowInvalidDefinitionError(f"{place}: {same_name(definition.name, other, definition)}")
