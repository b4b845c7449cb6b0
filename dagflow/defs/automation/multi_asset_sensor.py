"""Sensors of several assets: their function reads the materializations itself, and moves the cursor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dagflow import _doors
from dagflow.defs.automation.function import automation_name
from dagflow.defs.automation.sensor import DefaultSensorStatus, SensorDefinition, SensorType
from dagflow.defs.automation.target import AnyJob
from dagflow.defs.selections.definition import AssetSelection
from dagflow.errors import CheckError, repr_of
from dagflow.keys import AssetKey

MonitoredAssets = Sequence[AssetKey] | AssetSelection


class MultiAssetSensorDefinition(SensorDefinition):
    """A sensor whose function reads the materializations of several assets. `@multi_asset_sensor` makes one.

    Args:
        name: The name of the sensor.
        monitored_assets: The assets, as a list of AssetKeys or an AssetSelection.
        job_name: The name of the job. Give at most one of `job_name`, `job`, `jobs` and `request_assets`.
        asset_materialization_fn: The function; see `multi_asset_sensor`.
        minimum_interval_seconds: The time between two ticks in a deployment; default: 30.
        description: A sentence for people.
        job: The job.
        jobs: Several jobs; each request names one.
        default_status: The first status in a deployment.
        request_assets: The assets that requests can select.
        required_resource_keys: Resources that the function reads from `context.resources`.
        tags: The tags of the sensor; runs do not get them.
        metadata: Metadata by name.

    Raises:
        CheckError: `monitored_assets` is something else.
        DagflowInvalidDefinitionError: As SensorDefinition.

    Example:
        >>> from dagflow import AssetKey
        >>> MultiAssetSensorDefinition("s", [AssetKey("beans")], "brew", lambda context: None)
        <sensor 's' of several assets>
    """

    __slots__ = ("monitored_assets",)

    def __init__(
        self,
        name: str,
        monitored_assets: MonitoredAssets,
        job_name: str | None,
        asset_materialization_fn: Callable[..., Any],
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        job: AnyJob | None = None,
        jobs: Sequence[AnyJob] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        request_assets: AssetSelection | None = None,
        required_resource_keys: set[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.monitored_assets: MonitoredAssets = checked_assets(monitored_assets, "a multi_asset_sensor")
        super().__init__(
            name,
            evaluation_fn=asset_materialization_fn,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=job,
            jobs=jobs,
            default_status=default_status,
            asset_selection=request_assets,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
        )

    @property
    def sensor_type(self) -> SensorType:
        """The kind of the sensor."""
        return SensorType.MULTI_ASSET

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, with a context of `build_multi_asset_sensor_context` and resources by keyword.

        After the function the cursor of the context has moved.

        Raises:
            DagflowInvalidInvocationError: An argument is missing or unknown.
            CheckError: The context is another object.
        """
        return _doors.invoke_multi_asset_sensor(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<sensor '{self.name}' of several assets>"


def checked_assets(monitored_assets: Any, place: str) -> MonitoredAssets:
    """Return the assets that a sensor monitors.

    Raises:
        CheckError: The value is not a list of AssetKeys or an AssetSelection.
    """
    if isinstance(monitored_assets, AssetSelection):
        return monitored_assets
    is_list = isinstance(monitored_assets, Sequence) and not isinstance(monitored_assets, str)
    if not is_list or not all(isinstance(key, AssetKey) for key in monitored_assets):
        raise CheckError(
            f"parameter 'monitored_assets' of {place} must be an AssetSelection or a list of AssetKeys, not "
            f"{repr_of(monitored_assets)} of type '{type(monitored_assets).__name__}'"
        )
    return list(monitored_assets)


def multi_asset_sensor(
    monitored_assets: MonitoredAssets,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: AnyJob | None = None,
    jobs: Sequence[AnyJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_assets: AssetSelection | None = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], MultiAssetSensorDefinition]:
    """Make a sensor of a function that reads the materializations of several assets.

    The function gets a MultiAssetSensorEvaluationContext and resources. It moves the cursor of each asset by
    `context.advance_cursor` or `context.advance_all_cursors`, and returns the same as that of `@sensor`.

    Args:
        monitored_assets: The assets, as a list of AssetKeys or an AssetSelection.
        job_name: The name of the job. Give at most one of `job_name`, `job`, `jobs` and `request_assets`.
        name: Default: the name of the function.
        minimum_interval_seconds: The time between two ticks in a deployment; default: 30.
        description: A sentence for people.
        job: The job.
        jobs: Several jobs; each request names one.
        default_status: The first status in a deployment.
        request_assets: The assets that requests can select.
        required_resource_keys: Resources that the function reads from `context.resources`.
        tags: The tags of the sensor; runs do not get them.
        metadata: Metadata by name.

    Returns:
        A decorator that makes a MultiAssetSensorDefinition.

    Raises:
        CheckError: `monitored_assets` is something else.

    Example:
        >>> from dagflow import (
        ...     AssetKey, DagflowInstance, Definitions, RunRequest, asset, build_sensor_context, materialize,
        ...     multi_asset_sensor)
        >>> @asset
        ... def beans():
        ...     return 3
        >>> @multi_asset_sensor([AssetKey("beans")], job_name="brew")
        ... def after_beans(context):
        ...     if all(context.latest_materialization_records_by_key().values()):
        ...         context.advance_all_cursors()
        ...         return RunRequest()
        >>> project = Definitions([beans])
        >>> with DagflowInstance.ephemeral() as instance:
        ...     result = materialize([beans], instance=instance)
        ...     context = build_sensor_context(instance, definitions=project)
        ...     len(after_beans.evaluate_tick(context).run_requests)
        1
    """
    checked_assets(monitored_assets, "multi_asset_sensor")

    def decorate(fn: Callable[..., Any]) -> MultiAssetSensorDefinition:
        made = MultiAssetSensorDefinition(
            automation_name(name, fn),
            monitored_assets,
            job_name,
            fn,
            minimum_interval_seconds,
            description,
            job,
            jobs,
            default_status,
            request_assets,
            required_resource_keys,
            tags,
            metadata,
        )
        made.__dict__["__wrapped__"] = fn
        return made

    return decorate
