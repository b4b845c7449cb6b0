"""Asset jobs: `build_asset_job` and `define_asset_job`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NoReturn

from dagflow.defs.assets.catalog import AssetCatalog
from dagflow.defs.assets.cycles import check_gates
from dagflow.defs.assets.definition import AnyAsset
from dagflow.defs.assets.short_names import ShortNames
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.assets.wiring import common_partitions, wire_assets
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.defs.resources.io_managers import default_io_manager
from dagflow.defs.resources.needs import check_needs
from dagflow.defs.resources.requirements import not_provided, requirements_of
from dagflow.defs.selections.chosen import chosen_parts
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidSubsetError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import ANONYMOUS_JOB_PREFIX, EPHEMERAL_JOB_NAME, check_name, describe_job
from dagflow.metadata.normalize import normalize_metadata
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.tags import jsonable_tags

if TYPE_CHECKING:
    from dagflow.config.objects import RunConfig
    from dagflow.defs.assets.asset_graph import AssetGraph
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.executors.definition import ExecutorDefinition
    from dagflow.defs.hooks.definition import HookDefinition
    from dagflow.defs.jobs.run_request import RunRequest
    from dagflow.defs.selections.definition import AssetSelection
    from dagflow.partitions.keys import DynamicPartitionsStore, Moment


def build_asset_job(
    assets: Sequence[Any] | AssetCatalog,
    *,
    name: str = EPHEMERAL_JOB_NAME,
    selection: Any = None,
    resources: Mapping[str, Any] | None = None,
    default_io_manager: ResourceDefinition | None = None,
    is_global: bool = False,
    graph: AssetGraph | None = None,
    **options: Any,
) -> JobDefinition:
    """Build the job that computes assets.

    Args:
        assets: AssetsDefinitions, and SourceAssets or AssetSpecs for assets that are only read; or the
            catalog of them.
        name: The name of the job.
        selection: The assets and checks that run, as in `chosen_parts`.
        resources: Resource definitions or values by key.
        default_io_manager: The I/O manager of the assets without an I/O manager.
        is_global: Whether it is the job of a whole project. It has all checks. If its assets have different
            partitions, it has no partitions definition, and a run of a partition selects a part of the job.
        graph: The graph of `assets`, if it is there already.
        options: Other arguments of the JobDefinition.

    Raises:
        ParameterCheckError, CheckError: `assets` is not a sequence of assets.
        DagflowInvalidDefinitionError: Two assets with one key, a cycle, an unknown asset that is read,
            conflicting resources, or a selected asset that cannot run.
        DagflowInvalidSubsetError: The selection names an unknown key, or a part of a definition that cannot
            be divided.
        DagflowInvalidInvocationError: A resource of an asset is among `resources`.
    """
    catalog = assets if isinstance(assets, AssetCatalog) else AssetCatalog(assets)
    names = ShortNames(catalog.assets) if graph is None else graph.names
    parts = chosen_parts(catalog, selection, names, is_global=is_global, graph=graph)
    wiring, layer = wire_assets(parts, catalog, {} if resources is None else resources, names)
    graph_def = GraphDefinition(name, _wiring=wiring)
    if graph_def.gates:
        check_gates(graph_def.parents)
    place = describe_job(name)
    given = as_resources(resources, place)
    return JobDefinition(
        graph_def=graph_def,
        resource_defs=_resources(catalog, parts, given, default_io_manager, place),
        partitions_def=common_partitions(parts, not is_global),
        asset_layer=layer,
        **options,
    )


SELECTION_ERRORS = (DagflowInvalidSubsetError, NotImplementedError)
"""The errors about a selection that does not fit the assets."""


def unresolved(name: str, error: Exception) -> DagflowInvalidDefinitionError:
    """Return the error about a job that its assets and its selection do not allow."""
    what = "the selected assets" if name == EPHEMERAL_JOB_NAME else f"asset job '{name}'"
    if name.startswith(ANONYMOUS_JOB_PREFIX):
        what = describe_job(name)
    return DagflowInvalidDefinitionError(f"Failed to resolve {what}: {error}")


class UnresolvedAssetJobDefinition:
    """A job that selects its assets from its Definitions. Made by `define_asset_job`."""

    __slots__ = ("automation_condition", "given_selection", "name", "options", "partitions_def")

    def __init__(
        self,
        name: str,
        selection: Any,
        partitions_def: PartitionsDefinition | None,
        options: dict[str, Any],
        automation_condition: AutomationCondition | None = None,
    ) -> None:
        self.name: str = name
        self.given_selection: Any = selection
        self.partitions_def: PartitionsDefinition | None = partitions_def
        self.options: dict[str, Any] = options
        self.automation_condition: AutomationCondition | None = automation_condition

    @property
    def selection(self) -> AssetSelection:
        """Its selection. Without one it selects all materializable assets."""
        from dagflow.defs.selections.definition import AssetSelection  # few projects ask

        return AssetSelection.all() if self.given_selection is None else self.given_selection

    def resolve(
        self,
        asset_graph: AssetGraph | AssetCatalog | Sequence[Any],
        resource_defs: Mapping[str, Any] | None = None,
    ) -> JobDefinition:
        """Build the job, with its selection of these assets.

        Args:
            asset_graph: The graph or catalog of a project, or a list of definitions.
            resource_defs: Resource definitions or values by key.

        Raises:
            DagflowInvalidDefinitionError: The selection is invalid, the assets have other partitions, or the
                automation condition or the config does not fit them.
        """
        given: Any = asset_graph
        catalog = getattr(given, "catalog", None)
        try:
            job = build_asset_job(
                given if catalog is None else catalog,
                graph=None if catalog is None else given,
                name=self.name,
                selection=self.given_selection,
                resources=resource_defs,
                **self.options,
            )
        except (DagflowInvalidDefinitionError, *SELECTION_ERRORS) as error:
            raise unresolved(self.name, error) from error
        if self.partitions_def is not None and job.partitions_def not in (None, self.partitions_def):
            raise DagflowInvalidDefinitionError(
                f"Failed to resolve asset job '{self.name}': its partitions definition is "
                f"{self.partitions_def!r}, but its assets have {repr_of(job.partitions_def)}"
            )
        condition, config, place = self.automation_condition, self.options["config"], describe_job(self.name)
        if config is not None or condition is not None:
            from dagflow.defs.jobs.job_policies import (  # for few jobs
                check_condition,
                check_config_of_backfill,
            )

            try:
                check_config_of_backfill(job.backfill_policy, config, place)
                if condition is not None:
                    check_condition(condition, config, place, is_partitioned=job.partitions_def is not None)
            except DagflowInvalidDefinitionError as error:
                raise unresolved(self.name, error) from error
        return job if condition is None else job.with_changes(automation_condition=condition)

    @property
    def config(self) -> Any:
        """Its default run config, a `RunConfig` as a dict; None without one."""
        from dagflow.config.objects import RunConfig  # imported lazily: few programs read it

        given = self.options["config"]
        return given.to_config_dict() if isinstance(given, RunConfig) else given

    @property
    def description(self) -> str | None:
        """A sentence for people."""
        description: str | None = self.options["description"]
        return description

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return jsonable_tags(self.options["tags"], f"job '{self.name}'")

    @property
    def run_tags(self) -> dict[str, str]:
        """The tags of its runs, if they are not its tags."""
        return jsonable_tags(self.options["run_tags"], f"job '{self.name}'")

    @property
    def metadata(self) -> Mapping[str, Any] | None:
        """Its metadata as it was given; None without metadata."""
        metadata: Mapping[str, Any] | None = self.options["metadata"]
        return metadata

    @property
    def executor_def(self) -> ExecutorDefinition | None:
        """The executor of its steps; None for that of the project."""
        executor: ExecutorDefinition | None = self.options["executor_def"]
        return executor

    @property
    def hooks(self) -> AbstractSet[HookDefinition] | None:
        """The hooks of each step; None without hooks."""
        hooks: AbstractSet[HookDefinition] | None = self.options["hook_defs"]
        return hooks

    @property
    def op_retry_policy(self) -> RetryPolicy | None:
        """The retry policy of each op without a policy."""
        policy: RetryPolicy | None = self.options["op_retry_policy"]
        return policy

    @property
    def owners(self) -> Sequence[str] | None:
        """Its owners; None without owners."""
        owners: Sequence[str] | None = self.options["owners"]
        return owners

    def with_metadata(self, metadata: Mapping[str, Any]) -> UnresolvedAssetJobDefinition:
        """Return a copy with other metadata.

        Raises:
            ParameterCheckError: It is not a mapping of strings.
            DagflowInvalidMetadata: A value is no metadata.
        """
        normalize_metadata(metadata, f"job '{self.name}'")
        options = {**self.options, "metadata": metadata}
        return UnresolvedAssetJobDefinition(
            self.name, self.given_selection, self.partitions_def, options, self.automation_condition
        )

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

        Arguments as in `JobDefinition.run_request_for_partition`. The run config is the config of the job,
        unless one is given.

        Raises:
            CheckError: The job has no `partitions_def`, or has dynamic partitions.
            DagflowUnknownPartitionError: The partition is unknown.
        """
        # the partitions, config and tags do not depend on the assets
        job = JobDefinition(
            graph_def=GraphDefinition(self.name), partitions_def=self.partitions_def, **self.options
        )
        return job.run_request_for_partition(
            partition_key, run_key, tags, asset_selection, run_config, current_time, dynamic_partitions_store
        )

    def __repr__(self) -> str:
        return f"<asset job '{self.name}', which defs.get_job_def('{self.name}') resolves>"

    def __getattr__(self, name: str) -> NoReturn:
        if name in UnresolvedAssetJobDefinition.__slots__:
            raise AttributeError(name)  # not set yet: the object is being copied or unpickled
        hint = ""
        if not name.startswith("_") and hasattr(JobDefinition, name):
            resolved = f"defs.get_job_def('{self.name}').{name}"
            hint = f", because only its Definitions have its assets. Use {resolved}."
        raise AttributeError(f"asset job '{self.name}' has no attribute '{name}'{hint}")


