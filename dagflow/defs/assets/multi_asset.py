"""`@multi_asset`: makes an AssetsDefinition with several assets of one function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.absent import explains_absent
from dagflow.defs.assets.argument_checks import tags_with_kind
from dagflow.defs.assets.asset_out import AssetOut, keys_of_outs
from dagflow.defs.assets.check_spec import AssetCheckSpec, check_outputs, checks_by_output
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.assets.dependency import (
    AssetDep,
    AssetIn,
    CoercibleToAssetDep,
    mappings_of_deps,
    own_deps_of,
)
from dagflow.defs.assets.inputs import check_self_dependency, inputs_of_assets
from dagflow.defs.assets.spec import DEFAULT_GROUP, AssetSpec
from dagflow.defs.hooks.definition import HookDefinition, check_hooks
from dagflow.defs.ops.definition import OpDefinition, refuse_resources_twice
from dagflow.defs.ops.ports import In, Out
from dagflow.defs.parts.function import Body, check_decorated, location, name_of
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.defs.resources.definition import as_resources
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    check_elements,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.keys import AssetKey, check_name, resource_keys
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.types.kinds import Nothing

if TYPE_CHECKING:
    from dagflow.partitions.backfill import BackfillPolicy
    from dagflow.partitions.mapping import PartitionMapping


@explains_absent
def multi_asset(
    *,
    outs: Mapping[str, AssetOut] | None = None,
    name: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[CoercibleToAssetDep] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | None = None,
    internal_asset_deps: Mapping[str, set[AssetKey]] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    hooks: set[HookDefinition] | frozenset[HookDefinition] | None = None,
    backfill_policy: BackfillPolicy | None = None,
    op_tags: Mapping[str, Any] | None = None,
    can_subset: bool = False,
    resource_defs: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    specs: Iterable[AssetSpec] | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    pool: str | None = None,
    compute_kind: str | None = None,
    non_argument_deps: Iterable[CoercibleToAssetDep] | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make several assets of one function.

    Args:
        outs: An `AssetOut` for each asset, by the name of its output. The function returns or yields their
            values.
        name: The name of the op; default: the name of the function.
        ins: `AssetIn` by parameter, for a parameter that reads an asset of another key or type.
        deps: Assets that come before all of the assets. Only with `outs`.
        description: A sentence for people; default: the docstring of the function.
        config_schema: The schema of the config.
        required_resource_keys: Resources that the body reads from `context.resources`.
        internal_asset_deps: The assets that an output depends on, by the name of the output; default: all
            assets that the function reads. Only with `outs`.
        partitions_def: The partitions of the assets.
        hooks: Hooks that are called after each attempt.
        backfill_policy: The number of partitions in one run of a backfill.
        op_tags: The tags of the op.
        can_subset: Whether a run may select some of the assets and checks. The function reads
            `context.selected_asset_keys`. Each of `outs` that may be left out needs `is_required=False`.
        resource_defs: Resources that come with the assets.
        group_name: The group of all assets, if none has its own.
        retry_policy: The retry policy.
        code_version: The version of this code, for assets without their own.
        specs: A spec for each asset, instead of `outs`. The function stores the data itself, and yields or
            returns a MaterializeResult for each asset.
        check_specs: The checks whose results the function gives.
        pool: The name of a group of steps that share a limit.
        compute_kind: The older form of `kinds` of the specs, kept in a tag of the op.
        non_argument_deps: The older form of `deps`.

    Returns:
        A decorator.

    Raises:
        CheckError, DagflowInvalidDefinitionError: An argument is invalid, or does not fit the others.

    Example:
        >>> from dagflow import AssetSpec, MaterializeResult, materialize_to_memory, multi_asset
        >>> @multi_asset(specs=[AssetSpec("beans"), AssetSpec("husks", deps=["beans"])])
        ... def peel():
        ...     yield MaterializeResult("beans", metadata={"grams": 40})
        ...     yield MaterializeResult("husks")
        >>> result = materialize_to_memory([peel])
        >>> [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]
        ['beans', 'husks']
    """

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        check_decorated(fn, "multi_asset")
        op_name = check_name(name_of(fn) if name is None else name, "multi_asset")
        place = f"multi_asset '{op_name}' ({location(fn)})"
        own_outs = check_optional(outs, Mapping, "outs", place) or {}
        if own_outs and specs is not None:
            raise DagflowInvalidDefinitionError(
                f"{place} has both 'outs' and 'specs'. Use 'outs' if the function gives the values, 'specs' "
                "if it stores them itself."
            )
        body = Body(fn, place)
        has_deps = deps is not None or non_argument_deps is not None
        check_type(can_subset, bool, "can_subset", place)
        parameters = check_optional(ins, Mapping, "ins", place) or {}
        complete = partial(
            completed_spec,
            group_name=group_name,
            code_version=code_version,
            partitions_def=partitions_def,
            is_optional=can_subset and specs is not None,  # an AssetOut says itself whether it is required
            place=place,
        )
        if specs is not None:
            if has_deps or internal_asset_deps is not None:
                which = "deps" if has_deps else "internal_asset_deps"
                raise DagflowInvalidDefinitionError(
                    f"{place} has 'specs' and '{which}'. Put the dependencies into the specs: "
                    "AssetSpec(..., deps=[...])."
                )
            ports = ports_of_specs(body, parameters, specs, complete, place)
        else:
            own_deps = own_deps_of(deps, non_argument_deps, place)
            ports = _ports_of_outs(body, parameters, own_outs, own_deps, internal_asset_deps, complete, place)
        for key in set(ports.keys.values()).intersection(ports.read.values()):
            check_self_dependency(ports.mappings.get(key), partitions_def, place)
        checks = checks_by_output(check_specs, ports.keys.values(), place)
        refuse_resources_twice(body, required_resource_keys, "multi_asset")
        resources = as_resources(resource_defs, place, "resource_defs")
        node_def = OpDefinition(
            fn,
            op_name,
            ports.inputs,
            {**ports.outputs, **check_outputs(checks, can_subset=can_subset)},
            description,
            config_schema,
            resource_keys(required_resource_keys, place) | frozenset(resources),
            tags_with_kind(
                op_tags, compute_kind, has_kinds=any(spec.kinds for spec in ports.specs), place=place
            ),
            None,
            retry_policy,
            code_version,
            pool,
            owner="multi_asset",
            body=body,
        )
        return AssetsDefinition(
            node_def=node_def,
            keys_by_input_name=ports.read,
            keys_by_output_name=ports.keys,
            specs=ports.specs,
            partitions_def=partitions_def,
            partition_mappings=ports.mappings,
            resource_defs=resources,
            can_subset=can_subset,
            backfill_policy=backfill_policy,
            check_specs_by_output_name=checks,
            hook_defs=check_hooks(hooks, "hooks", place),
        )

    return decorate


