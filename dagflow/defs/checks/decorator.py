"""`@asset_check` and `@multi_asset_check`: make an AssetChecksDefinition of one function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dagflow._util import UNSET, nearest
from dagflow.absent import explains_absent
from dagflow.defs.assets.check_spec import AssetCheckSpec, check_outputs, checks_by_output
from dagflow.defs.assets.dependency import (
    AssetDep,
    AssetIn,
    CoercibleToAssetDep,
    HasAssetKey,
    free_input_name,
    mappings_of_deps,
    unique_deps,
)
from dagflow.defs.checks.definition import AssetChecksDefinition
from dagflow.defs.graphs.wiring import ReadableAsset
from dagflow.defs.ops.definition import OpDefinition, refuse_resources_twice
from dagflow.defs.ops.ports import DEFAULT_OUTPUT, In, Out
from dagflow.defs.parts.function import Body, check_decorated, location, name_of
from dagflow.defs.parts.retry import RetryPolicy
from dagflow.defs.resources.definition import as_resources
from dagflow.errors import DagflowInvalidDefinitionError, check_optional, check_type, repr_of
from dagflow.keys import AssetKey, CoercibleToAssetKey, check_name, resource_keys
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.types.kinds import Any as AnyType
from dagflow.types.kinds import Nothing


@explains_absent
def asset_check(
    *,
    asset: CoercibleToAssetKey | HasAssetKey | ReadableAsset,
    name: str | None = None,
    description: str | None = None,
    blocking: bool = False,
    additional_ins: Mapping[str, AssetIn] | None = None,
    additional_deps: Iterable[CoercibleToAssetDep] | None = None,
    required_resource_keys: set[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config_schema: Any = None,
    compute_kind: str | None = None,
    op_tags: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    metadata: Mapping[str, Any] | None = None,
    automation_condition: Any = None,
    pool: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
) -> Callable[[Callable[..., Any]], AssetChecksDefinition]:
    """Make a check of an asset of a function, which returns an AssetCheckResult.

    Args:
        asset: The checked asset: its key, or its definition.
        name: The name of the check; default: the name of the function.
        description: A sentence for people; default: the docstring of the function.
        blocking: Whether the assets that depend on the asset wait for the check, and do not run if it fails
            with the severity ERROR.
        additional_ins: `AssetIn` by parameter, for parameters that read further assets. One other parameter
            reads the checked asset.
        additional_deps: Further assets that come before the check.
        required_resource_keys: Resources that the function reads from `context.resources`.
        resource_defs: Resources that come with the check.
        config_schema: The schema of the config.
        compute_kind: The technology of the check, such as "sql".
        op_tags: The tags of the op.
        retry_policy: The retries after the function raised.
        metadata: Metadata of the check.
        automation_condition: The condition of runs that start by themselves.
        pool: The name of a group of steps that share a limit.
        partitions_def: The partitions of the check: those of the asset; None for one check of all.

    Returns:
        A decorator.

    Raises:
        CheckError, DagflowInvalidDefinitionError: An argument is invalid, or the function has a parameter
            that reads nothing.

    Example:
        >>> from dagflow import AssetCheckResult, asset, asset_check, materialize_to_memory
        >>> @asset
        ... def beans():
        ...     return [3, 4]
        >>> @asset_check(asset=beans)
        ... def enough(beans):
        ...     return AssetCheckResult(passed=sum(beans) > 5)
        >>> result = materialize_to_memory([beans, enough])
        >>> [evaluation.passed for evaluation in result.get_asset_check_evaluations()]
        [True]
    """

    def decorate(fn: Callable[..., Any]) -> AssetChecksDefinition:
        check_decorated(fn, "asset_check")
        spec = AssetCheckSpec(
            name_of(fn) if name is None else name,
            asset=asset,
            description=description,
            blocking=blocking,
            metadata=metadata,
            automation_condition=automation_condition,
            partitions_def=partitions_def,
        )
        op_name = check_name(spec.get_python_identifier(), "asset_check")
        place = f"asset_check '{spec.name}' of asset '{spec.asset_key.to_user_string()}'"
        body = Body(fn, place)
        given = check_optional(additional_ins, Mapping, "additional_ins", place) or {}
        others = _others(body, given, spec, place)
        spec.additional_deps = _further(others, additional_deps, spec, f"{place} ({location(fn)})")
        read, inputs = _inputs(
            body, others, [spec.asset_key], [dep.asset_key for dep in spec.additional_deps]
        )
        resources = as_resources(resource_defs, place, "resource_defs")
        refuse_resources_twice(body, required_resource_keys, "asset_check")
        node_def = OpDefinition(
            fn,
            op_name,
            inputs,
            {DEFAULT_OUTPUT: Out(AnyType, metadata=spec.metadata)},
            description,
            config_schema,
            resource_keys(required_resource_keys, place) | frozenset(resources),
            _tags(op_tags, compute_kind, place),
            None,
            retry_policy,
            None,
            pool,
            owner="asset_check",
            body=body,
        )
        if spec.description is None:
            spec.description = node_def.description
        return AssetChecksDefinition(
            node_def=node_def,
            keys_by_input_name=read,
            check_specs_by_output_name={DEFAULT_OUTPUT: spec},
            resource_defs=resources,
            partitions_def=partitions_def,
            partition_mappings=mappings_of_deps(spec.additional_deps, place),
            specs=[],
        )

    return decorate


@explains_absent
def multi_asset_check(
    *,
    name: str | None = None,
    specs: Sequence[AssetCheckSpec],
    description: str | None = None,
    can_subset: bool = False,
    compute_kind: str | None = None,
    op_tags: Mapping[str, Any] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    required_resource_keys: set[str] | None = None,
    retry_policy: RetryPolicy | None = None,
    config_schema: Any = None,
    ins: Mapping[str, AssetIn] | None = None,
    pool: str | None = None,
) -> Callable[[Callable[..., Any]], AssetChecksDefinition]:
    """Make several checks of one function, which gives an AssetCheckResult for each.

    Args:
        name: The name of the op; default: the name of the function.
        specs: The checks.
        description: A sentence for people; default: the docstring of the function.
        can_subset: Whether a run may select some of the checks. The function reads
            `context.selected_asset_check_keys`.
        compute_kind: The technology of the checks, such as "sql".
        op_tags: The tags of the op.
        resource_defs: Resources that come with the checks.
        required_resource_keys: Resources that the function reads from `context.resources`.
        retry_policy: The retries after the function raised.
        config_schema: The schema of the config.
        ins: `AssetIn` by parameter, for parameters that do not have the name of a checked asset.
        pool: The name of a group of steps that share a limit.

    Returns:
        A decorator.

    Raises:
        CheckError, DagflowInvalidDefinitionError: An argument is invalid, or a parameter reads an asset that
            is not checked.

    Example:
        >>> from dagflow import AssetCheckResult, AssetCheckSpec, multi_asset_check
        >>> both = [AssetCheckSpec(name, asset="beans") for name in ("fresh", "dry")]
        >>> @multi_asset_check(specs=both)
        ... def tasted():
        ...     yield AssetCheckResult(passed=True, check_name="fresh")
        ...     yield AssetCheckResult(passed=False, check_name="dry")
        >>> sorted(key.to_user_string() for key in tasted.check_keys)
        ['beans:dry', 'beans:fresh']
    """

    def decorate(fn: Callable[..., Any]) -> AssetChecksDefinition:
        check_decorated(fn, "multi_asset_check")
        op_name = check_name(name_of(fn) if name is None else name, "multi_asset_check")
        place = f"multi_asset_check '{op_name}'"
        check_type(can_subset, bool, "can_subset", place)
        checks = checks_by_output(_each_once(specs), None, place)
        body = Body(fn, place)
        checked = list(dict.fromkeys(spec.asset_key for spec in checks.values()))
        further = [dep.asset_key for spec in checks.values() for dep in spec.additional_deps]
        given = check_optional(ins, Mapping, "ins", place) or {}
        named = _named(body, given, checked, further, place)
        read, inputs = _inputs(body, named, checked, further)
        resources = as_resources(resource_defs, place, "resource_defs")
        refuse_resources_twice(body, required_resource_keys, "multi_asset_check")
        node_def = OpDefinition(
            fn,
            op_name,
            inputs,
            dict(check_outputs(checks, can_subset=can_subset)),
            description,
            config_schema,
            resource_keys(required_resource_keys, place) | frozenset(resources),
            _tags(op_tags, compute_kind, place),
            None,
            retry_policy,
            None,
            pool,
            owner="multi_asset_check",
            body=body,
        )
        return AssetChecksDefinition(
            node_def=node_def,
            keys_by_input_name=read,
            check_specs_by_output_name=checks,
            can_subset=can_subset,
            resource_defs=resources,
            partition_mappings=mappings_of_deps(
                [
                    *(dep for spec in checks.values() for dep in spec.additional_deps),
                    *(
                        AssetDep(key, partition_mapping=item.partition_mapping)
                        for key, item in named.values()
                    ),
                ],
                place,
            ),
            specs=[],
        )

    return decorate


def _each_once(specs: Any) -> Any:
    """Return the specs without repetitions of equal ones; another value as it is."""
    if not isinstance(specs, Iterable) or isinstance(specs, (str, Mapping)):
        return specs
    found: list[Any] = []
    for spec in specs:
        if spec not in found:
            found.append(spec)
    return found


def _tags(
    op_tags: Mapping[str, Any] | None, compute_kind: str | None, place: str
) -> Mapping[str, Any] | None:
    kind = check_optional(compute_kind, str, "compute_kind", place)
    return op_tags if kind is None else {**(op_tags or {}), "dagflow/compute_kind": kind}


def _others(
    body: Body, given: Mapping[str, AssetIn], spec: AssetCheckSpec, place: str
) -> dict[str, tuple[AssetKey, AssetIn]]:
    """Return the asset that each parameter of a check reads, by the name of the parameter."""
    parameters = [parameter.name for parameter in body.inputs]
    found: dict[str, tuple[AssetKey, AssetIn]] = {}
    for name, item in given.items():
        key = check_type(item, AssetIn, f"additional_ins[{repr_of(name)}]", place).resolve_key(name)
        if name not in parameters:
            raise DagflowInvalidDefinitionError(
                f"{place} ({location(body.fn)}): 'additional_ins' names '{name}', which is not a parameter "
                f"of the function.{nearest(name, parameters)}"
            )
        if key == spec.asset_key:
            raise DagflowInvalidDefinitionError(
                f"{place} ({location(body.fn)}): 'additional_ins' names the checked asset. Leave it out: the "
                "other parameter reads it."
            )
        found[name] = (key, item)
    rest = [name for name in parameters if name not in found]
    if len(rest) > 1:
        raise DagflowInvalidDefinitionError(
            f"{place} ({location(body.fn)}): the function has the parameters {rest}, but only one can read "
            "the checked asset. Name the others in 'additional_ins'."
        )
    if rest:
        found[rest[0]] = (spec.asset_key, AssetIn())
    return found


def _further(
    read: Mapping[str, tuple[AssetKey, AssetIn]],
    deps: Iterable[CoercibleToAssetDep] | None,
    spec: AssetCheckSpec,
    place: str,
) -> list[AssetDep]:
    """Return the assets that a check needs besides its own: those of its parameters, and the given ones."""
    by_parameters = [
        AssetDep(key, partition_mapping=item.partition_mapping)
        for key, item in read.values()
        if key != spec.asset_key
    ]
    given = unique_deps(() if deps is None else deps, place)
    if any(dep.asset_key == spec.asset_key for dep in given):
        raise DagflowInvalidDefinitionError(
            f"{place}: 'additional_deps' names the checked asset. Leave it out: the check comes after it "
            "anyway."
        )
    keys = {dep.asset_key for dep in by_parameters}
    return [*by_parameters, *(dep for dep in given if dep.asset_key not in keys)]


def _named(
    body: Body,
    given: Mapping[str, AssetIn],
    checked: Sequence[AssetKey],
    further: Sequence[AssetKey],
    place: str,
) -> dict[str, tuple[AssetKey, AssetIn]]:
    """Return the asset that each parameter of several checks reads, by the name of the parameter."""
    parameters = [parameter.name for parameter in body.inputs]
    allowed = {*checked, *further}
    found: dict[str, tuple[AssetKey, AssetIn]] = {}
    for name, item in given.items():
        key = check_type(item, AssetIn, f"ins[{repr_of(name)}]", place).resolve_key(name)
        if name not in parameters or key not in allowed:
            problem = (
                "is not a parameter of the function"
                if name not in parameters
                else (
                    f"reads asset '{key.to_user_string()}', which is neither checked nor in 'additional_deps'"
                )
            )
            raise DagflowInvalidDefinitionError(f"{place} ({location(body.fn)}): 'ins': '{name}' {problem}")
        found[name] = (key, item)
    by_name = {key.to_python_identifier(): key for key in (*further, *checked)}
    for name in parameters:
        if name in found:
            continue
        if name not in by_name:
            raise DagflowInvalidDefinitionError(
                f"{place} ({location(body.fn)}): the parameter '{name}' is neither the name of a checked "
                f"asset nor of one in 'additional_deps'.{nearest(name, by_name)} Name its asset in 'ins'."
            )
        found[name] = (by_name[name], AssetIn())
    return found


def _inputs(
    body: Body,
    parameters: Mapping[str, tuple[AssetKey, AssetIn]],
    checked: Sequence[AssetKey],
    further: Sequence[AssetKey],
) -> tuple[dict[str, AssetKey], dict[str, In]]:
    """Return the key that each input of the op reads, and the inputs. What no parameter reads only orders."""
    read: dict[str, AssetKey] = {}
    inputs: dict[str, In] = {}
    for name, (key, item) in parameters.items():
        read[name] = key
        inputs[name] = In(
            UNSET if item.dagflow_type is None else item.dagflow_type,
            metadata=item.metadata,
            asset_key=key,
            input_manager_key=item.input_manager_key,
        )
    for key in dict.fromkeys([*further, *checked]):
        if key not in read.values():
            name = free_input_name(key, read)
            read[name] = key
            inputs[name] = In(Nothing, asset_key=key)
    return read, inputs
