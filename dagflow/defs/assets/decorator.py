"""`@asset`: makes an AssetsDefinition of one function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from dagflow._util import UNSET
from dagflow.defs.assets.argument_checks import tags_with_kind
from dagflow.defs.assets.check_spec import AssetCheckSpec, check_outputs, checks_by_output
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.dependency import AssetIn, CoercibleToAssetDep, own_deps_of
from dagflow.defs.assets.inputs import check_self_dependency, deps_of_inputs, inputs_of_assets
from dagflow.defs.assets.source_asset import io_manager_resources
from dagflow.defs.assets.spec import DEFAULT_GROUP, AssetSpec
from dagflow.defs.hooks.definition import HookDefinition, check_hooks
from dagflow.defs.ops.definition import OpDefinition, refuse_resources_twice
from dagflow.defs.ops.ports import Out
from dagflow.defs.parts.function import Body, check_decorated, location, name_of
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, check_optional, check_type
from dagflow.keys import AssetKey, CoercibleToAssetKey, check_name, prefix_parts, resource_keys
from dagflow.metadata.normalize import normalize_metadata
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.tags import check_kinds
from dagflow.types.kinds import Nothing

if TYPE_CHECKING:
    from dagflow.defs.conditions.auto_materialize import AutoMaterializePolicy
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.freshness import FreshnessPolicy
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy
    from dagflow.partitions.backfill import BackfillPolicy


@overload
def asset(compute_fn: Callable[..., Any]) -> AssetsDefinition: ...


@overload
def asset(
    compute_fn: None = None,
    *,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[CoercibleToAssetDep] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    hooks: set[HookDefinition] | frozenset[HookDefinition] | None = None,
    io_manager_def: Any = None,
    io_manager_key: str | None = None,
    dagflow_type: Any = None,
    partitions_def: PartitionsDefinition | None = None,
    op_tags: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    key: CoercibleToAssetKey | None = None,
    owners: Sequence[str] | None = None,
    kinds: Iterable[str] | None = None,
    pool: str | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    automation_condition: AutomationCondition | None = None,
    freshness_policy: FreshnessPolicy | None = None,
    backfill_policy: BackfillPolicy | None = None,
    is_virtual: bool = False,
    compute_kind: str | None = None,
    non_argument_deps: Iterable[CoercibleToAssetDep] | None = None,
    legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
    auto_materialize_policy: AutoMaterializePolicy | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...


def asset(
    compute_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[CoercibleToAssetDep] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    hooks: set[HookDefinition] | frozenset[HookDefinition] | None = None,
    io_manager_def: Any = None,
    io_manager_key: str | None = None,
    dagflow_type: Any = None,
    partitions_def: PartitionsDefinition | None = None,
    op_tags: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    key: CoercibleToAssetKey | None = None,
    owners: Sequence[str] | None = None,
    kinds: Iterable[str] | None = None,
    pool: str | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    automation_condition: AutomationCondition | None = None,
    freshness_policy: FreshnessPolicy | None = None,
    backfill_policy: BackfillPolicy | None = None,
    is_virtual: bool = False,
    compute_kind: str | None = None,
    non_argument_deps: Iterable[CoercibleToAssetDep] | None = None,
    legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
    auto_materialize_policy: AutoMaterializePolicy | None = None,
) -> AssetsDefinition | Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make an asset of a function. Use it with or without arguments.

    Args:
        compute_fn: The function. Each parameter reads the asset of that name. A first parameter `context`
            gets the context, a parameter `config` the config.
        name: The last part of the key; default: the function's name.
        key_prefix: The parts of the key before the name.
        ins: `AssetIn` by parameter, for a parameter that reads an asset of another key or type.
        deps: Assets that come before this asset. Those that no parameter reads are not loaded.
        metadata: Metadata by name.
        tags: Short strings by name.
        description: A sentence for people; default: the function's docstring.
        config_schema: The schema of the config.
        required_resource_keys: Resources that the body reads from `context.resources`.
        resource_defs: Resources that come with this asset.
        hooks: Hooks that are called after each attempt.
        io_manager_def: The I/O manager that stores the asset.
        io_manager_key: The resource that stores the asset; default: "io_manager".
        dagflow_type: The type of the value; default: the type of the return annotation.
        partitions_def: The partitions of the asset.
        op_tags: The tags of the op.
        group_name: The group that the asset is shown in.
        output_required: Whether the function must return a value. If it returns none, readers are skipped.
        retry_policy: The retry policy.
        code_version: The version of this code.
        key: The whole key, instead of `name` and `key_prefix`.
        owners: The owners: email addresses, or teams as `team:name`.
        kinds: The technologies of the asset, such as "sql".
        pool: The name of a group of steps that share a limit.
        check_specs: The checks whose results the function gives.
        automation_condition: The condition under which a deployment materializes the asset. A run ignores it.
        freshness_policy: The age from which the asset counts as stale. A run ignores it.
        backfill_policy: The number of partitions in one run of a backfill. A run ignores it.
        is_virtual: Whether the asset has no data of its own, as a view.
        compute_kind: The older form of `kinds`, kept in a tag of the op.
        non_argument_deps: The older form of `deps`.
        legacy_freshness_policy: The older form of `freshness_policy`.
        auto_materialize_policy: The older form of `automation_condition`.

    Returns:
        The AssetsDefinition, or a decorator.

    Raises:
        DagflowInvalidDefinitionError: An argument is invalid.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> materialize_to_memory([water]).asset_value("water")
        1
    """

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        check_decorated(fn, "asset")
        own_key = key_of_function(fn, key, name, key_prefix)
        place = f"asset '{own_key.to_user_string()}'"
        normalize_metadata(metadata, place)  # checked here, so that the error names the asset and not an Out
        own_deps = own_deps_of(deps, non_argument_deps, place)
        body = Body(fn, place)
        keys, inputs, mappings = inputs_of_assets(
            body, check_optional(ins, Mapping, "ins", place) or {}, own_deps, place
        )
        if own_key in keys.values():
            check_self_dependency(mappings.get(own_key), partitions_def, f"{place} ({location(fn)})")
        if io_manager_key is not None and io_manager_def is not None:
            raise CheckError(
                f"{place} has an 'io_manager_key' and an 'io_manager_def', which has a key of its own. Give "
                "one of them."
            )
        manager_key, resources = io_manager_resources(own_key, io_manager_key, io_manager_def, resource_defs)
        refuse_resources_twice(body, required_resource_keys, "asset")
        check_type(output_required, bool, "output_required", place)
        returns_none = body.return_annotation is type(None)
        checks = checks_by_output(check_specs, [own_key], place)
        node_def = OpDefinition(
            fn,
            check_name(own_key.to_python_identifier(), "asset"),
            inputs,
            {
                "result": Out(
                    dagflow_type if dagflow_type is not None else Nothing if returns_none else UNSET,
                    is_required=output_required,
                    io_manager_key=manager_key,
                    metadata=metadata,
                    code_version=code_version,
                ),
                **check_outputs(checks),
            },
            description,
            config_schema,
            resource_keys(required_resource_keys, place) | frozenset(_own_resources(resources, manager_key)),
            tags_with_kind(op_tags, compute_kind, has_kinds=kinds is not None, place=place),
            None,
            retry_policy,
            code_version,
            pool,
            owner="asset",
            body=body,
        )
        spec = AssetSpec(
            own_key,
            deps=[*own_deps, *deps_of_inputs(keys, mappings, own_deps)],
            description=node_def.description,
            metadata=metadata,
            skippable=not output_required,
            group_name=DEFAULT_GROUP if group_name is None else group_name,
            code_version=code_version,
            owners=owners,
            tags=tags,
            kinds=kinds,
            partitions_def=partitions_def,
            automation_condition=automation_condition,
            freshness_policy=freshness_policy,
            is_virtual=is_virtual,
            legacy_freshness_policy=legacy_freshness_policy,
            auto_materialize_policy=auto_materialize_policy,
        )
        if kinds is not None:
            check_kinds(spec.kinds, place)
        return AssetsDefinition(
            node_def=node_def,
            keys_by_input_name=keys,
            keys_by_output_name={"result": own_key},
            specs=[spec],
            partitions_def=spec.partitions_def,
            partition_mappings=mappings,
            resource_defs=resources,
            backfill_policy=None
            if backfill_policy is None
            else _checked_backfill(backfill_policy, partitions_def, place),
            check_specs_by_output_name=checks,
            hook_defs=check_hooks(hooks, "hooks", place),
        )

    return decorate if compute_fn is None else decorate(compute_fn)


def key_of_function(
    fn: Callable[..., Any],
    key: CoercibleToAssetKey | None,
    name: str | None,
    prefix: str | Sequence[str] | None,
) -> AssetKey:
    """Return the key of the one asset of a function, from the arguments of a decorator.

    Raises:
        DagflowInvalidDefinitionError: The name is invalid, or `key` is given with `name` or `prefix`.
    """
    if key is not None:
        if name is not None or prefix is not None:
            raise DagflowInvalidDefinitionError(
                f"asset at {location(fn)}: 'key' is the whole key, so 'name' and 'key_prefix' cannot be "
                "given too"
            )
        return AssetKey.from_coercible(key)
    own_name = check_name(name_of(fn) if name is None else name, "asset", reserved=False)
    return AssetKey([*prefix_parts(prefix), own_name])


def _own_resources(resources: Mapping[str, Any], manager_key: str) -> list[str]:
    # the body can read every resource of the asset; its I/O manager is required by the output
    return [key for key in resources if key != manager_key]


def _checked_backfill(policy: Any, partitions_def: PartitionsDefinition | None, place: str) -> BackfillPolicy:
    from dagflow.partitions.backfill import checked_backfill  # few assets have one

    return checked_backfill(policy, partitions_def is not None, place)