class _Ports(NamedTuple):
    """The inputs and outputs of a function of several assets.

    Attributes:
        keys: The key of each asset, by the name of its output.
        read: The key that each input reads.
        inputs, outputs: The inputs and outputs of the op.
        specs: The spec of each asset, in the order of `keys`.
        mappings: The partition mappings, by key of the asset that is read.
    """

    keys: dict[str, AssetKey]
    read: dict[str, AssetKey]
    inputs: dict[str, In]
    outputs: dict[str, Out]
    specs: list[AssetSpec]
    mappings: dict[AssetKey, PartitionMapping]


def ports_of_specs(
    body: Body,
    ins: Mapping[str, AssetIn],
    given: Iterable[AssetSpec],
    complete: Callable[[AssetSpec], AssetSpec],
    place: str,
) -> _Ports:
    """Return the ports of a function that stores the data itself: outputs of type Nothing.

    Args:
        body: The function.
        ins: The argument of the decorator.
        given: The specs.
        complete: Returns a spec with the facts that the decorator gives to all assets.
        place: The definition, for messages.

    Raises:
        CheckError: An element is not an AssetSpec.
        DagflowInvalidDefinitionError: Two specs have one key, or the function reads an asset that no spec
            depends on.
    """
    specs = [complete(spec) for spec in _own_specs(given, place)]
    keys = _keys_of_specs(specs, place)
    read, inputs, mappings = inputs_of_assets(body, ins, _foreign_deps(specs), place)
    deps = [dep for spec in specs for dep in spec.deps]
    known = {dep.asset_key for dep in deps}
    for parameter, key in read.items():
        if key not in known:
            raise DagflowInvalidDefinitionError(
                f"{place}: the input '{parameter}' reads asset '{key.to_user_string()}', but no spec depends "
                "on it. Add it to 'deps' of the AssetSpec that it is read for."
            )
    mappings.update(mappings_of_deps(deps, place))
    outputs = {
        name: Out(
            Nothing,
            is_required=not spec.skippable,
            io_manager_key=spec.io_manager_key,
            metadata=spec.metadata,
            code_version=spec.code_version,
        )
        for name, spec in zip(keys, specs, strict=True)
    }
    return _Ports(keys, read, inputs, outputs, specs, mappings)


def _ports_of_outs(
    body: Body,
    ins: Mapping[str, AssetIn],
    outs: Mapping[str, AssetOut],
    own_deps: list[AssetDep],
    internal_deps: Mapping[str, set[AssetKey]] | None,
    complete: Callable[[AssetSpec], AssetSpec],
    place: str,
) -> _Ports:
    """Return the ports of a function that gives the values of its assets."""
    keys = keys_of_outs(outs, place)
    read, inputs, mappings = inputs_of_assets(body, ins, own_deps, place)
    by_output = _deps_by_output(internal_deps, keys, read, place)
    by_key = {dep.asset_key: dep for dep in own_deps}
    specs = []
    for name, out in outs.items():
        needed = [
            by_key.get(key) or AssetDep(key, partition_mapping=mappings.get(key)) for key in by_output[name]
        ]
        spec = complete(out.to_spec(keys[name], needed))
        specs.append(spec if out.is_required else spec.replace_attributes(skippable=True))
    return _Ports(keys, read, inputs, {name: out.to_out() for name, out in outs.items()}, specs, mappings)


