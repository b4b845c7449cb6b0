"""Sensors: they request runs when something happened outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from enum import Enum
from typing import Any, TypeVar

from dagflow import _doors
from dagflow.copies import Copied
from dagflow.defs.automation.function import EvaluationFunction, automation_name, evaluation_function
from dagflow.defs.automation.target import (
    AnyJob,
    AutomationTarget,
    target_of,
    target_of_job,
    target_of_name,
)
from dagflow.defs.parts.function import name_of
from dagflow.defs.parts.owners import check_owners
from dagflow.defs.selections.definition import AssetSelection
from dagflow.errors import DagflowInvalidDefinitionError, check_optional, check_texts, check_type
from dagflow.keys import check_name
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.tags import jsonable_tags

DEFAULT_INTERVAL = 30
"""The default of `minimum_interval_seconds`."""

_Self = TypeVar("_Self", bound="SensorDefinition")


class DefaultSensorStatus(Enum):
    """The first status of a sensor in a deployment."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class SensorType(Enum):
    """The kind of a sensor."""

    STANDARD = "STANDARD"
    RUN_STATUS = "RUN_STATUS"
    ASSET = "ASSET"
    MULTI_ASSET = "MULTI_ASSET"
    FRESHNESS_POLICY = "FRESHNESS_POLICY"
    AUTO_MATERIALIZE = "AUTO_MATERIALIZE"
    AUTOMATION = "AUTOMATION"
    UNKNOWN = "UNKNOWN"


