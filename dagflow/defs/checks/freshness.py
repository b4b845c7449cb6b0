"""The common part of the freshness checks: declarations, deadlines and the last update of an asset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.check_spec import AssetCheckSpec
from dagflow.defs.checks.definition import AssetChecksDefinition
from dagflow.defs.checks.factory import Judge, build_checks, checked_keys, system_value
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, check_type
from dagflow.keys import AssetKey
from dagflow.metadata.value import JsonMetadataValue, MetadataValue, TimestampMetadataValue
from dagflow.partitions.cadence import ZonedCadence, zone_named
from dagflow.partitions.cron import cadence_of
from dagflow.partitions.loading import effective_time
from dagflow.tags import system_tag

if TYPE_CHECKING:
    from dagflow.events.user import AssetMaterialization, AssetObservation
    from dagflow.instance.instance import DagflowInstance

CHECK_NAME = "freshness_check"


class Deadlines:
    """The moments at which an asset must be fresh.

    Args:
        cron: A cron expression.
        zone: The IANA name of its time zone.
        place: The function that builds the checks, for messages.

    Raises:
        CheckError: The expression is invalid.
    """

    __slots__ = ("_cadence",)

    def __init__(self, cron: str, zone: str, place: str) -> None:
        check_type(cron, str, "deadline_cron", place)
        try:
            cadence = cadence_of(cron)
        except DagflowInvalidDefinitionError as error:
            raise CheckError(
                f"Invalid cron string in parameter 'deadline_cron' of {place}: {error}"
            ) from error
        self._cadence = ZonedCadence(cadence, zone_named(zone))

    def around(self, moment: float) -> tuple[float, float]:
        """Return the latest deadline at or before a moment, and the next deadline after it."""
        latest = self._cadence.floor(self._cadence.utc(moment))
        return _seconds(latest), _seconds(self._cadence.after(latest))


def _seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=timezone.utc).timestamp()


def now() -> float:
    """Return the current time in seconds since the epoch."""
    moment = effective_time(None)
    return moment.timestamp() if isinstance(moment, datetime) else moment


def build_freshness_checks(
    assets: Sequence[Any],
    place: str,
    params: Mapping[str, Any],
    severity: Any,
    blocking: bool,
    judge: Judge,
) -> list[AssetChecksDefinition]:
    """Return a list with the definition of the freshness checks of several assets.

    Args:
        assets: The keys or definitions of the assets, each once.
        place: The function that builds the checks, for messages.
        params: The deadline, for the metadata of the checks.
        severity: The severity of each failed check.
        blocking: Whether the assets that depend on these wait for the checks.
        judge: Checks one asset.
    """
    keys = checked_keys(assets, place, unique=True)
    metadata = {system_tag("freshness_params"): JsonMetadataValue(dict(params))}
    specs = [
        AssetCheckSpec(
            CHECK_NAME,
            asset=key,
            description="Evaluates freshness for targeted asset.",
            blocking=blocking,
            metadata=metadata,
        )
        for key in keys
    ]
    return build_checks(specs, CHECK_NAME, keys, severity, judge)


def evidence(params: Mapping[str, Any], **moments: float | None) -> dict[str, MetadataValue]:
    """Return the metadata of a result: the deadline, and the moments that are not None.

    Args:
        params: The deadline.
        moments: Seconds since the epoch, by name without prefix and `_timestamp`.
    """
    found: dict[str, MetadataValue] = {system_tag("freshness_params"): JsonMetadataValue(dict(params))}
    for name, moment in moments.items():
        if moment is not None:
            found[system_tag(f"{name}_timestamp")] = TimestampMetadataValue(moment)
    return found


def last_update(instance: DagflowInstance, key: AssetKey) -> float | None:
    """Return the moment of the last update of an asset in seconds since the epoch; None if it is unknown.

    A materialization or observation may name it in its metadata `dagflow/last_updated_timestamp`. Otherwise a
    materialization is the update, and an observation does not count.

    Raises:
        CheckError: The metadata is not a timestamp.
    """
    found: list[float] = []
    entry = instance.get_latest_materialization_event(key)
    if entry is not None and entry.asset_materialization is not None:
        named = _named_update(entry.asset_materialization)
        found.append(entry.timestamp if named is None else named)
    for record in instance.fetch_observations(key, limit=1).records:
        observation = record.event_log_entry.asset_observation
        named = None if observation is None else _named_update(observation)
        if named is not None:
            found.append(named)
    return max(found, default=None)


def _named_update(event: AssetMaterialization | AssetObservation) -> float | None:
    value = system_value(event.metadata, "last_updated_timestamp")
    if value is not None and not isinstance(value, TimestampMetadataValue):
        raise CheckError(
            f"the metadata '{system_tag('last_updated_timestamp')}' of asset "
            f"'{event.asset_key.to_user_string()}' is {value!r}, but must be a timestamp: "
            "MetadataValue.timestamp(...)"
        )
    return None if value is None else value.value


def distance(seconds: float) -> str:
    """Return a duration in words, without fractions of a second.

    Example:
        >>> distance(3661), distance(0)
        ('1 hour, 1 minute, 1 second', '0 seconds')
    """
    if seconds < 0:
        return f"minus {distance(-seconds)}"
    whole = timedelta(seconds=int(seconds))
    minutes, rest = divmod(whole.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    numbers = {"day": whole.days, "hour": hours, "minute": minutes, "second": rest}
    words = [f"{number} {unit}{'' if number == 1 else 's'}" for unit, number in numbers.items() if number]
    return ", ".join(words) or "0 seconds"
