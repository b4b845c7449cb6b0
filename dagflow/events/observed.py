"""The result of a function that observes an asset: `ObserveResult`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagflow.events.user import AssetResult, DataVersion
from dagflow.keys import CoercibleToAssetKey


class ObserveResult(AssetResult):
    """The result of a function that observed an asset and did not write it.

    Args:
        asset_key: The asset; optional if the function has one asset only.
        metadata: The metadata of the observation.
        check_results: The results of the asset checks in this function.
        data_version: The version of the observed data.
        tags: The tags of the observation.

    Raises:
        CheckError, DagflowInvalidDefinitionError: An argument is of the wrong type, or a tag is invalid.

    Example:
        >>> ObserveResult("river", metadata={"level": 3}, data_version=DataVersion("7")).data_version
        DataVersion(value='7')
    """

    __slots__ = ()

    def __init__(
        self,
        asset_key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, Any] | None = None,
        check_results: Sequence[Any] | None = None,
        data_version: DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(asset_key, metadata, check_results, data_version, tags)