class SensorDefinition(Copied):
    """A sensor: it requests runs when something happened outside. `@sensor` makes one of a function.

    Nothing starts by itself: a test evaluates a tick with `evaluate_tick`.

    Args:
        name: Default: the name of the function.
        evaluation_fn: Returns or yields RunRequests or one SkipReason, or returns a SensorResult. Its
            parameters, all optional: the context, and resources.
        job_name: The name of the job. Give at most one of `job_name`, `job`, `jobs`, `target` and
            `asset_selection`.
        minimum_interval_seconds: The time between two ticks in a deployment; default: 30.
        description: A sentence for people.
        job: The job.
        jobs: Several jobs; each request names one.
        default_status: The first status in a deployment.
        asset_selection: The assets, as an AssetSelection, a selection string or a list. The requests select
            some of them.
        required_resource_keys: Resources that the function reads from `context.resources`.
        tags: The tags of the sensor; runs do not get them.
        metadata: Metadata by name.
        target: A job, or assets as an AssetSelection, a selection string or a list, for which a job is made.
        owners: The owners: email addresses, or teams as `team:name`.

    Raises:
        DagflowInvalidDefinitionError: The function is missing, a name or owner is invalid, or several targets
            are given.
        CheckError: A target is of the wrong type.
        ParameterCheckError: An argument has the wrong type.

    Example:
        >>> from dagflow import RunRequest, build_sensor_context
        >>> files = SensorDefinition("files", evaluation_fn=lambda: RunRequest("beans.csv"), job_name="load")
        >>> files.evaluate_tick(build_sensor_context()).run_requests[0].run_key
        'beans.csv'
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "asset_selection",
        "default_status",
        "description",
        "function",
        "metadata",
        "minimum_interval_seconds",
        "name",
        "owners",
        "required_resource_keys",
        "tags",
        "targets",
    )

    def __init__(
        self,
        name: str | None = None,
        *,
        evaluation_fn: Callable[..., Any] | None = None,
        job_name: str | None = None,
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        job: AnyJob | None = None,
        jobs: Sequence[AnyJob] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        asset_selection: Any = None,
        required_resource_keys: set[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        target: Any = None,
        owners: Sequence[str] | None = None,
    ) -> None:
        if evaluation_fn is None:
            raise DagflowInvalidDefinitionError("Must provide evaluation_fn to SensorDefinition.")
        # without a name, any function will do: a lambda in a test needs none
        check_texts("a sensor", name=name)
        self.name: str = (
            name_of(_user_function(evaluation_fn))
            if name is None
            else check_name(name, "sensor", reserved=False)
        )
        place = f"sensor '{self.name}'"
        check_texts(place, description=description)
        self.function: EvaluationFunction = evaluation_function(evaluation_fn, place)
        given = {
            "job": job,
            "jobs": jobs,
            "job_name": job_name,
            "target": target,
            "asset_selection": asset_selection,
        }
        self.targets: list[AutomationTarget] = _targets(given, self.name, place)
        self.asset_selection: AssetSelection | None = (
            None if asset_selection is None else AssetSelection.from_coercible(asset_selection)
        )
        interval = check_optional(minimum_interval_seconds, int, "minimum_interval_seconds", place)
        self.minimum_interval_seconds: int = DEFAULT_INTERVAL if interval is None else interval
        self.description: str | None = description
        self.default_status: DefaultSensorStatus = check_type(
            default_status, DefaultSensorStatus, "default_status", place
        )
        self.required_resource_keys: frozenset[str] = self.function.required_resource_keys(
            required_resource_keys
        )
        self.tags: Mapping[str, str] = jsonable_tags(tags, place)
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata(metadata, place)
        self.owners: list[str] | None = None if owners is None else check_owners(owners, place)

    @property
    def sensor_type(self) -> SensorType:
        """The kind of the sensor."""
        return SensorType.STANDARD

    @property
    def has_jobs(self) -> bool:
        """Whether the sensor has a target with a job."""
        return bool(self.targets)

    @property
    def has_anonymous_job(self) -> bool:
        """Whether the job was made from the assets of `target`."""
        return bool(self.targets) and self.targets[0].has_anonymous_job

    @property
    def job(self) -> AnyJob:
        """The job.

        Raises:
            DagflowInvalidDefinitionError: There is no job, only its name, or there are several.
        """
        return self._job_of(self._only_target())

    @property
    def job_name(self) -> str:
        """The name of the job.

        Raises:
            DagflowInvalidDefinitionError: There is no job, or there are several.
        """
        return self._only_target().job_name

    @property
    def jobs(self) -> list[AnyJob]:
        """The jobs.

        Raises:
            DagflowInvalidDefinitionError: There is no job, or only its name.
        """
        if not self.targets:
            raise self._no_job()
        return [self._job_of(target) for target in self.targets]

    def evaluate_tick(self, context: _doors.SensorEvaluationContext) -> _doors.SensorExecutionData:
        """Return the requests of a tick, or the reason why no run starts.

        Args:
            context: A context of `build_sensor_context`.

        Raises:
            Exception: The exception that the function raised.
            CheckError: The function returned an invalid value.
            DagflowInvariantViolationError: The function returned an object of another type, or a request for
                a job that is not one of the sensor.
        """
        return _doors.evaluate_sensor(self, context)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, with a context of `build_sensor_context` and resources by keyword.

        Raises:
            DagflowInvalidInvocationError: An argument is missing or unknown.
        """
        return _doors.invoke_sensor(self, args, kwargs)

    def with_attributes(
        self: _Self, *, jobs: Sequence[AnyJob] | None = None, metadata: Mapping[str, Any] | None = None
    ) -> _Self:
        """Return a copy with other jobs or other metadata."""
        changed = copy(self)
        place = f"sensor '{self.name}'"
        if jobs is not None:
            changed.targets = [target_of_job(job, place) for job in check_type(jobs, Sequence, "jobs", place)]
        if metadata is not None:
            changed.metadata = normalize_metadata(metadata, place)
        return changed

    def with_updated_jobs(self: _Self, new_jobs: Sequence[AnyJob]) -> _Self:
        """Return a copy with other jobs."""
        return self.with_attributes(jobs=new_jobs)

    def with_updated_job(self: _Self, new_job: AnyJob) -> _Self:
        """Return a copy with another job."""
        return self.with_attributes(jobs=[new_job])

    def _only_target(self) -> AutomationTarget:
        if not self.targets:
            raise self._no_job()
        if len(self.targets) > 1:
            names = [target.job_name for target in self.targets]
            raise DagflowInvalidDefinitionError(
                "Job property not available when SensorDefinition has multiple jobs. Sensor "
                f"'{self.name}' has {names}: use its attribute 'jobs'."
            )
        return self.targets[0]

    def _job_of(self, target: AutomationTarget) -> AnyJob:
        if target.job is None:
            raise DagflowInvalidDefinitionError(
                "Job property not available when target is defined by a string job name. No job was provided "
                f"to SensorDefinition. Sensor '{self.name}' has only the name '{target.job_name}': get the "
                "job from the Definitions."
            )
        return target.job

    def _no_job(self) -> DagflowInvalidDefinitionError:
        return DagflowInvalidDefinitionError(
            f"No job was provided to SensorDefinition. Give sensor '{self.name}' a job, jobs or a target."
        )

    def __repr__(self) -> str:
        return f"<sensor '{self.name}'>"


