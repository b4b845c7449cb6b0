"""Jobs: graphs that can run, with resources, executor, config and partitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from dagflow import _doors
from dagflow._util import class_has, nearest
from dagflow.config.plain import run_config_dict
from dagflow.defs.graphs.definition import GraphDefinition, check_definitions
from dagflow.defs.graphs.type_names import check_type_names
from dagflow.defs.graphs.unfed_inputs import check_unfed_inputs
from dagflow.defs.hooks.definition import HookDefinition, check_hooks
from dagflow.defs.jobs.content import AssetSelectionData, JobContent
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.parts.configured import ConfigMapping
from dagflow.defs.parts.owners import check_owners
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.defs.resources.io_managers import default_io_manager
from dagflow.defs.resources.needs import start_order
from dagflow.defs.resources.requirements import Requirement, not_provided
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    ParameterCheckError,
    check_optional,
    check_texts,
    check_type,
    repr_of,
)
from dagflow.keys import check_name, describe_job
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.tags import definition_tags, system_tag

if TYPE_CHECKING:
    from dagflow.config.objects import RunConfig
    from dagflow.defs.assets.layer import AssetLayer
    from dagflow.defs.executors.definition import ExecutorDefinition
    from dagflow.defs.jobs.partitioned import PartitionedConfig
    from dagflow.defs.jobs.run_config import RunConfigSchema
    from dagflow.defs.jobs.run_request import RunRequest
    from dagflow.defs.loggers.definition import LoggerDefinition
    from dagflow.instance.instance import DagflowInstance
    from dagflow.keys import AssetCheckKey
    from dagflow.partitions.keys import DynamicPartitionsStore, Moment

_LEGACY = frozenset(
    {
        "preset_defs",
        "version_strategy",
        "_subset_selection_data",
        "_metadata_entries",
        "_executor_def_specified",
    }
)


class JobDefinition(JobContent):
    """A graph that can be run. Made by `@job`, `GraphDefinition.to_job`, or directly.

    Args:
        graph_def: The graph.
        resource_defs: Resource definitions or plain objects by key. The default "io_manager" is added if it
            is missing.
        executor_def: The executor of its steps; `execute_in_process` ignores it.
        name: Default: the name of the graph.
        config: One of three. A dict or RunConfig: the default run config, for all partitions if there are
            any. A PartitionedConfig: makes the run config of each partition. A ConfigMapping: turns the
            given run config into the run config of the graph.
        description: A sentence for people.
        partitions_def: The partitions of the job. A run is for one of them.
        tags: The tags of the job, and of its runs without `run_tags`.
        run_tags: The tags of its runs, instead of `tags`.
        metadata: Metadata by name.
        logger_defs: Loggers by name, created for the runs whose config names them; default: "console".
        hook_defs: Hooks that are called for each op.
        op_retry_policy: The retry policy of the ops without a policy.
        input_values: Values of the graph's inputs.
        asset_layer: The assets of its nodes; set by dagflow itself.
        owners: The owners: email addresses, or teams as `team:name`.

    Legacy arguments that must be None or empty: `preset_defs`, `version_strategy`, `_subset_selection_data`,
    `_metadata_entries`, `_executor_def_specified`. `_input_values` is an older
    name of `input_values`, `partitioned_config` and `config_mapping` are older names of `config`.

    Raises:
        DagflowInvalidDefinitionError: An argument is invalid.

    Example:
        >>> from dagflow import JobDefinition, graph
        >>> @graph
        ... def nothing():
        ...     pass
        >>> JobDefinition(graph_def=nothing).execute_in_process().success
        True
    """

    __slots__ = ("__dict__", "__weakref__", "_arguments")

    def __init__(
        self,
        graph_def: GraphDefinition,
        resource_defs: Mapping[str, Any] | None = None,
        executor_def: ExecutorDefinition | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        name: str | None = None,
        config: Any = None,
        description: str | None = None,
        partitions_def: PartitionsDefinition | None = None,
        tags: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        hook_defs: set[Any] | frozenset[Any] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        input_values: Mapping[str, Any] | None = None,
        asset_layer: AssetLayer | None = None,
        owners: Sequence[str] | None = None,
        **legacy: Any,
    ) -> None:
        input_values = legacy.pop("_input_values", None) or input_values
        config = legacy.pop("partitioned_config", None) or legacy.pop("config_mapping", None) or config
        _check_legacy(legacy)
        self.graph: GraphDefinition = check_type(graph_def, GraphDefinition, "graph_def")
        self.name: str = check_name(name, "job") if name is not None else graph_def.name
        place = self.place = describe_job(self.name)
        check_texts(place, description=description)
        self.description = description
        self.resource_defs: dict[str, ResourceDefinition] = as_resources(
            resource_defs, place, "resource_defs"
        )
        self.resource_defs.setdefault(DEFAULT_IO_MANAGER_KEY, default_io_manager)
        for key, resource in self.resource_defs.items():
            if resource.required_resource_keys:
                start_order(self.resource_defs, {key: Requirement(key, place)}, place)
        self.given_executor_def: ExecutorDefinition | None = (
            None if executor_def is None else _checked_executor(executor_def, place)
        )
        self.logger_defs: dict[str, LoggerDefinition] = (
            {} if logger_defs is None else _checked_loggers(logger_defs, place)
        )
        self.partitions_def = check_optional(partitions_def, PartitionsDefinition, "partitions_def", place)
        self.config_mapping: ConfigMapping | None = config if isinstance(config, ConfigMapping) else None
        is_partitioned = config is not None and _is_partitioned(config)
        is_default = self.config_mapping is None and not is_partitioned
        self.default_config: dict[str, Any] = _default_config(config, place) if is_default else {}
        self.partitioned_config: PartitionedConfig | None = None
        if is_partitioned or (self.partitions_def is not None and asset_layer is None):
            self._bind_partitions(config)
        self.tags: dict[str, str] = {**graph_def.tags, **definition_tags(tags, place)}
        self.run_tags: dict[str, str] = (
            self.tags if run_tags is None else {**graph_def.tags, **definition_tags(run_tags, place)}
        )
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata(metadata, place)
        self.hook_defs: frozenset[HookDefinition] = check_hooks(hook_defs, "hook_defs", place)
        self.op_retry_policy: RetryPolicy | None = check_optional(
            op_retry_policy, RetryPolicy, "op_retry_policy", place
        )
        if input_values:
            check_inputs(input_values, graph_def, place)
        self.input_values: dict[str, Any] = dict(input_values or {})
        self.asset_layer = asset_layer
        self.automation_condition = None
        self.owners: list[str] = check_owners(owners, place)
        self.op_selection: tuple[str, ...] | None = None
        self.asset_selection_data: AssetSelectionData | None = None
        self.compiled = {}
        if asset_layer is None:
            check_definitions(graph_def, place)
            check_unfed_inputs(graph_def)
        check_type_names(graph_def, place)
        self._check_hooks()

    def _bind_partitions(self, config: Any) -> None:
        """Use `config` for the run config of each partition, instead of a default run config."""
        from dagflow.defs.jobs.partitioned import PartitionedConfig  # few jobs are partitioned

        given = check_type(config, PartitionedConfig, "config") if _is_partitioned(config) else None
        if self.partitions_def is None:
            assert given is not None
            self.partitions_def = given.partitions_def
        self.partitioned_config = PartitionedConfig.from_flexible_config(
            given or self.default_config, self.partitions_def
        )
        self.default_config = {}

    @property
    def run_config_schema(self) -> RunConfigSchema:
        """The schema of its run config: `config_type`, and the `config_mapping` that is applied before it."""
        from dagflow.defs.jobs.run_config import RunConfigSchema, schema_of  # few callers ask for it

        config_type = schema_of(self, frozenset(self.input_values), in_process=False)
        return RunConfigSchema(config_type, self.config_mapping)

    def with_changes(self, **changes: Any) -> JobDefinition:
        """Return a copy with some attributes changed, and an empty cache."""
        copy = JobDefinition.__new__(JobDefinition)
        for name in JobContent.__slots__:
            setattr(copy, name, changes.pop(name) if name in changes else getattr(self, name))
        assert not changes, f"a job has no attributes {sorted(changes)}"
        copy.compiled = {}
        return copy

    def with_hooks(self, hook_defs: set[HookDefinition] | frozenset[HookDefinition]) -> JobDefinition:
        """Return a copy with further hooks, which are called for each op.

        Raises:
            DagflowInvalidDefinitionError: The job has resources, but lacks one that a hook requires.
        """
        hooks = check_hooks(hook_defs, "hook_defs", self.describe_target())
        copy = self.with_changes(hook_defs=self.hook_defs | hooks)
        copy._check_hooks()  # noqa: SLF001 - a copy of this very class
        return copy

    def _check_hooks(self) -> None:
        """Raise if a hook requires a resource that the job lacks. A job without resources is not checked,
        since it can receive them later.
        """
        known = self.resource_defs
        if len(known) > 1 or known[DEFAULT_IO_MANAGER_KEY] is not default_io_manager:
            for key, requirement in self.hook_requirements().items():
                if key not in known:
                    raise not_provided(requirement, known, self.describe_target())

    def with_executor_def(self, executor_def: ExecutorDefinition) -> JobDefinition:
        """Return a copy with another executor."""
        return self.with_changes(given_executor_def=_checked_executor(executor_def, self.describe_target()))

    def with_logger_defs(self, logger_defs: Mapping[str, LoggerDefinition]) -> JobDefinition:
        """Return a copy with other loggers."""
        return self.with_changes(logger_defs=_checked_loggers(logger_defs, self.describe_target()))

    def with_metadata(self, metadata: Mapping[str, Any]) -> JobDefinition:
        """Return a copy with other metadata."""
        return self.with_changes(metadata=normalize_metadata(metadata, self.describe_target()))

    def with_top_level_resources(self, resource_defs: Mapping[str, Any]) -> JobDefinition:
        """Return a copy with further resources. The resources of the job win over them."""
        own = {key: value for key, value in self.resource_defs.items() if value is not default_io_manager}
        merged = {**as_resources(resource_defs, self.describe_target(), "resource_defs"), **own}
        merged.setdefault(DEFAULT_IO_MANAGER_KEY, default_io_manager)
        return self.with_changes(resource_defs=merged)

    def with_op_selection(self, op_selection: Sequence[str]) -> JobDefinition:
        """Return a copy with only the ops that these clauses select.

        Args:
            op_selection: As `["*a", "b+"]`.

        Raises:
            ParameterCheckError: `op_selection` is not a list of strings.
            DagflowInvalidSubsetError: A clause selects nothing, or the selected ops cannot run alone.
        """
        try:
            from dagflow.defs.graphs.selection import select_ops  # few callers select a part

            graph_def = select_ops(self.graph, op_selection)
            check_unfed_inputs(graph_def)
        except DagflowInvalidDefinitionError as error:
            raise DagflowInvalidSubsetError(
                f"the op selection {repr_of(list(op_selection))} leaves a graph that cannot run: {error}"
            ) from error
        values = {name: value for name, value in self.input_values.items() if name in graph_def.input_names}
        return self.with_changes(graph=graph_def, op_selection=tuple(op_selection), input_values=values)

    def get_subset(
        self,
        *,
        op_selection: Sequence[str] | None = None,
        asset_selection: Iterable[Any] | None = None,
        asset_check_selection: Iterable[AssetCheckKey] | None = None,
    ) -> JobDefinition:
        """Return a copy with only the selected ops, or the selected assets and checks of an asset job.

        None or an empty selection selects all.

        Args:
            op_selection: Clauses, such as `["*a", "b+"]`.
            asset_selection: Keys of assets.
            asset_check_selection: Keys of checks; default: the checks of the selected assets.

        Raises:
            CheckError: Both selections are given.
            ParameterCheckError: The selection is not a list of strings, or of asset keys.
            DagflowInvalidSubsetError: An element selects nothing, or the selected part cannot run alone.
        """
        return _doors.subset_of(self, op_selection, asset_selection, asset_check_selection)

    @property
    def is_asset_job(self) -> bool:
        """True if the job computes assets."""
        return self.asset_layer is not None

    def get_partition_keys(self, selected_asset_keys: Iterable[Any] | None = None) -> Sequence[str]:
        """Return the partitions of this job.

        Args:
            selected_asset_keys: The assets that run, for a job of assets with different partitions.

        Raises:
            CheckError: The job, or the selected part of it, is not partitioned.
        """
        job = self if selected_asset_keys is None else self.get_subset(asset_selection=[*selected_asset_keys])
        if job.partitions_def is None:
            raise CheckError(f"{self.describe_target()} is not partitioned, so it has no partition keys")
        return job.partitions_def.get_partition_keys()

    def run_request_for_partition(
        self,
        partition_key: str,
        run_key: str | None = None,
        tags: Mapping[str, Any] | None = None,
        asset_selection: Sequence[Any] | None = None,
        run_config: Mapping[str, Any] | RunConfig | None = None,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> RunRequest:
        """Return a request for a run of this job for a partition.

        Args:
            partition_key: The partition.
            run_key: An id of the request. Two requests with one id start one run.
            tags: The tags of the run; the tags of the partition win over them.
            asset_selection: The assets of the job to run; default: all.
            run_config: The run config, instead of the run config that the job makes for the partition.
            current_time: The end of partitions that grow with time; default: now.
            dynamic_partitions_store: The store of the keys of dynamic partitions.

        Raises:
            CheckError: The job is not partitioned, or has dynamic partitions.
            DagflowUnknownPartitionError: The partition is unknown.
        """
        if self.partitions_def is None:
            raise CheckError(
                f"run_request_for_partition was called on a non-partitioned job, '{self.name}': give it a "
                "partitions_def"
            )
        if getattr(self.partitions_def, "name", None) is not None:
            raise CheckError(
                "run_request_for_partition is not supported for dynamic partitions, as "
                f"{self.describe_target()} "
                f"has them: {self.partitions_def!r}. Make a RunRequest(partition_key=...) instead."
            )
        self.partitions_def.validate_partition_key(
            partition_key, current_time=current_time, dynamic_partitions_store=dynamic_partitions_store
        )
        from dagflow.defs.jobs.run_request import RunRequest  # few callers ask for one

        made = self.partitioned_config
        if run_config is None and made is not None:
            run_config = made.get_run_config_for_partition_key(partition_key)
        own = {**(tags or {}), **self.partition_tags(partition_key)}
        return RunRequest(run_key, run_config, own, self.name, asset_selection, partition_key=partition_key)

    def partition_tags(self, partition_key: str) -> dict[str, str]:
        """Return the tags of a run of this job for a partition."""
        of = self.partitioned_config or self.partitions_def
        assert of is not None
        tags = of.get_tags_for_partition_key(partition_key)
        return {**tags, system_tag("partition_set"): f"{self.name}_partition_set"}

    def execute_in_process(
        self,
        run_config: Mapping[str, Any] | RunConfig | None = None,
        instance: DagflowInstance | None = None,
        partition_key: str | None = None,
        raise_on_error: bool = True,
        op_selection: Sequence[str] | None = None,
        asset_selection: Sequence[Any] | None = None,
        run_id: str | None = None,
        input_values: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
    ) -> _doors.ExecuteInProcessResult:
        """Run this job in this process. The executor of the job is ignored.

        Args:
            run_config: The config of the run. Its entries win over the default config of the job.
            instance: The instance that records the run; default: an ephemeral one.
            partition_key: The partition of the run.
            raise_on_error: Whether the first failure is raised. If not, the result has it.
            op_selection: Clauses that select a part of the ops, as `["*a", "b+"]`.
            asset_selection: Keys of the assets to run, in an asset job.
            run_id: A UUID as a string.
            input_values: Values of the graph's inputs.
            tags: Tags of the run. They win over the tags of the job.
            resources: Resource definitions or values by key. They win over the resources of the job.

        Returns:
            ExecuteInProcessResult.

        Raises:
            DagflowInvalidConfigError: The run config is invalid. No run was created.
            DagflowInvalidSubsetError: A clause selects nothing.
            Exception: The exception of the first op that failed, if `raise_on_error` is true.
        """
        return _doors.execute_in_process(
            self,
            run_config=run_config,
            instance=instance,
            partition_key=partition_key,
            raise_on_error=raise_on_error,
            op_selection=op_selection,
            asset_selection=asset_selection,
            run_id=run_id,
            input_values=input_values,
            tags=tags,
            resources=resources,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise DagflowInvariantViolationError(
            f"Attempted to call {self.describe_target()} directly. Jobs should be invoked by "
            "using an execution API "
            "function (e.g. `job.execute_in_process`). As a node of a graph, use its graph instead."
        )

    def __repr__(self) -> str:
        return f"<{self.describe_target()}>"


def _checked_executor(executor_def: ExecutorDefinition, place: str) -> ExecutorDefinition:
    from dagflow.defs.executors.definition import ExecutorDefinition  # few jobs have an executor

    return check_type(executor_def, ExecutorDefinition, "executor_def", place)


def _checked_loggers(logger_defs: Mapping[str, Any], place: str) -> dict[str, LoggerDefinition]:
    from dagflow.defs.loggers.definition import check_loggers  # few jobs have loggers

    return check_loggers(logger_defs, place)


def job_of_graph(graph_def: GraphDefinition) -> JobDefinition:
    """Return a job of a graph, with the same name."""
    return JobDefinition(graph_def=graph_def, description=graph_def.description)


def _check_legacy(arguments: Mapping[str, Any]) -> None:
    """Raise for an unknown argument, or for one of an older version that is not empty."""
    for name, value in arguments.items():
        if name not in _LEGACY:
            raise ParameterCheckError(f"JobDefinition has no parameter '{name}'")
        if value:
            raise ParameterCheckError(
                f"'{name}' is a parameter of older versions without effect, so it must be None or empty, "
                f"not {repr_of(value)}"
            )


def check_inputs(values: Mapping[str, Any], graph_def: GraphDefinition, place: str) -> None:
    """Raise if a value is given for an unknown input of the graph."""
    for name in check_type(values, Mapping, "input_values", place):
        if name not in graph_def.input_names:
            raise DagflowInvalidDefinitionError(
                f"Error when constructing JobDefinition {place.removeprefix('job ')}: Input value provided "
                f"for key {repr_of(name)}, but job has no top-level input with that name. 'input_values' can "
                f"give the inputs of graph '{graph_def.name}': {list(graph_def.input_names)}."
                f"{nearest(name, graph_def.input_names) if isinstance(name, str) else ''}"
            )


def _is_partitioned(config: Any) -> bool:
    """Return whether a config is a PartitionedConfig, without importing the class."""
    return class_has(config, "get_run_config_for_partition_key")


def _default_config(config: Any, place: str) -> dict[str, Any]:
    if config is None or isinstance(config, Mapping) or class_has(config, "to_config_dict"):
        return run_config_dict(config, place)
    raise ParameterCheckError(
        f"parameter 'config' of {place} must be a mapping, a RunConfig, a ConfigMapping or a "
        f"PartitionedConfig, not {repr_of(config)} of type '{type(config).__name__}'"
    )
