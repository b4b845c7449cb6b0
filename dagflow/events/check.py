"""What is said of a check of an asset: its verdict, as user code gives it and as the log keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from dagflow.errors import check_optional, check_type
from dagflow.events.user import UserEvent, with_metadata
from dagflow.keys import AssetCheckKey, AssetKey, CoercibleToAssetKey
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.values import ByValue


class AssetCheckSeverity(Enum):
    """How bad it is that a check did not pass. Only an ERROR of a blocking check stops what comes after."""

    WARN = "WARN"
    ERROR = "ERROR"


class AssetCheckResult(ByValue):
    """Whether an asset passed a check.

    Args:
        passed: Whether it did.
        asset_key: The asset, where the check alone does not say it.
        check_name: The check, where the function alone does not say it.
        metadata: What led to the verdict.
        severity: How bad it is if it did not pass.
        description: A sentence for people.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        DagflowInvalidMetadata: A metadata value is of an unsupported kind.

    Example:
        >>> AssetCheckResult(passed=False, metadata={"empty": 3}).metadata["empty"].value
        3
    """

    __slots__ = ("asset_key", "check_name", "description", "metadata", "passed", "severity")

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
        """A copy with this metadata in place of its own."""
        return with_metadata(self, metadata, "an AssetCheckResult")


class AssetCheckEvaluation(UserEvent):
    """A check that was made of an asset: the data of ASSET_CHECK_EVALUATION. User code may log or yield it.

    Args:
        asset_key: The asset.
        check_name: The check.
        passed: Whether the asset passed.
        metadata: What led to the verdict.
        target_materialization_data: Which materialization was looked at.
        severity: How bad it is if it did not pass.
        description: A sentence for people.
        blocking: Whether what comes after depends on it.
        partition: The partition that was looked at.

    Raises:
        ParameterCheckError: An argument is of the wrong type.
        DagflowInvalidMetadata: A metadata value is of an unsupported kind.

    Example:
        >>> AssetCheckEvaluation(AssetKey("water"), "wet", True).asset_check_key.name
        'wet'
    """

    __slots__ = (
        "asset_key",
        "blocking",
        "check_name",
        "description",
        "metadata",
        "partition",
        "passed",
        "severity",
        "target_materialization_data",
    )

    becomes = "ASSET_CHECK_EVALUATION"

    def __init__(
        self,
        asset_key: AssetKey,
        check_name: str,
        passed: bool,
        metadata: Mapping[str, Any] | None = None,
        target_materialization_data: Any = None,
        severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
        description: str | None = None,
        blocking: bool | None = None,
        partition: str | None = None,
    ) -> None:
        self.asset_key: AssetKey = check_type(asset_key, AssetKey, "asset_key")
        self.check_name: str = check_type(check_name, str, "check_name")
        self.passed: bool = check_type(passed, bool, "passed")
        self.metadata: dict[str, MetadataValue] = normalize_metadata(metadata, f"check '{check_name}'")
        self.target_materialization_data: Any = target_materialization_data
        self.severity: AssetCheckSeverity = check_type(severity, AssetCheckSeverity, "severity")
        self.description: str | None = check_optional(description, str, "description")
        self.blocking: bool | None = blocking
        self.partition: str | None = partition

    @property
    def asset_check_key(self) -> AssetCheckKey:
        """Asset and check together."""
        return AssetCheckKey(self.asset_key, self.check_name)

    def with_metadata(self, metadata: Mapping[str, Any] | None) -> AssetCheckEvaluation:
        """A copy with this metadata in place of its own."""
        return with_metadata(self, metadata, f"check '{self.check_name}'")
