"""Assets to a job: which of them run, in which graph, with which resources and partitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dagflow._util import nearest
from dagflow.dag import find_cycle
from dagflow.defs.assets.definition import (
    AnyAsset,
    AssetLayer,
    AssetsDefinition,
    AssetSpec,
    SourceAsset,
    key_of,
)
from dagflow.defs.executors.definition import ExecutorDefinition
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.wiring import Dependency, DependencyDefinition, NodeInvocation, Wiring
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.parts.function import location
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.defs.resources.io_managers import default_io_manager
from dagflow.defs.resources.needs import check_needs
from dagflow.defs.resources.requirements import IO_MANAGER
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidSubsetError,
    ParameterCheckError,
)
from dagflow.keys import AssetKey, check_name
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.selection.parse import parse_clause
from dagflow.selection.resolve import walk

EPHEMERAL_JOB_NAME = "__ephemeral_asset_job__"


def build_asset_job(
    assets: Sequence[Any],
    *,
    name: str = EPHEMERAL_JOB_NAME,
    selection: Any = None,
    resources: Mapping[str, Any] | None = None,
    default_io_manager: ResourceDefinition | None = None,
    one_partitioning: bool = True,
    **options: Any,
) -> JobDefinition:
    """The job that makes assets.

    Args:
        assets: AssetsDefinitions, and SourceAssets or AssetSpecs for what they only read.
        name: The job's name.
        selection: Which of them run: None (all), keys, definitions, or clauses such as "+tea".
        resources: Resource definitions or values by key.
        default_io_manager: What stores the assets whose I/O manager nobody gave.
        one_partitioning: Whether assets with different partitions definitions are refused; else such a job
            has none, and a part of it is selected for a run of a partition.
        options: Other arguments of the JobDefinition.

    Raises:
        ParameterCheckError, CheckError: `assets` is no sequence of assets.
        DagflowInvalidDefinitionError: Two assets with one key, a cycle, an input that nobody provides,
            resources that contradict each other, or a selection that cannot be.
        DagflowInvalidInvocationError: A resource that an asset brings along was given too.
    """
    known = _known(assets)
    executable = {key: asset for key, asset in known.items() if isinstance(asset, AssetsDefinition)}
    chosen = executable if selection is None else _select(executable, selection)
    layer = AssetLayer({asset.node_def.name: asset for asset in chosen.values()}, known)
    graph_def = GraphDefinition(name, _wiring=_wiring(chosen, known, resources or {}))
    place = "materialize" if name == EPHEMERAL_JOB_NAME else f"job '{name}'"
    given = as_resources(resources, place)
    return JobDefinition(
        graph_def=graph_def,
        resource_defs=_resources(known.values(), given, default_io_manager, place),
        partitions_def=_common_partitions(chosen.values(), one_partitioning),
        asset_layer=layer,
        **options,
    )


class UnresolvedAssetJobDefinition:
    """A job of assets that are not known yet: the Definitions that it stands in have them. Made by
    `define_asset_job`.
    """

    __slots__ = ("name", "options", "partitions_def", "selection")

    def __init__(
        self, name: str, selection: Any, partitions_def: PartitionsDefinition | None, options: dict[str, Any]
    ) -> None:
        self.name = name
        self.selection = selection
        self.partitions_def = partitions_def
        self.options = options

    def resolve(
        self,
        assets: Sequence[Any],
        resources: Mapping[str, Any] | None = None,
    ) -> JobDefinition:
        """The job, made of these assets.

        Raises:
            DagflowInvalidDefinitionError: The selection cannot be, or the assets have other partitions.
        """
        try:
            job = build_asset_job(
                assets,
                name=self.name,
                selection=self.selection,
                resources=resources,
                **self.options,
            )
        except DagflowInvalidDefinitionError as error:
            raise DagflowInvalidDefinitionError(
                f"Failed to resolve asset job '{self.name}': {error}"
            ) from error
        if self.partitions_def is not None and job.partitions_def != self.partitions_def:
            raise DagflowInvalidDefinitionError(
                f"Failed to resolve asset job '{self.name}': its partitions definition is "
                f"{self.partitions_def!r}, but that of its assets is {job.partitions_def!r}"
            )
        return job

    def __repr__(self) -> str:
        return f"<asset job '{self.name}', to be resolved by Definitions>"


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
    hooks: Any = None,
    op_retry_policy: RetryPolicy | None = None,
) -> UnresolvedAssetJobDefinition:
    """A job that makes a part of the assets of the Definitions that it stands in.

    Args:
        name: Its name.
        selection: Which assets: None (all), keys, definitions, or clauses such as "+tea".
        config: Its default run config.
        description: A sentence for people.
        tags: Tags of the job.
        run_tags: Tags of its runs, instead of `tags`.
        metadata: Facts about the job.
        partitions_def: What its assets must be partitioned by.
        executor_def: Where its steps run.
        hooks: Hooks of each step.
        op_retry_policy: How a step is tried again that has no policy of its own.

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
        "op_retry_policy": op_retry_policy,
    }  # fmt: skip
    return UnresolvedAssetJobDefinition(check_name(name, "job"), selection, partitions_def, options)


