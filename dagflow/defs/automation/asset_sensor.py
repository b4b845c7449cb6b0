"""Sensors of one asset: they request runs after a materialization of the asset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dagflow import _doors
from dagflow.defs.automation.function import automation_name
from dagflow.defs.automation.sensor import DefaultSensorStatus, SensorDefinition, SensorType
from dagflow.defs.automation.target import AnyJob
from dagflow.errors import check_type
from dagflow.keys import AssetKey


class AssetSensorDefinition(SensorDefinition):
    """A sensor whose function is called after a materialization of an asset. `@asset_sensor` makes one.

    A tick calls the function once, with the newest event that is later than the cursor. The cursor is the
    storage id of the last event, and is set by dagflow.

    Args:
        name: The name of the sensor.
        asset_key: The asset.
        job_name: The name of the job. Give at most one of `job_name`, `job` and `jobs`.
        asset_materialization_fn: The function; see `asset_sensor`.
        minimum_interval_seconds: The time between two ticks in a deployment; default: 30.
        description: A sentence for people.
        job: The job.
        jobs: Several jobs; each request names one.
        default_status: The first status in a deployment.
        required_resource_keys: Resources that the function reads from `context.resources`.
        tags: The tags of the sensor; runs do not get them.
        metadata: Metadata by name.

    Raises:
        ParameterCheckError: The asset key is not an AssetKey.
        DagflowInvalidDefinitionError: As SensorDefinition.

    Example:
        >>> from dagflow import AssetKey, RunRequest
        >>> AssetSensorDefinition("beans", AssetKey("beans"), "brew", lambda context, event: RunRequest())
        <sensor 'beans' of asset 'beans'>
    """

    __slots__ = ("asset_key",)

    def __init__(
        self,
        name: str,
        asset_key: AssetKey,
        job_name: str | None,
        asset_materialization_fn: Callable[..., Any],
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        job: AnyJob | None = None,
        jobs: Sequence[AnyJob] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        required_resource_keys: set[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.asset_key: AssetKey = check_type(asset_key, AssetKey, "asset_key", "a sensor of an asset")
        super().__init__(
            name,
            evaluation_fn=asset_materialization_fn,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=job,
            jobs=jobs,
            default_status=default_status,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
        )

    @property
    def sensor_type(self) -> SensorType:
        """The kind of the sensor."""
        return SensorType.ASSET

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return an iterator of the results of a tick, with a context of `build_sensor_context`.

        Raises:
            DagflowInvalidInvocationError: An argument is missing or unknown.
        """
        return _doors.invoke_asset_sensor(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<sensor '{self.name}' of asset '{self.asset_key.to_user_string()}'>"


def asset_sensor(
    asset_key: AssetKey,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: AnyJob | None = None,
    jobs: Sequence[AnyJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], AssetSensorDefinition]:
    """Make a sensor of a function that is called after a materialization of an asset.

    The function returns the same as that of `@sensor`. Its parameters, with any names: the context and the
    EventLogEntry of the materialization, or one of them (the event, if "event" is part of the name), and
    resources.

    Args:
        asset_key: The asset.
        job_name: The name of the job. Give at most one of `job_name`, `job` and `jobs`.
        name: Default: the name of the function.
        minimum_interval_seconds: The time between two ticks in a deployment; default: 30.
        description: A sentence for people.
        job: The job.
        jobs: Several jobs; each request names one.
        default_status: The first status in a deployment.
        required_resource_keys: Resources that the function reads from `context.resources`.
        tags: The tags of the sensor; runs do not get them.
        metadata: Metadata by name.

    Returns:
        A decorator that makes an AssetSensorDefinition.

    Raises:
        ParameterCheckError: The asset key is not an AssetKey.

    Example:
        >>> from dagflow import (
        ...     AssetKey, DagflowInstance, RunRequest, asset, asset_sensor, build_sensor_context, materialize)
        >>> @asset
        ... def beans():
        ...     return 3
        >>> @asset_sensor(AssetKey("beans"), job_name="brew")
        ... def after_beans(context, event):
        ...     return RunRequest(tags={"asset": event.asset_materialization.asset_key.to_user_string()})
        >>> with DagflowInstance.ephemeral() as instance:
        ...     result = materialize([beans], instance=instance)
        ...     after_beans.evaluate_tick(build_sensor_context(instance)).run_requests[0].tags["asset"]
        'beans'
    """
    check_type(asset_key, AssetKey, "asset_key", "asset_sensor")

    def decorate(fn: Callable[..., Any]) -> AssetSensorDefinition:
        made = AssetSensorDefinition(
            automation_name(name, fn),
            asset_key,
            job_name,
            fn,
            minimum_interval_seconds,
            description,
            job,
            jobs,
            default_status,
            required_resource_keys,
            tags,
            metadata,
        )
        made.__dict__["__wrapped__"] = fn
        return made

    return decorate
