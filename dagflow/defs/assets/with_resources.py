"""`with_resources`: assets with the resources that they need bound to them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from dagflow.config.parse import parse
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.spec import AssetSpec, SourceAsset
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.parts.function import location
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.defs.resources.needs import Need, start_order
from dagflow.errors import DagflowInvalidConfigError, DagflowInvalidInvocationError


def with_resources(
    definitions: Iterable[AnyAsset],
    resource_defs: Mapping[str, Any],
    resource_config_by_key: Mapping[str, Any] | None = None,
) -> list[AnyAsset]:
    """Bind resources to assets: each gets those that it needs, and runs without being given any.

    Args:
        definitions: The assets.
        resource_defs: Resource definitions or values by key.
        resource_config_by_key: `{key: {"config": ...}}`, instead of config from the run config.

    Returns:
        Copies of the assets, in the same order.

    Raises:
        DagflowInvalidDefinitionError: An asset needs a resource that is not there.
        DagflowInvariantViolationError: A resource needs one that is not there, or itself.
        DagflowInvalidInvocationError: An asset brings a resource along under one of the keys.
        DagflowInvalidConfigError: Config that does not match.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset(required_resource_keys={"beans"})
        ... def coffee(context):
        ...     return context.resources.beans
        >>> materialize_to_memory(with_resources([coffee], {"beans": 3})).output_for_node("coffee")
        3
    """
    given = as_resources(resource_defs, "with_resources")
    for key, entry in (resource_config_by_key or {}).items():
        if key in given:
            given[key] = _configured(given[key], key, entry)
    start_order(given, {key: Need("with_resources") for key in given}, "with_resources")
    return [_bound(asset, given) for asset in definitions]


def _configured(definition: ResourceDefinition, key: str, entry: Any) -> ResourceDefinition:
    if not isinstance(entry, Mapping) or "config" not in entry:
        raise DagflowInvalidInvocationError(
            f"Error with config for resource key '{key}': it must be a dict with the key 'config', not "
            f"{entry!r}"
        )
    if definition.config_field is not None:
        errors = parse(definition.config_field, entry["config"], path=("config",)).errors
        if errors:
            raise DagflowInvalidConfigError(
                f"Error when applying config for resource with key '{key}'", errors, entry["config"]
            )
    return definition.configured(entry["config"])


def _bound(asset: AnyAsset, given: Mapping[str, ResourceDefinition]) -> AnyAsset:
    if isinstance(asset, AssetSpec):
        return asset
    what = f"{type(asset).__name__} with key {asset.key.to_string()}"
    both = sorted(asset.resource_defs.keys() & given.keys())
    if both:
        raise DagflowInvalidInvocationError(
            f"{what} has conflicting resource definitions with provided resources for the following keys: "
            f"{', '.join(both)}. Take them away from one of the two, or give one of them another key."
        )
    known = {**given, **asset.resource_defs}
    bound = copy.copy(asset)
    for key, definition in asset.resource_defs.items():
        need = Need(f"resource with key '{key}'", definition.place)
        start_order(known, dict.fromkeys(definition.required_resource_keys, need), what)
    needs = {**dict.fromkeys(asset.resource_defs, Need(what)), **_needs(asset, what, known)}
    order = start_order(known, needs, what)
    bound.resource_defs = {key: known[key] for key in order}
    return bound


def _needs(
    asset: AssetsDefinition | SourceAsset, what: str, known: Mapping[str, ResourceDefinition]
) -> dict[str, Need]:
    """What the asset itself reads; the default I/O manager is there without being given."""
    needs: dict[str, Need] = {}
    if isinstance(asset, SourceAsset):
        needs[asset.io_manager_key] = Need(what, kind="io manager")
    else:
        op = asset.node_def
        by_op = Need(f"op '{op.name}'", location(op.body.fn))
        needs = dict.fromkeys(sorted(op.required_resource_keys), by_op)
        for output in op.outs.values():
            place = f"output '{output.name}' of op '{op.name}'"
            needs[output.io_manager_key] = Need(place, by_op.at, "io manager")
            needs.update(dict.fromkeys(output.dagflow_type.required_resource_keys, by_op))
        for item in op.ins.values():
            needs.update(dict.fromkeys(item.dagflow_type.required_resource_keys, by_op))
    if DEFAULT_IO_MANAGER_KEY not in known:
        needs.pop(DEFAULT_IO_MANAGER_KEY, None)
    return needs