def _known(assets: Any) -> dict[AssetKey, AnyAsset]:
    if isinstance(assets, (str, Mapping, AssetsDefinition)) or not isinstance(
        assets, (Sequence, set, frozenset)
    ):
        raise ParameterCheckError(
            f"parameter 'assets' must be a list of assets, not {assets!r} of type '{type(assets).__name__}'"
        )
    known: dict[AssetKey, AnyAsset] = {}
    for asset in assets:
        if not isinstance(asset, (AssetsDefinition, SourceAsset, AssetSpec)):
            raise CheckError(
                f"parameter 'assets' holds {asset!r} of type '{type(asset).__name__}', which is no asset. "
                "Use functions decorated with @asset, SourceAssets and AssetSpecs."
            )
        for key in asset.keys if isinstance(asset, AssetsDefinition) else (asset.key,):
            if known.setdefault(key, asset) is not asset:
                raise DagflowInvalidDefinitionError(
                    f"Duplicate asset key: {key!r} is that of {_place(known[key])} and of {_place(asset)}. "
                    "Give one of them another key."
                )
    return known


def _place(asset: AnyAsset) -> str:
    return location(asset.node_def.body.fn) if isinstance(asset, AssetsDefinition) else repr(asset)


def _select(
    executable: Mapping[AssetKey, AssetsDefinition], selection: Any
) -> dict[AssetKey, AssetsDefinition]:
    parents = {
        key: [up for up in asset.dependency_keys if up in executable] for key, asset in executable.items()
    }
    children: dict[AssetKey, list[AssetKey]] = {key: [] for key in executable}
    for key, before in parents.items():
        for up in before:
            children[up].append(key)
    names = {key.to_user_string(): key for key in executable}
    parts = [selection] if isinstance(selection, (str, AssetKey, AssetsDefinition)) else selection
    if not isinstance(parts, Iterable):
        raise ParameterCheckError(
            f"parameter 'selection' must be a list of keys, definitions or clauses, or one of these, not "
            f"{selection!r}"
        )
    chosen: set[AssetKey] = set()
    for part in parts:
        try:
            if isinstance(part, str):
                clause = parse_clause(part)
                if clause.name is None:
                    chosen |= set(executable)
                    continue
                start = _must(names.get(clause.name), clause.name, names)
                chosen |= walk([start], clause.up, parents.__getitem__)
                chosen |= walk([start], clause.down, children.__getitem__)
            else:
                key = key_of(part)
                chosen.add(_must(key if key in executable else None, key.to_user_string(), names))
        except DagflowInvalidSubsetError as error:
            raise DagflowInvalidDefinitionError(
                f"the selection {selection!r} cannot be run: {error}"
            ) from error
    return {key: asset for key, asset in executable.items() if key in chosen}


def _must(key: AssetKey | None, name: str, names: Mapping[str, AssetKey]) -> AssetKey:
    if key is None:
        raise DagflowInvalidSubsetError(
            f"no asset '{name}' is among those that can be run: {sorted(names)}.{nearest(name, names)}"
        )
    return key


_NO_RESOURCE = (
    " There is a resource with this key: if that is meant, annotate the parameter with the class of the "
    "resource, or with ResourceParam[...]."
)


