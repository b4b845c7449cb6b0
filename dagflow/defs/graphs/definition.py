"""Graphs: nodes, their dependencies, and the mappings of inputs and outputs of the graph to them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from dagflow import _doors
from dagflow.config.field import Field
from dagflow.defs.graphs.checks import (
    check_dependencies,
    check_mappings,
    checked_mappings,
    graph_ins,
    wiring_of,
)
from dagflow.defs.graphs.content import GraphContent, Node
from dagflow.defs.graphs.dynamic import mapped_nodes
from dagflow.defs.graphs.wiring import (
    Dependency,
    DependencyDefinition,
    InputMapping,
    NodeInvocation,
    OutputMapping,
    ReadableAsset,
)
from dagflow.defs.ops.node import NodeDefinition, same_name
from dagflow.defs.ops.ports import InputDefinition, OutputDefinition
from dagflow.defs.parts.configured import ConfigMapping, as_config_mapping, configured_field, new_name
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_texts,
    check_type,
)
from dagflow.keys import check_name
from dagflow.tags import definition_tags
from dagflow.types.kinds import Any as AnyType

if TYPE_CHECKING:
    from dagflow.defs.executors.definition import ExecutorDefinition
    from dagflow.defs.hooks.definition import HookDefinition
    from dagflow.instance.instance import DagflowInstance
    from dagflow.partitions.definition import PartitionsDefinition


class GraphDefinition(GraphContent):
    """Nodes and their dependencies. Usually made by `@graph`.

    Args:
        name: Its name, also for its node in another graph.
        description: A sentence for people.
        node_defs: The ops and graphs in it.
        dependencies: Node name (or NodeInvocation, for an alias) to input name to DependencyDefinition,
            MultiDependencyDefinition or DynamicCollectDependencyDefinition.
        input_mappings: The mappings of its inputs to inputs of nodes.
        output_mappings: The mappings of outputs of nodes to its outputs.
        config: A ConfigMapping from its own config to the config of its nodes.
        tags: Tags of its runs.

    Raises:
        DagflowInvalidDefinitionError: An unknown node, input or output, an invalid name, or a cycle.

    Example:
        >>> from dagflow import GraphDefinition, op
        >>> @op
        ... def one():
        ...     return 1
        >>> GraphDefinition("g", node_defs=[one]).execute_in_process().output_for_node("one")
        1
    """

    __slots__ = ("__dict__", "compiled_job")
    _caches: ClassVar[Mapping[str, Callable[[], Any]]] = {"compiled_job": type(None)}

    def references(self) -> Iterator[tuple[str, str]]:
        """Yield the places where the graph may be found: also as the graph of a job."""
        for module, name in super().references():
            yield module, name
            yield module, f"{name}.graph"

    input_names: tuple[str, ...]
    positional_inputs: tuple[str, ...]

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
        self.parent_graph_def: GraphContent | None = kwargs.pop("_parent", None)
        if kwargs:
            raise ParameterCheckError(f"GraphDefinition has no parameter '{next(iter(kwargs))}'")
        self.name: str = check_name(name, "graph")
        check_texts(f"graph '{name}'", description=description)
        self.description = description
        self.tags: dict[str, str] = definition_tags(tags, f"graph '{name}'")
        self.config_mapping: ConfigMapping | None = as_config_mapping(config, f"graph '{name}'")
        is_traced = wiring is not None
        if wiring is None:
            wiring = wiring_of(name, node_defs, dependencies)
            wiring.input_mappings = checked_mappings(input_mappings, InputMapping, "input_mappings", name)
            wiring.output_mappings = checked_mappings(output_mappings, OutputMapping, "output_mappings", name)
        self._definitions = wiring.node_defs
        self.node_dict: dict[str, Node] = {
            node_name: Node(invocation, wiring.node_defs[invocation.name])
            for node_name, invocation in wiring.invocations.items()
        }
        self.wires: dict[str, dict[str, Dependency]] = wiring.dependencies
        self.input_assets: Mapping[tuple[str, str], ReadableAsset] = wiring.input_assets
        self.gates: Mapping[tuple[str, str], tuple[DependencyDefinition, ...]] = wiring.gates
        self.input_mappings: list[InputMapping] = wiring.input_mappings
        self.output_mappings: list[OutputMapping] = wiring.output_mappings
        self.output_names: tuple[str, ...] = tuple(
            mapping.graph_output_name for mapping in self.output_mappings
        )
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
        self.ins: dict[str, InputDefinition] = graph_ins(self)
        self.outs: dict[str, OutputDefinition] = {
            mapping.graph_output_name: self._output_def(mapping) for mapping in self.output_mappings
        }
        self.input_names = self.positional_inputs = tuple(self.ins)
        self._in_order = None
        self.compiled_job: _doors.JobDefinition | None = None
        if self.parent_graph_def is not None:
            self.__dict__.update(self.parent_graph_def.__dict__)
        self.mapped_nodes: dict[str, str] = mapped_nodes(self)

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
    def config_schema(self) -> Field | None:
        """The schema of its own config; None if it has no config mapping."""
        return None if self.config_mapping is None else self.config_mapping.config_schema

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> GraphDefinition:
        """Return a copy of this graph with fixed config for its config mapping.

        Args:
            config_or_config_fn: The config, or a function from the config of the new graph to this config.
            name: The name of the new graph; default: the name of the function.
            config_schema: The schema of the config of the new graph.
            description: Default: the description of this graph.

        Raises:
            DagflowInvalidDefinitionError: This graph has no config mapping.
            CheckError: The new graph has no name.
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
            class_name="GraphDefinition",
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
        executor_def: ExecutorDefinition | None = None,
        hooks: set[HookDefinition] | frozenset[HookDefinition] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        op_selection: Sequence[str] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        asset_layer: Any = None,
        input_values: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        owners: Sequence[str] | None = None,
        automation_condition: _doors.AutomationCondition | None = None,
    ) -> _doors.JobDefinition:
        """Make a job of this graph. The arguments are those of JobDefinition; `op_selection` selects a part
        of the ops. Only a job of assets can have an `automation_condition`: see `define_asset_job`.
        """
        if automation_condition is not None:
            place = f"job '{name or self.name}'"
            check_type(automation_condition, _doors.AutomationCondition, "automation_condition", place)
            raise ParameterCheckError(
                f"{place} has no assets, so it cannot have an 'automation_condition'. Make a job of assets "
                "by define_asset_job(...)."
            )
        job = _doors.JobDefinition(
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
        instance: DagflowInstance | None = None,
        resources: Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
        op_selection: Sequence[str] | None = None,
        run_id: str | None = None,
        input_values: Mapping[str, Any] | None = None,
    ) -> _doors.ExecuteInProcessResult:
        """Run this graph in this process, as a job of the same name.

        Args:
            run_config: The config of the run; the config of the nodes is under "ops".
            instance: The instance that records the run; default: an ephemeral one.
            resources: Resource definitions or values by key.
            raise_on_error: Whether the first failure is raised. If not, the result has it.
            op_selection: Clauses that select a part of the ops.
            run_id: A UUID as a string.
            input_values: Values of the graph's inputs.

        Returns:
            ExecuteInProcessResult.
        """
        return _doors.execute_in_process(
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


def check_definitions(graph_def: GraphDefinition, place: str) -> None:
    """Raise if two definitions in a graph, at any depth, have one name.

    Args:
        graph_def: The graph.
        place: The owner of the graph, for the message.

    Raises:
        DagflowInvalidDefinitionError: Two definitions have one name.
    """
    known: dict[str, NodeDefinition] = {}
    definitions = graph_def.iterate_node_defs()
    next(definitions)  # the graph itself: a node may have its name
    for definition in definitions:
        whole = definition
        while isinstance(whole, GraphDefinition) and whole.parent_graph_def is not None:
            whole = whole.parent_graph_def  # parts of one graph may differ
        other = known.setdefault(definition.name, whole)
        if other is not whole:
            raise DagflowInvalidDefinitionError(f"{place}: {same_name(definition.name, other, definition)}")
