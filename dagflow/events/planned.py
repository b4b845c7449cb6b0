"""The data of the events that an instance logs before a run starts, for the assets and checks in its plan."""

from __future__ import annotations

from typing import Any, NamedTuple

from dagflow.keys import AssetCheckKey, AssetKey


class AssetMaterializationPlannedData(NamedTuple):
    """The data of ASSET_MATERIALIZATION_PLANNED events."""

    asset_key: AssetKey
    partition: str | None = None
    partitions_subset: Any = None


class AssetCheckEvaluationPlanned(NamedTuple):
    """The data of ASSET_CHECK_EVALUATION_PLANNED events."""

    asset_key: AssetKey
    check_name: str
    partitions_subset: Any = None

    @property
    def asset_check_key(self) -> AssetCheckKey:
        """The key of the check."""
        return AssetCheckKey(self.asset_key, self.check_name)
