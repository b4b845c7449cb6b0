"""The sensor that requests runs of freshness checks whose result is out of date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagflow.copies import Copied
from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.automation.results import SkipReason
from dagflow.defs.automation.sensor import DefaultSensorStatus, SensorDefinition
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.defs.selections.definition import AssetSelection
from dagflow.errors import CheckError, check_elements, check_optional, invalid_cursor
from dagflow.instance.checks import AssetCheckExecutionRecord, AssetCheckExecutionRecordStatus
from dagflow.instance.instance import DagflowInstance
from dagflow.keys import AssetCheckKey
from dagflow.metadata.value import FloatMetadataValue, TimestampMetadataValue
from dagflow.options import current_options
from dagflow.tags import system_tag_spellings

_FRESH_UNTIL = "fresh_until_timestamp"


def build_sensor_for_freshness_checks(
    *,
    freshness_checks: Sequence[AssetsDefinition],
    minimum_interval_seconds: int | None = None,
    name: str = "freshness_checks_sensor",
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    tags: Mapping[str, Any] | None = None,
) -> SensorDefinition:
    """Make a sensor that requests runs of the freshness checks whose result is missing or out of date.

    A tick requests, in one run: checks that were never evaluated; checks that passed, but whose asset is no
    longer fresh by now; and checks that failed before the newest event of their asset.

    Args:
        freshness_checks: The checks.
        minimum_interval_seconds: The time between two ticks in a deployment; default: 30.
        name: The name of the sensor.
        default_status: The first status in a deployment.
        tags: The tags of the sensor; runs do not get them.

    Raises:
        CheckError: A check is given twice, or the interval is negative.
        DagflowInvalidDefinitionError: The name is invalid.

    Example:
        >>> from dagflow import AssetCheckResult, DagflowInstance, asset_check, build_sensor_context
        >>> @asset_check(asset="beans")
        ... def fresh():
        ...     return AssetCheckResult(passed=True)
        >>> due = build_sensor_for_freshness_checks(freshness_checks=[fresh])
        >>> due(build_sensor_context(DagflowInstance.ephemeral())).asset_check_keys
        [AssetCheckKey(asset_key=AssetKey(['beans']), name='fresh')]
    """
    interval = check_optional(minimum_interval_seconds, int, "minimum_interval_seconds", "a freshness sensor")
    if interval is not None and interval < 0:
        raise CheckError(f"Interval must be a positive integer of seconds, not {interval}")
    definitions = check_elements(freshness_checks, AssetsDefinition, "freshness_checks")
    given = [key for definition in definitions for key in definition.check_keys]
    keys = sorted(set(given))
    if len(keys) < len(given):
        twice = sorted({key.to_user_string() for key in given if given.count(key) > 1})
        raise CheckError(
            f"Found duplicate asset checks in 'freshness_checks': {twice}. Give each check once."
        )

    return SensorDefinition(
        name,
        evaluation_fn=_RequestOfDueChecks(name, keys),
        minimum_interval_seconds=interval,
        default_status=default_status,
        asset_selection=AssetSelection.checks(*keys),
        tags=tags,
    )


class _RequestOfDueChecks(Copied):
    """The function of the sensor."""

    __slots__ = ("keys", "name")

    def __init__(self, name: str, keys: Sequence[AssetCheckKey]) -> None:
        self.name: str = name
        self.keys: list[AssetCheckKey] = list(keys)

    def __call__(self, context: Any) -> RunRequest | SkipReason:
        """Return the request of a tick, or the reason why no check is due.

        Raises:
            DagflowInvalidCursorError: The context has a cursor, which this sensor never sets.
        """
        if context.cursor is not None:
            raise invalid_cursor(context.cursor, f"sensor '{self.name}'")
        now = current_options().clock.now()
        due = [key for key in self.keys if _is_due(context.instance, key, now)]
        if due:
            return RunRequest(asset_check_keys=due)
        return SkipReason(
            "No freshness checks need to be evaluated at this time: all of them are being evaluated, have "
            "failed, or are not yet overdue."
        )


def _is_due(instance: DagflowInstance, key: AssetCheckKey, now: float) -> bool:
    """Return whether a check has no result that holds now, and is not running."""
    record = instance.get_latest_asset_check_evaluation_record(key)
    if record is None:
        return True
    if record.status is AssetCheckExecutionRecordStatus.SUCCEEDED:
        fresh_until = _fresh_until(record)
        return fresh_until is not None and fresh_until <= now
    if record.status is AssetCheckExecutionRecordStatus.FAILED:
        newest = instance.get_latest_data_version_record(key.asset_key)
        return newest is not None and newest.storage_id > record.id
    return False  # a run that will evaluate it has started


def _fresh_until(record: AssetCheckExecutionRecord) -> float | None:
    """Return the time until which the asset is fresh, in seconds since the epoch; None if it is not given."""
    metadata = {} if record.evaluation is None else record.evaluation.metadata
    found = next((metadata[name] for name in system_tag_spellings(_FRESH_UNTIL) if name in metadata), None)
    return found.value if isinstance(found, (TimestampMetadataValue, FloatMetadataValue)) else None
