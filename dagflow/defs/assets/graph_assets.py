"""`@graph_asset` and `@graph_multi_asset`: make an AssetsDefinition of a function that calls ops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, overload

from dagflow._util import UNSET
from dagflow.absent import explains_absent
from dagflow.defs.assets.asset_out import AssetOut, keys_of_outs
from dagflow.defs.assets.check_spec import AssetCheckSpec, checks_by_output
from dagflow.defs.assets.decorator import key_of_function
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.dependency import AssetIn
from dagflow.defs.assets.inputs import check_self_dependency, deps_of_inputs
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.graphs.decorator import trace
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.leaves import leaf_output
from dagflow.defs.graphs.wiring import GraphIn, GraphOut
from dagflow.defs.hooks.definition import HookDefinition, check_hooks
from dagflow.defs.parts.configured import ConfigMapping
from dagflow.defs.parts.function import check_decorated, location, name_of
from dagflow.defs.resources.definition import as_resources
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import AssetKey, CoercibleToAssetKey, check_name
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.tags import check_kinds
from dagflow.types.annotations import resolve_type

if TYPE_CHECKING:
    from dagflow.defs.conditions.auto_materialize import AutoMaterializePolicy
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy
    from dagflow.partitions.backfill import BackfillPolicy
    from dagflow.partitions.mapping import PartitionMapping


@overload
def graph_asset(compose_fn: Callable[..., Any]) -> AssetsDefinition: ...


@overload
def graph_asset(
    compose_fn: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    config: ConfigMapping | Mapping[str, Any] | None = None,
    key_prefix: str | Sequence[str] | None = None,
    group_name: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    owners: Sequence[str] | None = None,
    automation_condition: AutomationCondition | None = None,
    backfill_policy: BackfillPolicy | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    code_version: str | None = None,
    key: CoercibleToAssetKey | None = None,
    kinds: Iterable[str] | None = None,
    legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
    auto_materialize_policy: AutoMaterializePolicy | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...


@explains_absent
def graph_asset(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    config: ConfigMapping | Mapping[str, Any] | None = None,
    key_prefix: str | Sequence[str] | None = None,
    group_name: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    owners: Sequence[str] | None = None,
    automation_condition: AutomationCondition | None = None,
    backfill_policy: BackfillPolicy | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    code_version: str | None = None,
    key: CoercibleToAssetKey | None = None,
    kinds: Iterable[str] | None = None,
    legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
    auto_materialize_policy: AutoMaterializePolicy | None = None,
) -> AssetsDefinition | Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make an asset of a function that calls ops and returns an output of one of them.

    Args:
        compose_fn: The function. Each parameter reads the asset of that name. It is called once, now.
        name: The last part of the key; default: the name of the function.
        description: A sentence for people; default: the docstring of the function.
        ins: `AssetIn` by parameter, for a parameter that reads an asset of another key.
        config: The config of the ops, by their names, or a ConfigMapping to it.
        key_prefix: The parts of the key before the name.
        group_name: The group that the asset is shown in.
        partitions_def: The partitions of the asset.
        hooks: Hooks that are called after each attempt at each op.
        metadata: Metadata by name.
        tags: Short strings by name.
        owners: The owners: email addresses, or teams as `team:name`.
        automation_condition: The condition under which a deployment materializes it. A run ignores it.
        backfill_policy: How many partitions one run of a backfill gets. A run ignores it.
        resource_defs: Resources that come with this asset.
        check_specs: The checks. With checks the function returns a dict: the output of the asset as
            "result", and the output with the result of each check under the name of the asset and of the
            check, as "tea_is_hot".
        code_version: The version of this code.
        key: The whole key, instead of `name` and `key_prefix`.
        kinds: The technologies of the asset, such as "sql".
        legacy_freshness_policy: The older form of a freshness policy. A run ignores it.
        auto_materialize_policy: The older form of `automation_condition`.

    Returns:
        The AssetsDefinition, or a decorator.

    Raises:
        DagflowInvalidDefinitionError: An argument is invalid, or the function does not return an output of an
            op.
        CheckError: The function calls an op whose output neither another op reads nor the function returns.

    Example:
        >>> from dagflow import graph_asset, materialize_to_memory, op
        >>> @op
        ... def boil():
        ...     return 100
        >>> @op
        ... def cool(degrees):
        ...     return degrees - 20
        >>> @graph_asset
        ... def water():
        ...     return cool(boil())
        >>> materialize_to_memory([water]).asset_value("water")
        80
    """

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        check_decorated(fn, "graph_asset")
        asset_key = key_of_function(fn, key, name, key_prefix)
        place = f"asset '{asset_key.to_user_string()}'"
        checks = checks_by_output(check_specs, [asset_key], place)
        keys, mappings = _inputs(fn, ins, place)
        graph_def = _graph(
            fn,
            asset_key.to_python_identifier(),
            description,
            keys,
            config,
            ["result", *checks],
            "graph_asset",
        )
        read = {parameter: keys.get(parameter, AssetKey(parameter)) for parameter in graph_def.ins}
        if asset_key in read.values():
            check_self_dependency(mappings.get(asset_key), partitions_def, f"{place} ({location(fn)})")
        spec = AssetSpec(
            asset_key,
            deps=deps_of_inputs(read, mappings, ()),
            description=graph_def.description,
            metadata=metadata,
            group_name=group_name,
            code_version=code_version,
            automation_condition=automation_condition,
            owners=owners,
            tags=tags,
            kinds=kinds,
            partitions_def=partitions_def,
            legacy_freshness_policy=legacy_freshness_policy,
            auto_materialize_policy=auto_materialize_policy,
        )
        if kinds is not None:
            check_kinds(spec.kinds, place)
        return AssetsDefinition(
            node_def=graph_def,
            keys_by_input_name=read,
            keys_by_output_name={"result": asset_key},
            specs=[spec],
            partitions_def=partitions_def,
            partition_mappings=mappings,
            resource_defs=as_resources(resource_defs, place, "resource_defs"),
            backfill_policy=backfill_policy,
            check_specs_by_output_name=checks,
            hook_defs=check_hooks(hooks, "hooks", place),
        )

    return decorate if compose_fn is None else decorate(compose_fn)