def sensor(
    job_name: str | None = None,
    *,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: AnyJob | None = None,
    jobs: Sequence[AnyJob] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    asset_selection: Any = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    target: Any = None,
    owners: Sequence[str] | None = None,
) -> Callable[[Callable[..., Any]], SensorDefinition]:
    """Make a sensor of a function that returns the requests of a tick.

    The function returns or yields RunRequests or one SkipReason, or returns a SensorResult. Its parameters,
    all optional: the context, and resources.

    Args:
        job_name: The name of the job; see `SensorDefinition`, which has the other arguments too.
        name: Default: the name of the function.
        minimum_interval_seconds: The time between two ticks in a deployment; default: 30.
        description: A sentence for people.
        job: The job.
        jobs: Several jobs; each request names one.
        default_status: The first status in a deployment.
        asset_selection: The assets. The requests select some of them.
        required_resource_keys: Resources that the function reads from `context.resources`.
        tags: The tags of the sensor; runs do not get them.
        metadata: Metadata by name.
        target: A job, or assets, for which a job is made.
        owners: The owners: email addresses, or teams as `team:name`.

    Returns:
        A decorator that makes a SensorDefinition.

    Raises:
        DagflowInvalidDefinitionError: As SensorDefinition.

    Example:
        >>> from dagflow import RunRequest, SkipReason, build_sensor_context
        >>> @sensor(job_name="load")
        ... def files(context):
        ...     if context.cursor == "beans.csv":
        ...         return SkipReason("no new file")
        ...     context.update_cursor("beans.csv")
        ...     return RunRequest(run_key="beans.csv")
        >>> tick = files.evaluate_tick(build_sensor_context())
        >>> tick.cursor, files.evaluate_tick(build_sensor_context(cursor=tick.cursor)).skip_message
        ('beans.csv', 'no new file')
    """

    def decorate(fn: Callable[..., Any]) -> SensorDefinition:
        made = SensorDefinition(
            automation_name(name, fn),
            evaluation_fn=fn,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=job,
            jobs=jobs,
            default_status=default_status,
            asset_selection=asset_selection,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            target=target,
            owners=owners,
        )
        made.__dict__["__wrapped__"] = fn
        return made

    return decorate


def _user_function(fn: Any) -> Any:
    return fn.fn if isinstance(fn, EvaluationFunction) else fn


def _targets(given: Mapping[str, Any], name: str, place: str) -> list[AutomationTarget]:
    """Return the targets of the arguments about jobs and assets, of which at most one is given."""
    names = [key for key, value in given.items() if value is not None]
    if len(names) > 1:
        raise DagflowInvalidDefinitionError(
            "Attempted to provide more than one of 'job', 'jobs', 'job_name', 'target' and 'asset_selection' "
            f"to {place}: {names}. Must provide only one."
        )
    if given["job_name"] is not None:
        return [target_of_name(given["job_name"], place)]
    if given["job"] is not None:
        return [target_of_job(given["job"], place)]
    if given["jobs"] is not None:
        return [target_of_job(job, place) for job in check_type(given["jobs"], Sequence, "jobs", place)]
    if given["target"] is not None:
        return [target_of(given["target"], name, place)]
    return []
