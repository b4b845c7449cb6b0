"""`with_resources`: binds resources to assets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dagflow._util import nearest
from dagflow.config.read import check_config
from dagflow.defs.assets.bound_resources import bound_resources
from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.observed_source import observing
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.defs.resources.needs import check_needs
from dagflow.errors import DagflowInvalidInvocationError, check_optional, check_type, repr_of


def with_resources(
    definitions: Iterable[AnyAsset],
    resource_defs: Mapping[str, Any],
    resource_config_by_key: Mapping[str, Any] | None = None,
) -> list[AnyAsset]:
    """Bind resources to assets, so that a job with these assets needs no other resources for them.

    Args:
        definitions: The assets.
        resource_defs: Resource definitions or values by key.
        resource_config_by_key: The config of resources, as `{key: {"config": ...}}`. It replaces config from
            the run config.

    Returns:
        Copies of the assets, in the same order, each with the given resources that it needs. An AssetSpec is
        returned unchanged.

    Raises:
        DagflowInvalidDefinitionError: An asset or a resource needs a resource that is missing.
        DagflowInvariantViolationError: Resources need each other in a cycle.
        DagflowInvalidInvocationError: An asset has its own resource with one of the keys, or an entry of
            `resource_config_by_key` has no "config", or is for a key that is not in `resource_defs`.
        DagflowInvalidConfigError: A config does not match the schema of its resource.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset(required_resource_keys={"beans"})
        ... def coffee(context):
        ...     return context.resources.beans
        >>> materialize_to_memory(with_resources([coffee], {"beans": 3})).output_for_node("coffee")
        3
    """
    given = as_resources(resource_defs, "with_resources", "resource_defs")
    configs = (
        check_optional(resource_config_by_key, Mapping, "resource_config_by_key", "with_resources") or {}
    )
    for key, entry in configs.items():
        if key not in given:
            raise DagflowInvalidInvocationError(
                f"'resource_config_by_key' of with_resources has the key '{key}', which no resource has. The "
                f"keys of 'resource_defs' are {sorted(given)}.{nearest(key, given)}"
            )
        given[key] = _configured(given[key], key, entry)
    check_needs(given, given, "with_resources")
    assets = check_type(definitions, Iterable, "definitions", "with_resources")
    return [_bound(asset, given) for asset in assets]


def _configured(definition: ResourceDefinition, key: str, entry: Any) -> ResourceDefinition:
    if not isinstance(entry, Mapping) or "config" not in entry:
        raise DagflowInvalidInvocationError(
            f"Error with config for resource key '{key}': it must be a dict with the key 'config', not "
            f"{repr_of(entry)}"
        )
    preamble = f"Error when applying config for resource with key '{key}'"
    check_config(definition.config_field, entry["config"], preamble)
    return definition.configured(entry["config"])


def _bound(asset: AnyAsset, given: Mapping[str, ResourceDefinition]) -> AnyAsset:
    check_type(asset, (AssetsDefinition, SourceAsset, AssetSpec), "definitions", "with_resources")
    if isinstance(asset, AssetsDefinition):
        return asset.with_resources(given)
    if isinstance(asset, AssetSpec):
        return asset
    return asset.with_resource_defs(bound_resources(asset, given, observing(asset).own_requirements()))
