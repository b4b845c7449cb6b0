"""The content of a job: its attributes, nodes, definitions and resources. The base of JobDefinition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dagflow import _doors
from dagflow._util import nearest
from dagflow.copies import Copied
from dagflow.defs.graphs.content import Node
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.wiring import Dependency, NodeInvocation, ReadableAsset
from dagflow.defs.hooks.definition import HookDefinition, hook_requirements
from dagflow.defs.ops.node import NodeDefinition
from dagflow.defs.parts.configured import ConfigMapping
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.defs.resources.requirements import IO_MANAGER, Requirement, requirements_of
from dagflow.errors import CheckError
from dagflow.keys import AssetCheckKey, AssetKey, NodeHandle
from dagflow.metadata.value import MetadataValue
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.types.kinds import DagflowType

if TYPE_CHECKING:
    from dagflow.defs.assets.layer import AssetLayer
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.executors.definition import ExecutorDefinition
    from dagflow.defs.jobs.partitioned import PartitionedConfig
    from dagflow.defs.loggers.definition import LoggerDefinition
    from dagflow.partitions.backfill import BackfillPolicy


class AssetSelectionData(NamedTuple):
    """A selection of the assets and checks of a job: their keys, and the whole job.

    Attributes:
        asset_selection: The keys of the assets.
        asset_check_selection: The keys of the checks; None: the checks of the assets.
        parent_job_def: The whole job.
    """

    asset_selection: frozenset[AssetKey]
    asset_check_selection: frozenset[AssetCheckKey] | None
    parent_job_def: _doors.JobDefinition


class JobContent(Copied):
    """The attributes of a job, and lookups in them. The base of JobDefinition.

    Attributes:
        compiled: The cache of schemas, plans and requirements. The functions that build them fill it.
        place: Type and name of the job, for messages: "job 'brew'".
    """

    __slots__ = (
        "asset_layer",
        "asset_selection_data",
        "automation_condition",
        "compiled",
        "config_mapping",
        "default_config",
        "description",
        "given_executor_def",
        "graph",
        "hook_defs",
        "input_values",
        "logger_defs",
        "metadata",
        "name",
        "op_retry_policy",
        "op_selection",
        "owners",
        "partitioned_config",
        "partitions_def",
        "place",
        "resource_defs",
        "run_tags",
        "tags",
    )

    asset_layer: AssetLayer | None
    automation_condition: AutomationCondition | None
    asset_selection_data: AssetSelectionData | None
    compiled: dict[Any, Any]
    config_mapping: ConfigMapping | None
    default_config: Mapping[str, Any]
    description: str | None
    given_executor_def: ExecutorDefinition | None
    graph: GraphDefinition
    hook_defs: frozenset[HookDefinition]
    input_values: Mapping[str, Any]
    logger_defs: dict[str, LoggerDefinition]
    metadata: Mapping[str, MetadataValue]
    name: str
    op_retry_policy: RetryPolicy | None
    op_selection: tuple[str, ...] | None
    owners: Sequence[str]
    partitioned_config: PartitionedConfig | None
    partitions_def: PartitionsDefinition | None
    place: str
    resource_defs: dict[str, ResourceDefinition]
    run_tags: Mapping[str, str]
    tags: Mapping[str, str]
    _caches: ClassVar[Mapping[str, Callable[[], Any]]] = {"compiled": dict}

    @property
    def executor_def(self) -> ExecutorDefinition:
        """The executor of the job; default: `multi_or_in_process_executor`."""
        if self.given_executor_def is not None:
            return self.given_executor_def
        from dagflow.defs.executors.builtin import multi_or_in_process_executor  # a run in process needs none

        return multi_or_in_process_executor

    @property
    def loggers(self) -> dict[str, LoggerDefinition]:
        """The loggers that a run config can name."""
        from dagflow.defs.loggers.definition import default_loggers  # only a run config needs them

        return self.logger_defs or default_loggers()

    def hook_requirements(self) -> dict[str, Requirement]:
        """Return the resources that the hooks of the job and of its nodes need, by key."""
        if "hook_requirements" not in self.compiled:
            assets = () if self.asset_layer is None else {path[0] for path in self.asset_layer.definitions}
            needs = hook_requirements(self.hook_defs, self.place, self.graph, assets)
            self.compiled["hook_requirements"] = needs
        found: dict[str, Requirement] = self.compiled["hook_requirements"]
        return found

    def requirements(self) -> dict[str, Requirement]:
        """Return the resources that a run of the whole job can need, by key.

        A run with a selection of steps, or one whose inputs have values, may need fewer: see `compile_plan`.
        """
        if "requirements" not in self.compiled:
            self.compiled["requirements"] = requirements_of(self.all_requirements())
        found: dict[str, Requirement] = self.compiled["requirements"]
        return found

    def all_requirements(self) -> list[Requirement]:
        """Return the requirements of its nodes, assets and hooks; several may name one key."""
        found = self.graph.all_requirements()
        if self.asset_layer is not None:
            found += self._asset_requirements(self.asset_layer)
        found += self.hook_requirements().values()
        return found

    def _asset_requirements(self, layer: AssetLayer) -> list[Requirement]:
        """Return the I/O managers of the assets that the job does not store, also if nothing reads them."""
        stored = {part.whole for part in layer.definitions.values()}
        found: list[Requirement] = []
        for asset in layer.known.values():
            if isinstance(asset, ReadableAsset) or asset not in stored:  # a run can load its value
                found += [need for need in asset.own_requirements() if need.role == IO_MANAGER]
        return found

    @property
    def backfill_policy(self) -> BackfillPolicy:
        """The number of partitions in one run of a backfill: the least of its partitioned assets."""
        from dagflow.defs.jobs.job_policies import backfill_policy_of  # imported lazily: few projects use it

        parts = () if self.asset_layer is None else self.asset_layer.parts
        return backfill_policy_of(parts, self.describe_target())

    @property
    def nodes(self) -> list[Node]:
        """The nodes of its graph."""
        return self.graph.nodes

    @property
    def nodes_in_topological_order(self) -> tuple[Node, ...]:
        """The nodes of its graph by level (first the nodes without parents), and within a level by name."""
        return self.graph.nodes_in_topological_order

    @property
    def dependencies(self) -> Mapping[NodeInvocation, Mapping[str, Dependency]]:
        """The dependencies of its graph, by node and input name."""
        return self.graph.dependencies

    @property
    def top_level_node_defs(self) -> list[NodeDefinition]:
        """The definitions of the nodes of its graph, each once."""
        return self.graph.node_defs

    @property
    def all_node_defs(self) -> list[NodeDefinition]:
        """The definitions of all nodes at every depth, each once."""
        return list(self._definitions().values())

    def _definitions(self) -> dict[str, NodeDefinition]:
        found: Iterator[NodeDefinition] = self.graph.iterate_node_defs()
        next(found)  # the graph itself
        return {definition.name: definition for definition in found}

    def has_node(self, name: str) -> bool:
        """Return whether the job contains a definition with this name, at any depth."""
        return name in self._definitions()

    def node_def_named(self, name: str) -> NodeDefinition:
        """Return the definition with this name, at any depth.

        Raises:
            CheckError: The name is unknown.
        """
        definitions = self._definitions()
        if name not in definitions:
            raise CheckError(
                f"{self.describe_target()} has no definition '{name}'.{nearest(name, definitions)}"
            )
        return definitions[name]

    def has_node_named(self, name: str) -> bool:
        """Return whether a node of its graph has this name."""
        return self.graph.has_node_named(name)

    def get_node_named(self, name: str) -> Node:
        """Return the node of its graph with this name.

        Raises:
            DagflowInvariantViolationError: The name is unknown.
        """
        return self.graph.node_named(name)

    def get_node(self, handle: NodeHandle) -> Node:
        """Return the node with this path.

        Raises:
            DagflowInvariantViolationError: The path is unknown.
        """
        return self.graph.get_node(handle)

    get_op = get_node

    def get_retry_policy_for_handle(self, handle: NodeHandle) -> RetryPolicy | None:
        """Return the retry policy of the op with this path: that of its invocation, the op or the job."""
        node = self.get_node(handle)
        return node.retry_policy or getattr(node.definition, "retry_policy", None) or self.op_retry_policy

    def all_dagflow_types(self) -> Iterator[DagflowType]:
        """Yield the types of all inputs and outputs, and the types inside those, each once."""
        return self.graph.all_dagflow_types()

    @property
    def is_subset(self) -> bool:
        """True if a selection of ops or assets chose a part of a larger job."""
        return self.op_selection is not None or self.asset_selection_data is not None

    @property
    def asset_selection(self) -> frozenset[AssetKey] | None:
        """The keys of the assets that were chosen from a larger job; None for a whole job."""
        return self.asset_selection_data.asset_selection if self.asset_selection_data else None

    @property
    def asset_check_selection(self) -> frozenset[AssetCheckKey] | None:
        """The keys of the checks that were chosen from a larger job; None: the checks of its assets."""
        return self.asset_selection_data.asset_check_selection if self.asset_selection_data else None

    @property
    def resolved_op_selection(self) -> frozenset[str] | None:
        """The paths of the ops that the op selection chose; None without an op selection."""
        return None if self.op_selection is None else frozenset(_op_paths(self.graph, ""))

    def has_direct_input_value(self, input_name: str) -> bool:
        """Return whether the job has a value for this input of its graph."""
        return input_name in self.input_values

    def get_direct_input_value(self, input_name: str) -> Any:
        """Return the value of the job for an input of its graph.

        Raises:
            CheckError: The job has no value for this input.
        """
        if input_name not in self.input_values:
            raise CheckError(
                f"{self.describe_target()} has no value for the input '{input_name}'."
                f"{nearest(input_name, self.input_values)}"
            )
        return self.input_values[input_name]

    def describe_target(self) -> str:
        """Return type and name of the definition: "job 'brew'"."""
        return self.place


def _op_paths(graph_def: GraphDefinition, prefix: str) -> Iterator[str]:
    for name, node in graph_def.node_dict.items():
        if isinstance(node.definition, GraphDefinition):
            yield from _op_paths(node.definition, f"{prefix}{name}.")
        else:
            yield prefix + name
