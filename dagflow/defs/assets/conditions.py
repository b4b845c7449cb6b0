"""The question whether a definition has an automation condition."""

from __future__ import annotations

from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition


def has_condition(asset: AnyAsset) -> bool:
    """Return whether an asset or check of a definition has an automation condition."""
    if not isinstance(asset, AssetsDefinition):
        return asset.automation_condition is not None
    return any(spec.automation_condition is not None for spec in asset.specs) or any(
        spec.automation_condition is not None for spec in asset.check_specs
    )
