"""Results of asset checks: `AssetCheckResult` from user code, `AssetCheckEvaluation` in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from dagflow.errors import ParameterCheckError, check_optional, check_type, repr_of
from dagflow.events.user import SpecialResult, UserEvent, with_metadata
from dagflow.keys import AssetCheckKey, AssetKey, CoercibleToAssetKey
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue


class AssetCheckSeverity(Enum):
    """The severity of a failed check. Only an ERROR of a blocking check stops the downstream steps."""

    WARN = "WARN"
    ERROR = "ERROR"


class AssetCheckResult(SpecialResult):
    """The result of an asset check, returned or yielded by user code.

    Args:
        passed: True if the asset passed the check.
        asset_key: The key of the asset; optional if the check has one asset only.
        check_name: The name of the check; optional if the function has one check only.
        metadata: The evidence, for example the number of bad rows.
        severity: The severity if the check did not pass. Only an ERROR of a blocking check stops steps.
        description: A sentence for the reader.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        DagflowInvalidMetadata: A metadata value is of an unsupported type.

    Example:
        >>> AssetCheckResult(passed=False, metadata={"empty": 3}).metadata["empty"].value
        3
    """

    __slots__ = ("asset_key", "check_name", "description", "metadata", "passed", "severity")

    is_check_result = True

    def __init__(
        self,
        *,
        passed: bool,
        asset_key: CoercibleToAssetKey | None = None,
        check_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
        description: str | None = None,
    ) -> None:
        self.passed: bool = check_type(passed, bool, "passed")
        self.asset_key: AssetKey | None = None if asset_key is None else AssetKey.from_coercible(asset_key)
        self.check_name: str | None = check_optional(check_name, str, "check_name")
        self.metadata: dict[str, MetadataValue] = normalize_metadata(metadata, "an AssetCheckResult")
        self.severity: AssetCheckSeverity = check_type(severity, AssetCheckSeverity, "severity")
        self.description: str | None = check_optional(description, str, "description")

    def with_metadata(self, metadata: Mapping[str, Any] | None) -> AssetCheckResult:
        """Return a copy with other metadata.

        Args:
            metadata: The metadata of the copy. It replaces all existing entries; None means no metadata.

        Raises:
            DagflowInvalidMetadata: A metadata value is of an unsupported type.
        """
        return with_metadata(self, metadata, "an AssetCheckResult")


class AssetCheckEvaluationTargetMaterializationData(NamedTuple):
    """The materialization that a check evaluated: the latest one of its asset.

    Attributes:
        storage_id: The storage id of its line in the log of the instance.
        run_id: The id of the run that made it, "" if it was reported outside of a run.
        timestamp: Its time, in seconds since the epoch.
    """

    storage_id: int
    run_id: str
    timestamp: float


FindTarget = Callable[[], AssetCheckEvaluationTargetMaterializationData | None]
"""Finds the materialization that a check evaluated, when it is first read."""


class AssetCheckEvaluation(UserEvent):
    """The result of an asset check: the data of ASSET_CHECK_EVALUATION. User code can also log or yield it.

    Args:
        asset_key: The key of the asset.
        check_name: The name of the check.
        passed: True if the asset passed the check.
        metadata: The evidence, for example the number of bad rows.
        target_materialization_data: The materialization that was checked, None if it is unknown.
        severity: The severity if the check did not pass.
        description: A sentence for the reader.
        blocking: True if a failure of severity ERROR stops the downstream steps.
        partition: The key of the checked partition; None without a partition.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        DagflowInvalidMetadata: A metadata value is of an unsupported type.

    Example:
        >>> AssetCheckEvaluation(AssetKey("water"), "wet", True).asset_check_key.name
        'wet'
    """

    __slots__ = (
        "_target",
        "asset_key",
        "blocking",
        "check_name",
        "description",
        "metadata",
        "partition",
        "passed",
        "severity",
    )
    _names = (
        "asset_key",
        "check_name",
        "passed",
        "metadata",
        "target_materialization_data",
        "severity",
        "description",
        "blocking",
        "partition",
    )

    becomes = "ASSET_CHECK_EVALUATION"
    is_check_result = True

    def __init__(
        self,
        asset_key: AssetKey,
        check_name: str,
        passed: bool,
        metadata: Mapping[str, Any] | None = None,
        target_materialization_data: AssetCheckEvaluationTargetMaterializationData | None = None,
        severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
        description: str | None = None,
        blocking: bool | None = None,
        partition: str | None = None,
    ) -> None:
        self.asset_key: AssetKey = check_type(asset_key, AssetKey, "asset_key")
        self.check_name: str = check_type(check_name, str, "check_name")
        self.passed: bool = check_type(passed, bool, "passed")
        self.metadata: dict[str, MetadataValue] = normalize_metadata(metadata, f"check '{check_name}'")
        if target_materialization_data is not None and not isinstance(
            target_materialization_data, AssetCheckEvaluationTargetMaterializationData
        ):
            raise ParameterCheckError(
                f"parameter 'target_materialization_data' of check '{check_name}' must be an "
                f"AssetCheckEvaluationTargetMaterializationData or None, not "
                f"{repr_of(target_materialization_data)}"
            )
        self._target: AssetCheckEvaluationTargetMaterializationData | FindTarget | None = (
            target_materialization_data
        )
        self.severity: AssetCheckSeverity = check_type(severity, AssetCheckSeverity, "severity")
        self.description: str | None = check_optional(description, str, "description")
        self.blocking: bool | None = check_optional(blocking, bool, "blocking")
        self.partition: str | None = check_optional(partition, str, "partition")

    @property
    def target_materialization_data(self) -> AssetCheckEvaluationTargetMaterializationData | None:
        """The materialization that was checked, None if the asset was never materialized."""
        if callable(self._target):
            self._target = self._target()
        return self._target

    def find_target(self, find: FindTarget) -> None:
        """Set the function that finds `target_materialization_data` when it is first read. Internal."""
        self._target = find

    def __reduce__(self) -> tuple[Any, ...]:
        return AssetCheckEvaluation, self._values()

    @property
    def asset_check_key(self) -> AssetCheckKey:
        """The key of the asset and the name of the check."""
        return AssetCheckKey(self.asset_key, self.check_name)

    def with_metadata(self, metadata: Mapping[str, Any] | None) -> AssetCheckEvaluation:
        """Return a copy with other metadata.

        Args:
            metadata: The metadata of the copy. It replaces all existing entries; None means no metadata.

        Raises:
            DagflowInvalidMetadata: A metadata value is of an unsupported type.
        """
        return with_metadata(self, metadata, f"check '{self.check_name}'")
