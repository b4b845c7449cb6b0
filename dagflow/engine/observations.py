"""The observation that an output becomes if the function of its op only looks at the asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagflow.defs.assets.ports import AssetOutput
from dagflow.events.asset_result import AssetResult
from dagflow.events.data_versions import tags_of_version
from dagflow.events.user import AssetObservation, Output


def observation_of(
    asset: AssetOutput, given: Any, metadata: Mapping[str, Any], run_partition: str | None
) -> AssetObservation:
    """Return the observation of an asset.

    Args:
        asset: The observed asset.
        given: The object that the function gave for the output, None for a bare value.
        metadata: All metadata of the output.
        run_partition: The partition of the run.
    """
    tags: dict[str, str] = {}
    if isinstance(given, (Output, AssetResult)):
        tags = {**tags_of_version(given.data_version, is_user_provided=True), **(given.tags or {})}
    return AssetObservation(asset.key, None, metadata, asset.partition_of(run_partition), tags)