def _own_specs(specs: Iterable[AssetSpec], place: str) -> list[AssetSpec]:
    """Return the specs, each once.

    Raises:
        CheckError: An element is not an AssetSpec.
        DagflowInvalidDefinitionError: Two specs have one key.
    """
    by_key: dict[AssetKey, AssetSpec] = {}
    for spec in check_elements(specs, AssetSpec, "specs", place):
        if by_key.setdefault(spec.key, spec) != spec:
            raise DagflowInvalidDefinitionError(
                f"{place} has two specs of asset '{spec.key.to_user_string()}'. Keep one of them."
            )
    return list(by_key.values())


def _keys_of_specs(specs: Iterable[AssetSpec], place: str) -> dict[str, AssetKey]:
    """Return the key of each spec by the name of its output.

    Raises:
        DagflowInvalidDefinitionError: Two keys have one name.
    """
    keys: dict[str, AssetKey] = {}
    for spec in specs:
        name = spec.key.to_python_identifier()
        if keys.setdefault(name, spec.key) != spec.key:
            raise DagflowInvalidDefinitionError(
                f"{place}: assets '{keys[name].to_user_string()}' and '{spec.key.to_user_string()}' would "
                f"have one output name, '{name}', because their keys differ only in what separates the "
                "parts. Give one of them another key."
            )
    return keys


def _foreign_deps(specs: Iterable[AssetSpec]) -> list[AssetDep]:
    """Return the dependencies on assets that other functions make, each once."""
    specs = list(specs)
    own = {spec.key for spec in specs}
    found: dict[AssetKey, AssetDep] = {}
    for spec in specs:
        for dep in spec.deps:
            if dep.asset_key not in own or dep.asset_key == spec.key:
                found.setdefault(dep.asset_key, dep)
    return list(found.values())


def _deps_by_output(
    internal: Mapping[str, AbstractSet[AssetKey]] | None,
    keys: Mapping[str, AssetKey],
    read: Mapping[str, AssetKey],
    place: str,
) -> dict[str, list[AssetKey]]:
    """Return the keys that each output depends on, by its name.

    Raises:
        CheckError: `internal_asset_deps` names something unknown, or leaves out an asset that is read.
        DagflowInvalidDefinitionError: An asset depends on itself.
    """
    inputs = list(dict.fromkeys(read.values()))
    if not (internal := check_optional(internal, Mapping, "internal_asset_deps", place)):
        return dict.fromkeys(keys, inputs)
    known = {*inputs, *keys.values()}
    found: dict[str, list[AssetKey]] = {output_name: [] for output_name in keys}
    for output_name, deps in internal.items():
        if output_name not in keys:
            raise CheckError(
                f"'internal_asset_deps' of {place} names the output {repr_of(output_name)}, which it does "
                f"not have. Its outputs are {list(keys)}."
            )
        if not isinstance(deps, AbstractSet) or not all(isinstance(key, AssetKey) for key in deps):
            raise CheckError(
                f"internal_asset_deps['{output_name}'] of {place} must be a set of AssetKeys, not "
                f"{repr_of(deps)}"
            )
        unknown = sorted(deps - known)
        if unknown:
            raise CheckError(
                f"internal_asset_deps['{output_name}'] of {place} names asset "
                f"'{unknown[0].to_user_string()}', which it neither reads nor makes. Name it in 'ins' or "
                "'deps', too."
            )
        if keys[output_name] in deps:
            raise DagflowInvalidDefinitionError(
                f"internal_asset_deps['{output_name}'] of {place} has the key of the asset itself. Remove it."
            )
        found[output_name] = sorted(deps)
    unused = sorted(set(inputs).difference(*found.values()))
    if unused:
        raise CheckError(
            f"{place} reads asset '{unused[0].to_user_string()}', but no output depends on it in "
            "'internal_asset_deps'. Name it for one of them."
        )
    return found


def completed_spec(
    spec: AssetSpec,
    group_name: str | None,
    code_version: str | None,
    partitions_def: PartitionsDefinition | None,
    is_optional: bool,
    place: str,
) -> AssetSpec:
    """Return a spec with the facts that the decorator gives to all assets."""
    changes: dict[str, Any] = {}
    if group_name is not None:
        if spec.group_name not in (None, DEFAULT_GROUP):
            raise CheckError(
                f"{place} has the group {repr_of(group_name)}, and asset '{spec.key.to_user_string()}' has "
                f"its own, '{spec.group_name}'. Give the groups in one place."
            )
        changes["group_name"] = group_name
    if code_version is not None and spec.code_version is None:
        changes["code_version"] = code_version
    if is_optional and not spec.skippable:
        changes["skippable"] = True
    if partitions_def is not None and spec.partitions_def is None:
        changes["partitions_def"] = partitions_def
    elif partitions_def is not None and spec.partitions_def != partitions_def:
        raise CheckError(
            f"{place} has {repr_of(partitions_def)}, but asset '{spec.key.to_user_string()}' has "
            f"{repr_of(spec.partitions_def)}. Give the partitions in one place."
        )
    return spec.replace_attributes(**changes) if changes else spec