def _wiring(
    chosen: Mapping[AssetKey, AssetsDefinition],
    known: Mapping[AssetKey, AnyAsset],
    resources: Mapping[str, Any],
) -> Wiring:
    wiring = Wiring()
    parents: dict[AssetKey, list[AssetKey]] = {}
    for key, asset in chosen.items():
        node_def = asset.node_def
        name = node_def.name
        if wiring.node_defs.setdefault(name, node_def) is not node_def:
            raise DagflowInvalidDefinitionError(
                f"two assets would have the step '{name}', because their keys differ only in what separates "
                f"the parts. One of them is '{key.to_user_string()}'. Give it another key."
            )
        wiring.invocations[name] = NodeInvocation(name, hook_defs=asset.hook_defs)
        dependencies: dict[str, Dependency] = {}
        parents[key] = []
        for input_name, upstream in asset.keys_by_input_name.items():
            source = chosen.get(upstream)
            if source is not None:
                output = next(out for out, own in source.keys_by_output_name.items() if own == upstream)
                dependencies[input_name] = DependencyDefinition(source.node_def.name, output)
                parents[key].append(upstream)
            elif upstream not in known and not node_def.ins[input_name].dagflow_type.is_nothing:
                hint = nearest(upstream.to_user_string(), [other.to_user_string() for other in known])
                raise DagflowInvalidDefinitionError(
                    f"input '{input_name}' of asset '{key.to_user_string()}' ({location(node_def.body.fn)}) "
                    f"reads asset '{upstream.to_user_string()}', which was not provided.{hint} "
                    "Add its definition, or a SourceAsset with this key."
                    + (_NO_RESOURCE if input_name in resources else "")
                )
        wiring.dependencies[name] = dependencies
    cycle = find_cycle(parents)
    if cycle is not None:
        path = " -> ".join(f"'{key.to_user_string()}'" for key in [*cycle, cycle[0]])
        raise DagflowInvalidDefinitionError(
            f"the assets depend on each other in a cycle: {path}. Take one away."
        )
    return wiring


def _resources(
    assets: Iterable[AnyAsset],
    given: Mapping[str, ResourceDefinition],
    default: ResourceDefinition | None,
    place: str,
) -> dict[str, ResourceDefinition]:
    resources = dict(given)
    own: dict[str, tuple[ResourceDefinition, AnyAsset]] = {}
    needed = {DEFAULT_IO_MANAGER_KEY}
    for asset in assets:
        owner = asset.node_def if isinstance(asset, AssetsDefinition) else asset
        needed |= {need.key for need in owner.own_requirements() if need.kind == IO_MANAGER}
        if isinstance(asset, AssetSpec):
            continue
        for key, definition in asset.resource_defs.items():
            if key in given:
                raise DagflowInvalidInvocationError(
                    f"the resource '{key}' was given, but {asset!r} brings a resource with this key along. "
                    "Give it in one place only."
                )
            other = own.setdefault(key, (definition, asset))
            if not _same_resource(other[0], definition):
                raise DagflowInvalidDefinitionError(
                    f"Conflicting versions of resource with key '{key}' were provided to different assets. "
                    f"{other[1]!r} and {asset!r} bring them along: use one object, or two keys."
                )
            resources[key] = definition
    if default is not None:
        for key in needed:
            resources.setdefault(key, default)
    check_needs(resources, {DEFAULT_IO_MANAGER_KEY: default_io_manager, **resources}, place)
    return resources


def _same_resource(one: ResourceDefinition, other: ResourceDefinition) -> bool:
    return one is other or (one.kind == other.kind == "value" and one.value is other.value)


def _common_partitions(
    chosen: Iterable[AssetsDefinition], one_partitioning: bool
) -> PartitionsDefinition | None:
    common: tuple[PartitionsDefinition, AssetsDefinition] | None = None
    for asset in chosen:
        if asset.partitions_def is None:
            continue
        if common is None:
            common = (asset.partitions_def, asset)
        elif common[0] != asset.partitions_def:
            if not one_partitioning:
                return None
            raise DagflowInvalidDefinitionError(
                f"{common[1]!r} and {asset!r} have different partitions definitions ({common[0]!r}, "
                f"{asset.partitions_def!r}), so they cannot run together. Select those of one definition."
            )
    return None if common is None else common[0]