@explains_absent
def graph_multi_asset(
    *,
    outs: Mapping[str, AssetOut],
    name: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    backfill_policy: BackfillPolicy | None = None,
    group_name: str | None = None,
    can_subset: bool = False,
    resource_defs: Mapping[str, Any] | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    config: ConfigMapping | Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make several assets of a function that calls ops and returns outputs of them.

    Args:
        outs: The assets by the name of the output. The function returns a dict with these names, or a tuple
            in this order.
        name: The name of the graph; default: the name of the function.
        ins: `AssetIn` by parameter, for a parameter that reads an asset of another key.
        partitions_def: The partitions of the assets.
        hooks: Hooks that are called after each attempt at each op.
        backfill_policy: How many partitions one run of a backfill gets. A run ignores it.
        group_name: The group of all assets. It replaces the groups of `outs`.
        can_subset: Whether a run may select some of the assets and checks. Then only the ops that these need
            are run, and other assets of this function are loaded instead of made again.
        resource_defs: Resources that come with the assets.
        check_specs: The checks. The function returns the output with the result of each under the name of the
            asset and of the check, as "tea_is_hot".
        config: The config of the ops, by their names, or a ConfigMapping to it.

    Returns:
        A decorator that returns the AssetsDefinition.

    Raises:
        DagflowInvalidDefinitionError: An argument is invalid, or the function does not return an output of an
            op for each of `outs`.
        CheckError: The function calls an op whose output neither another op reads nor the function returns.

    Example:
        >>> from dagflow import AssetOut, graph_multi_asset, materialize_to_memory, op
        >>> @op
        ... def boil():
        ...     return 100
        >>> @op
        ... def steep(degrees):
        ...     return degrees - 20
        >>> @graph_multi_asset(outs={"water": AssetOut(), "tea": AssetOut(key_prefix="bar")})
        ... def kitchen():
        ...     degrees = boil()
        ...     return {"water": degrees, "tea": steep(degrees)}
        >>> materialize_to_memory([kitchen]).asset_value(["bar", "tea"])
        80
    """

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        check_decorated(fn, "graph_multi_asset")
        own_name = check_name(name_of(fn) if name is None else name, "graph")
        place = f"graph_multi_asset '{own_name}'"
        made = keys_of_outs(outs, place)
        checks = checks_by_output(check_specs, made.values(), place)
        keys, mappings = _inputs(fn, ins, place)
        graph_def = _graph(fn, own_name, None, keys, config, [*made, *checks], "graph_multi_asset")
        read = {parameter: keys.get(parameter, AssetKey(parameter)) for parameter in graph_def.ins}
        for asset_key in made.values():
            if asset_key in read.values():
                check_self_dependency(mappings.get(asset_key), partitions_def, f"{place} ({location(fn)})")
        deps = list(deps_of_inputs(read, mappings, ()))
        specs = []
        for output_name, out in outs.items():
            _check_out(out, graph_def, output_name, f"{place} ({location(fn)})")
            spec = out.to_spec(
                made[output_name], deps, partitions_def=... if partitions_def is None else partitions_def
            )
            specs.append(spec if group_name is None else spec.replace_attributes(group_name=group_name))
        return AssetsDefinition(
            node_def=graph_def,
            keys_by_input_name=read,
            keys_by_output_name=made,
            specs=specs,
            partitions_def=partitions_def,
            partition_mappings=mappings,
            can_subset=can_subset,
            resource_defs=as_resources(resource_defs, place, "resource_defs"),
            backfill_policy=backfill_policy,
            check_specs_by_output_name=checks,
            hook_defs=check_hooks(hooks, "hooks", place),
        )

    return decorate


def _graph(
    fn: Callable[..., Any],
    name: str,
    description: str | None,
    ins: Iterable[str],
    config: Any,
    outputs: Sequence[str],
    what: str,
) -> GraphDefinition:
    out = {output: GraphOut() for output in outputs}
    return trace(fn, name, description, dict.fromkeys(ins, GraphIn()), out, None, config, what)


def _inputs(
    fn: Callable[..., Any], ins: Mapping[str, AssetIn] | None, place: str
) -> tuple[dict[str, AssetKey], dict[AssetKey, PartitionMapping]]:
    """Return the key and the partition mapping of each AssetIn. `trace` checks the names of parameters.

    Raises:
        DagflowInvalidDefinitionError: An AssetIn has facts that belong to the input of an op.
    """
    keys: dict[str, AssetKey] = {}
    mappings: dict[AssetKey, PartitionMapping] = {}
    for parameter, given in (check_optional(ins, Mapping, "ins", place) or {}).items():
        check_type(given, AssetIn, f"ins[{repr_of(parameter)}]", place)
        for fact in ("metadata", "input_manager_key", "dagflow_type"):
            if getattr(given, fact):
                raise DagflowInvalidDefinitionError(
                    f"{place} ({location(fn)}): the AssetIn of '{parameter}' has '{fact}', but ops load the "
                    f"asset. Give it to the In of each op that reads '{parameter}'."
                )
        keys[parameter] = given.resolve_key(parameter)
        if given.partition_mapping is not None:
            mappings[keys[parameter]] = given.partition_mapping
    return keys, mappings


def _check_out(out: AssetOut, graph_def: GraphDefinition, output_name: str, place: str) -> None:
    """Raise if an AssetOut has facts that the output of the op does not have."""
    leaf = leaf_output(graph_def, output_name)
    op_output = f"output '{leaf.definition.name}' of op '{leaf.path[-1]}'"
    if out.io_manager_key is not None and out.io_manager_key != leaf.definition.io_manager_key:
        raise DagflowInvalidDefinitionError(
            f"{place}: the AssetOut '{output_name}' has the io_manager_key '{out.io_manager_key}', but the "
            f"{op_output} stores the asset by '{leaf.definition.io_manager_key}'. Give the key to the Out of "
            "this op."
        )
    if out.dagflow_type is not UNSET and out.dagflow_type is not None:
        wanted = resolve_type(out.dagflow_type, f"the AssetOut '{output_name}' of {place}")
        if wanted != leaf.definition.dagflow_type:
            raise DagflowInvalidDefinitionError(
                f"{place}: the AssetOut '{output_name}' has the type '{wanted.display_name}', but the "
                f"{op_output} has the type '{leaf.definition.dagflow_type.display_name}'. Give the type to "
                "the Out of this op."
            )
