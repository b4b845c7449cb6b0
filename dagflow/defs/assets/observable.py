"""`@observable_source_asset` and `@multi_observable_source_asset`: assets that a function only looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, overload

from dagflow.absent import explains_absent
from dagflow.defs.assets.check_spec import AssetCheckSpec, check_outputs, checks_by_output
from dagflow.defs.assets.decorator import key_of_function
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.multi_asset import completed_spec, ports_of_specs
from dagflow.defs.assets.ports import AssetExecutionType
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.ops.definition import OpDefinition, refuse_resources_twice
from dagflow.defs.parts.function import Body, check_decorated, location, name_of
from dagflow.defs.resources.definition import as_resources
from dagflow.errors import (
    ParameterCheckError,
    check_elements,
    check_type,
)
from dagflow.keys import CoercibleToAssetKey, check_name, resource_keys
from dagflow.partitions.definition import PartitionsDefinition

if TYPE_CHECKING:
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy


@overload
def observable_source_asset(observe_fn: Callable[..., Any]) -> SourceAsset: ...


@overload
def observable_source_asset(
    observe_fn: None = None,
    *,
    key: CoercibleToAssetKey | None = None,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    io_manager_key: str | None = None,
    io_manager_def: Any = None,
    description: str | None = None,
    group_name: str | None = None,
    required_resource_keys: set[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    automation_condition: AutomationCondition | None = None,
    op_tags: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    auto_observe_interval_minutes: float | None = None,
    legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
) -> Callable[[Callable[..., Any]], SourceAsset]: ...


@explains_absent
def observable_source_asset(
    observe_fn: Callable[..., Any] | None = None,
    *,
    key: CoercibleToAssetKey | None = None,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    io_manager_key: str | None = None,
    io_manager_def: Any = None,
    description: str | None = None,
    group_name: str | None = None,
    required_resource_keys: set[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    automation_condition: AutomationCondition | None = None,
    op_tags: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    auto_observe_interval_minutes: float | None = None,
    legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
) -> SourceAsset | Callable[[Callable[..., Any]], SourceAsset]:
    """Make a SourceAsset of a function that looks at it. Use it with or without arguments.

    The function may have a parameter `context`, resources and `config`. It returns the DataVersion of the
    asset, DataVersionsByPartition if the asset is partitioned, or an ObserveResult.

    Args:
        observe_fn: The function.
        key: The whole key, instead of `name` and `key_prefix`.
        name: The last part of the key; default: the function's name.
        key_prefix: The parts of the key before the name.
        metadata: Metadata by name.
        io_manager_key: The resource that loads the asset; default: "io_manager".
        io_manager_def: The I/O manager that loads the asset.
        description: A sentence for people.
        group_name: The group that the asset is shown in.
        required_resource_keys: Resources that the function reads from `context.resources`.
        resource_defs: Resources that come with the asset.
        partitions_def: The partitions of the asset.
        automation_condition: The condition under which a deployment observes it. A run ignores it.
        op_tags: The tags of the op that observes it.
        tags: Short strings by name.
        auto_observe_interval_minutes: The time between two observations by a deployment. A run ignores it.
        legacy_freshness_policy: The age from which it counts as stale. A run ignores it.

    Returns:
        The SourceAsset, or a decorator.

    Raises:
        CheckError, DagflowInvalidDefinitionError: An argument is invalid, or the function has a parameter
            that reads an asset.

    Example:
        >>> from dagflow import DataVersion, observable_source_asset, observe
        >>> @observable_source_asset
        ... def river():
        ...     return DataVersion("7")
        >>> result = observe([river])
        >>> result.asset_observations_for_node("river")[0].data_version
        '7'
    """

    def decorate(fn: Callable[..., Any]) -> SourceAsset:
        check_decorated(fn, "observable_source_asset")
        own_key = key_of_function(fn, key, name, key_prefix)
        place = f"observable source asset '{own_key.to_user_string()}'"
        refuse_resources_twice(Body(fn, place), required_resource_keys, "observable_source_asset")
        source = SourceAsset(
            own_key,
            metadata,
            io_manager_key,
            io_manager_def,
            description,
            partitions_def,
            group_name,
            resource_defs,
            fn,
            op_tags,
            auto_observe_interval_minutes=auto_observe_interval_minutes,
            legacy_freshness_policy=legacy_freshness_policy,
            automation_condition=automation_condition,
            tags=tags,
        )
        return source.with_observe_resources(resource_keys(required_resource_keys, place))

    return decorate if observe_fn is None else decorate(observe_fn)


@explains_absent
def multi_observable_source_asset(
    *,
    specs: Sequence[AssetSpec],
    name: str | None = None,
    description: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    can_subset: bool = False,
    required_resource_keys: set[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make several assets of one function that looks at them and gives an ObserveResult for each.

    Args:
        specs: The assets. A parameter of the function reads an asset that they depend on.
        name: The name of the op; default: the name of the function.
        description: A sentence for people; default: the docstring of the function.
        partitions_def: The partitions of the assets.
        can_subset: Whether a run may select some of the assets. The function reads
            `context.selected_asset_keys`.
        required_resource_keys: Resources that the function reads from `context.resources`.
        resource_defs: Resources that come with the assets.
        group_name: The group of all assets; then no spec may have a group.
        check_specs: The checks whose results the function gives.

    Returns:
        A decorator that returns an AssetsDefinition.

    Raises:
        CheckError, DagflowInvalidDefinitionError: An argument is invalid, or a parameter reads an asset that
            no spec depends on.

    Example:
        >>> from dagflow import AssetSpec, ObserveResult, multi_observable_source_asset, observe
        >>> @multi_observable_source_asset(specs=[AssetSpec("river"), AssetSpec("lake")])
        ... def waters():
        ...     yield ObserveResult("river", metadata={"level": 3})
        ...     yield ObserveResult("lake", metadata={"level": 5})
        >>> [event.asset_key.to_user_string() for event in observe([waters]).get_asset_observation_events()]
        ['river', 'lake']
    """

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        check_decorated(fn, "multi_observable_source_asset")
        op_name = check_name(name_of(fn) if name is None else name, "multi_observable_source_asset")
        place = f"multi_observable_source_asset '{op_name}' ({location(fn)})"
        check_type(can_subset, bool, "can_subset", place)
        listed = check_elements(specs, AssetSpec, "specs", place)
        if not listed:
            raise ParameterCheckError(f"{place} has no specs. Give it an AssetSpec for each asset.")
        body = Body(fn, place)
        refuse_resources_twice(body, required_resource_keys, "multi_observable_source_asset")
        complete = partial(
            completed_spec,
            group_name=group_name,
            code_version=None,
            partitions_def=partitions_def,
            is_optional=can_subset,
            place=place,
        )
        ports = ports_of_specs(body, {}, listed, complete, place)
        checks = checks_by_output(check_specs, ports.keys.values(), place)
        resources = as_resources(resource_defs, place, "resource_defs")
        node_def = OpDefinition(
            fn,
            op_name,
            ports.inputs,
            {**ports.outputs, **check_outputs(checks, can_subset=can_subset)},
            description,
            required_resource_keys=resource_keys(required_resource_keys, place) | frozenset(resources),
            owner="multi_observable_source_asset",
            body=body,
        )
        return AssetsDefinition(
            node_def=node_def,
            keys_by_input_name=ports.read,
            keys_by_output_name=ports.keys,
            specs=ports.specs,
            partitions_def=partitions_def,
            partition_mappings=ports.mappings,
            can_subset=can_subset,
            resource_defs=resources,
            check_specs_by_output_name=checks,
            execution_type=AssetExecutionType.OBSERVATION,
        )

    return decorate
