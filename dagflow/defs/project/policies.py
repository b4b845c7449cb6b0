"""The conditions and policies that a loader gives to all assets: `with_policies`."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.source_asset import SourceAsset
from dagflow.defs.assets.spec import AssetSpec
from dagflow.errors import check_optional
from dagflow.partitions.backfill import BackfillPolicy


def with_policies(
    assets: Iterable[AnyAsset],
    automation_condition: Any,
    auto_materialize_policy: Any,
    legacy_freshness_policy: Any,
    backfill_policy: Any,
) -> list[AnyAsset]:
    """Return assets with other conditions and policies. A SourceAsset stays as it is.

    Args:
        assets: The assets.
        automation_condition: Replaces the condition of definitions and specs, if it is not None.
        auto_materialize_policy: The older form of `automation_condition`.
        legacy_freshness_policy: Replaces the older policy of definitions, if it is not None.
        backfill_policy: Replaces the policy of definitions, if it is not None.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        CheckError: An asset with the freshness policy has partitions that are not by time.
        DagflowInvariantViolationError: There are a condition and its older form.
    """
    place = "a loader of assets"
    check_optional(backfill_policy, BackfillPolicy, "backfill_policy", place)
    checked = AssetSpec(
        "loader of assets",
        automation_condition=automation_condition,
        auto_materialize_policy=auto_materialize_policy,
        legacy_freshness_policy=legacy_freshness_policy,
    )
    changes: dict[str, Any] = {}
    if checked.automation_condition is not None:
        changes["automation_condition"] = checked.automation_condition
    older = {} if legacy_freshness_policy is None else {"legacy_freshness_policy": legacy_freshness_policy}
    changed: list[AnyAsset] = []
    for asset in assets:
        if isinstance(asset, SourceAsset):
            changed.append(asset)
        elif isinstance(asset, AssetSpec):
            changed.append(asset.replace_attributes(**changes) if changes else asset)
        else:
            changed.append(_changed(asset, {**changes, **older}, backfill_policy))
    return changed


def _changed(
    asset: AssetsDefinition, changes: dict[str, Any], backfill_policy: BackfillPolicy | None
) -> AssetsDefinition:
    specs = {key: spec.replace_attributes(**changes) for key, spec in asset.specs_by_key.items()}
    new = asset.with_specs(specs, {}) if changes else copy.copy(asset)
    if backfill_policy is not None:
        new.backfill_policy = backfill_policy
    return new