def define_asset_job(
    name: str,
    selection: Any = None,
    config: Any = None,
    description: str | None = None,
    tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    executor_def: ExecutorDefinition | None = None,
    hooks: set[HookDefinition] | frozenset[HookDefinition] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    owners: Sequence[str] | None = None,
    automation_condition: AutomationCondition | None = None,
) -> UnresolvedAssetJobDefinition:
    """Define a job that runs a selection of the assets of its Definitions.

    Args:
        name: The name of the job.
        selection: The assets and checks: None (all materializable assets and their checks), an
            AssetSelection, a selection string such as `+tea` or `group:hot and not key:"raw/*"`, or a list of
            strings, of keys or of definitions.
        config: The default run config.
        description: A sentence for people.
        tags: The tags of the job.
        run_tags: The tags of its runs, instead of `tags`.
        metadata: Metadata of the job.
        partitions_def: The partitions that its assets must have.
        executor_def: The executor of its steps.
        hooks: Hooks of each step.
        op_retry_policy: The retry policy of each op without a policy.
        owners: The owners of the job: email addresses, or teams as `team:name`.
        automation_condition: The condition under which a deployment starts the job. A run ignores it.

    Returns:
        A definition for the `jobs` of Definitions.

    Example:
        >>> from dagflow import Definitions, asset, define_asset_job
        >>> @asset
        ... def water():
        ...     return 1
        >>> @asset
        ... def tea(water):
        ...     return water + 1
        >>> project = Definitions([water, tea], jobs=[define_asset_job("boil", selection="water")])
        >>> result = project.get_job_def("boil").execute_in_process()
        >>> [event.step_key for event in result.get_step_success_events()]
        ['water']
    """
    options = {
        "config": config, "description": description, "tags": tags, "run_tags": run_tags,
        "metadata": metadata, "executor_def": executor_def, "hook_defs": hooks,
        "op_retry_policy": op_retry_policy, "owners": owners,
    }  # fmt: skip
    # a job without assets checks the arguments now, with the user's line in the traceback
    JobDefinition(graph_def=GraphDefinition(check_name(name, "job")), **options)
    if selection is not None:
        from dagflow.defs.selections.definition import AssetSelection  # few jobs select

        selection = AssetSelection.from_coercible(selection)
    check_optional(partitions_def, PartitionsDefinition, "partitions_def", f"job '{name}'")
    if automation_condition is not None:
        from dagflow.defs.conditions.condition import AutomationCondition  # few jobs have one

        check_type(automation_condition, AutomationCondition, "automation_condition", f"job '{name}'")
    return UnresolvedAssetJobDefinition(name, selection, partitions_def, options, automation_condition)


