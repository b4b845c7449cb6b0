"""The resources that are bound to an asset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dagflow.defs.assets.facts import AssetFacts
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.resources.definition import ResourceDefinition, as_resources
from dagflow.defs.resources.needs import check_needs, start_order
from dagflow.defs.resources.requirements import Requirement, not_provided, required_by, requirements_of
from dagflow.errors import DagflowInvalidInvocationError


def bound_resources(
    asset: AssetFacts | SourceAsset,
    resource_defs: Mapping[str, Any],
    needs: Iterable[Requirement] | None = None,
) -> dict[str, ResourceDefinition]:
    """Return the resources of an asset, and the given resources that it needs.

    Args:
        asset: The definition, or the asset that is only read.
        resource_defs: Resource definitions or values by key.
        needs: The resources that it needs; default: its own requirements.

    Raises:
        DagflowInvalidDefinitionError: It needs a resource that is missing.
        DagflowInvalidInvocationError: It has a resource with one of the keys already.
    """
    given = as_resources(resource_defs, "with_resources", "resource_defs")
    what = f"{type(asset).__name__} with {_keys_text(asset)}"
    both = sorted(asset.resource_defs.keys() & given.keys())
    if both:
        raise DagflowInvalidInvocationError(
            f"{what} has conflicting resource definitions with provided resources for the following keys: "
            f"{', '.join(both)}. Remove them from one of the two, or give one of them another key."
        )
    known = {**given, **asset.resource_defs}
    check_needs(asset.resource_defs, known, "with_resources")
    needs = asset.own_requirements() if needs is None else needs
    own = [requirement for requirement in needs if _must_be_given(requirement, known)]
    needed = requirements_of(required_by(asset.resource_defs, what), own)
    for key in sorted(needed.keys() - known.keys()):
        raise not_provided(needed[key], known, "with_resources", asset=_names(asset))
    return {key: known[key] for key in start_order(known, needed, "with_resources")}


def _keys_text(asset: AssetFacts | SourceAsset) -> str:
    keys = [asset.key] if isinstance(asset, SourceAsset) else sorted(asset.keys)
    found = ", ".join(key.to_string() for key in keys)
    return f"key{'s' if len(keys) > 1 else ''} {found}" if keys else f"the checks of {asset!r}"


def _names(asset: AssetFacts | SourceAsset) -> str:
    keys = [asset.key] if isinstance(asset, SourceAsset) else sorted(asset.keys)
    found = ", ".join(f"'{key.to_user_string()}'" for key in keys)
    return f"asset{'s' if len(keys) > 1 else ''} {found}" if keys else repr(asset)


def _must_be_given(requirement: Requirement, known: Mapping[str, ResourceDefinition]) -> bool:
    """Return whether a resource is bound, or missing. A run adds the default I/O manager if it is missing."""
    may_lack = requirement.key == DEFAULT_IO_MANAGER_KEY or requirement.is_optional
    return requirement.key in known or not may_lack