def _resources(
    catalog: AssetCatalog,
    parts: Iterable[AnyAsset],
    given: Mapping[str, ResourceDefinition],
    default: ResourceDefinition | None,
    place: str,
) -> dict[str, ResourceDefinition]:
    """Return the resources of a job: those that were given, and those of the assets."""
    resources = dict(given)
    own: dict[str, tuple[ResourceDefinition, AnyAsset]] = {}
    for asset in catalog.definitions():
        if isinstance(asset, AssetSpec):
            continue
        for key, definition in asset.resource_defs.items():
            if key in given:
                raise DagflowInvalidInvocationError(
                    f"the resource '{key}' was given, but {repr_of(asset)} has its own resource with this "
                    f"key. "
                    "Give it in one place only."
                )
            other = own.setdefault(key, (definition, asset))
            if not _same_resource(other[0], definition):
                raise DagflowInvalidDefinitionError(
                    f"Conflicting versions of resource with key '{key}' were provided to different assets. "
                    f"{repr_of(other[1])} and {repr_of(asset)} have their own: use one object, or two keys."
                )
            resources[key] = definition
    if own:
        for asset in (*parts, *(asset for asset in catalog.definitions() if isinstance(asset, SourceAsset))):
            _check_not_borrowed(asset, given, own, place)
    if default is not None:
        for key in (DEFAULT_IO_MANAGER_KEY, *catalog.io_manager_keys()):
            resources.setdefault(key, default)
    check_needs(resources, {DEFAULT_IO_MANAGER_KEY: default_io_manager, **resources}, place)
    return resources


def _check_not_borrowed(
    asset: AnyAsset,
    given: Mapping[str, ResourceDefinition],
    own: Mapping[str, tuple[ResourceDefinition, AnyAsset]],
    place: str,
) -> None:
    """Raise if an asset needs a resource that only another asset has."""
    if isinstance(asset, AssetSpec):
        return
    known = {**given, **asset.resource_defs}
    check_needs(asset.resource_defs, {DEFAULT_IO_MANAGER_KEY: default_io_manager, **known}, place)
    for need in requirements_of(asset.own_requirements()).values():
        if need.key in known or need.key not in own or need.is_optional:
            continue
        owner = own[need.key][1]
        if need.key == DEFAULT_IO_MANAGER_KEY:
            raise DagflowInvalidDefinitionError(
                f"Conflicting versions of resource with key '{need.key}' were provided to different assets. "
                f"{repr_of(owner)} has its own, and {repr_of(asset)} has the default: give it to the job, or "
                "use two keys."
            )
        raise not_provided(
            need,
            known,
            place,
            remedy=f"{repr_of(owner)} has its own resource with this key: give it to both, or to {place}.",
        )


def _same_resource(one: ResourceDefinition, other: ResourceDefinition) -> bool:
    return one is other or (one.resource_type == other.resource_type == "value" and one.value is other.value)
