"""Sensors of runs: they react to the status of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, overload

from dagflow import _doors
from dagflow._util import warn
from dagflow.defs.automation.function import automation_name
from dagflow.defs.automation.sensor import DefaultSensorStatus, SensorDefinition, SensorType
from dagflow.defs.automation.target import AnyJob
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    ElementCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.events.run import DagflowRunStatus
from dagflow.events.types import DagflowEventType

EVENT_OF_STATUS = {
    DagflowRunStatus.QUEUED: DagflowEventType.RUN_ENQUEUED,
    DagflowRunStatus.STARTING: DagflowEventType.RUN_STARTING,
    DagflowRunStatus.STARTED: DagflowEventType.RUN_START,
    DagflowRunStatus.SUCCESS: DagflowEventType.RUN_SUCCESS,
    DagflowRunStatus.FAILURE: DagflowEventType.RUN_FAILURE,
    DagflowRunStatus.CANCELING: DagflowEventType.RUN_CANCELING,
    DagflowRunStatus.CANCELED: DagflowEventType.RUN_CANCELED,
}
"""The event with which a run reaches a status."""


_OWNER = "a run status sensor"


class CodeLocationSelector(NamedTuple):
    """A choice of all jobs of a code location, which a run status sensor watches.

    A project of dagflow has one code location, so all its jobs are watched.

    Args:
        location_name: The name of the code location.

    Example:
        >>> CodeLocationSelector("kitchen").location_name
        'kitchen'
    """

    location_name: str


class RepositorySelector(NamedTuple):
    """A choice of all jobs of a repository, which a run status sensor watches.

    Args:
        location_name: The name of the code location.
        repository_name: The name of the repository.

    Example:
        >>> RepositorySelector("kitchen", "cafe").repository_name
        'cafe'
    """

    location_name: str
    repository_name: str


class JobSelector(NamedTuple):
    """A choice of a job by its name, which a run status sensor watches.

    Args:
        location_name: The name of the code location.
        repository_name: The name of the repository; default: any.
        job_name: The name of the job; default: all jobs.

    Example:
        >>> JobSelector("kitchen", job_name="brew").job_name
        'brew'
    """

    location_name: str
    repository_name: str | None = None
    job_name: str | None = None


Monitored = (
    JobDefinition
    | UnresolvedAssetJobDefinition
    | GraphDefinition
    | JobSelector
    | RepositorySelector
    | CodeLocationSelector
)


class RunStatusSensorDefinition(SensorDefinition):
    """A sensor whose function is called for each run that reached a status. `@run_status_sensor` makes one.

    The first tick only sets the cursor. A later tick calls the function for each run that reached the status
    since, until it returns a request or a reason.

    Args:
        name: The name of the sensor.
        run_status: The status.
        run_status_sensor_fn: The function; its parameters are a RunStatusSensorContext and resources.
        minimum_interval_seconds: The time between two ticks in a deployment; default: 30.
        description: A sentence for people.
        monitored_jobs: The jobs whose runs count, as jobs or selectors; default: all of the repository.
        monitor_all_code_locations: Whether all runs of the instance count.
        default_status: The first status in a deployment.
        request_job: The job of the requests.
        request_jobs: Several jobs; each request names one.
        tags: The tags of the sensor; runs do not get them.
        metadata: Metadata by name.
        required_resource_keys: Resources that the function reads from `context.resources`.

    Raises:
        DagflowInvalidDefinitionError: A run reaches no such status with an event, or arguments exclude each
            other.
        ParameterCheckError, ElementCheckError: An argument, or an element of it, has the wrong type.

    Example:
        >>> from dagflow import DagflowRunStatus
        >>> RunStatusSensorDefinition("done", DagflowRunStatus.SUCCESS, lambda context: None)
        <sensor 'done' of runs with status SUCCESS>
    """

    __slots__ = ("is_for_failures", "monitor_all_code_locations", "monitored_jobs", "run_status")

    def __init__(
        self,
        name: str,
        run_status: DagflowRunStatus,
        run_status_sensor_fn: Callable[..., Any],
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        monitored_jobs: Sequence[Monitored] | None = None,
        monitor_all_code_locations: bool | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        request_job: AnyJob | None = None,
        request_jobs: Sequence[AnyJob] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        required_resource_keys: set[str] | None = None,
    ) -> None:
        place = f"sensor '{name}'"
        self.run_status: DagflowRunStatus = check_type(run_status, DagflowRunStatus, "run_status", place)
        if run_status not in EVENT_OF_STATUS:
            known = [status.name for status in EVENT_OF_STATUS]
            raise DagflowInvalidDefinitionError(
                f"{place} cannot react to the status {run_status.name}, because no event reports it. Use one "
                f"of {known}."
            )
        check_optional(monitor_all_code_locations, bool, "monitor_all_code_locations", place)
        self.monitored_jobs: list[Monitored] = _checked_jobs(monitored_jobs, place) or []
        if monitor_all_code_locations and self.monitored_jobs:
            raise DagflowInvalidDefinitionError(
                f"Cannot specify both monitor_all_code_locations and monitored_jobs: {place} has both. "
                "Remove one of them."
            )
        self.monitor_all_code_locations: bool = bool(monitor_all_code_locations)
        self.is_for_failures: bool = False
        super().__init__(
            name,
            evaluation_fn=run_status_sensor_fn,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=request_job,
            jobs=request_jobs,
            default_status=default_status,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
        )

    @property
    def sensor_type(self) -> SensorType:
        """The kind of the sensor."""
        return SensorType.RUN_STATUS

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, with a context of `build_run_status_sensor_context` and resources by keyword.

        Raises:
            DagflowInvalidInvocationError: An argument is missing or unknown.
            CheckError: The context is another object.
        """
        return _doors.invoke_run_status_sensor(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<sensor '{self.name}' of runs with status {self.run_status.name}>"


def run_status_sensor(
    run_status: DagflowRunStatus,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Monitored] | None = None,
    job_selection: Sequence[Monitored] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: AnyJob | None = None,
    request_jobs: Sequence[AnyJob] | None = None,
    monitor_all_repositories: bool | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], RunStatusSensorDefinition]:
    """Make a sensor of a function that is called for each run that reached a status.

    The function returns None, RunRequests or a SkipReason. Its parameters, all optional: a
    RunStatusSensorContext, and resources.

    Args:
        run_status: The status.
        name: Default: the name of the function.
        minimum_interval_seconds: The time between two ticks in a deployment; default: 30.
        description: A sentence for people.
        monitored_jobs: The jobs whose runs count, as jobs or selectors; default: all of the repository.
        job_selection: An older name of `monitored_jobs`.
        monitor_all_code_locations: Whether all runs of the instance count.
        default_status: The first status in a deployment.
        request_job: The job of the requests.
        request_jobs: Several jobs; each request names one.
        monitor_all_repositories: An older name of `monitor_all_code_locations`.
        tags: The tags of the sensor; runs do not get them.
        metadata: Metadata by name.

    Returns:
        A decorator that makes a RunStatusSensorDefinition.

    Raises:
        DagflowInvalidDefinitionError: As RunStatusSensorDefinition.

    Example:
        >>> from dagflow import DagflowInstance, DagflowRunStatus, build_run_status_sensor_context, job
        >>> @job
        ... def brew():
        ...     pass
        >>> @run_status_sensor(DagflowRunStatus.SUCCESS)
        ... def done(context):
        ...     return context.dagflow_run.job_name
        >>> with DagflowInstance.ephemeral() as instance:
        ...     result = brew.execute_in_process(instance=instance)
        ...     done(build_run_status_sensor_context(
        ...         "done", result.get_run_success_event(), instance, result.dagflow_run))
        'brew'
    """
    check_type(run_status, DagflowRunStatus, "run_status", _OWNER)
    jobs = _renamed(
        monitored_jobs,
        _checked_jobs(job_selection, _OWNER, "job_selection"),
        "monitored_jobs",
        "job_selection",
    )
    monitors_all = _renamed(
        monitor_all_code_locations,
        check_optional(monitor_all_repositories, bool, "monitor_all_repositories", _OWNER),
        "monitor_all_code_locations",
        "monitor_all_repositories",
    )

    def decorate(fn: Callable[..., Any]) -> RunStatusSensorDefinition:
        made = RunStatusSensorDefinition(
            automation_name(name, fn),
            run_status,
            fn,
            minimum_interval_seconds,
            description,
            jobs,
            monitors_all,
            default_status,
            request_job,
            request_jobs,
            tags,
            metadata,
        )
        made.__dict__["__wrapped__"] = fn
        return made

    return decorate


@overload
def run_failure_sensor(name: Callable[..., Any]) -> RunStatusSensorDefinition: ...


@overload
def run_failure_sensor(
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Monitored] | None = None,
    job_selection: Sequence[Monitored] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: AnyJob | None = None,
    request_jobs: Sequence[AnyJob] | None = None,
    monitor_all_repositories: bool | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], RunStatusSensorDefinition]: ...


def run_failure_sensor(
    name: Callable[..., Any] | str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Monitored] | None = None,
    job_selection: Sequence[Monitored] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: AnyJob | None = None,
    request_jobs: Sequence[AnyJob] | None = None,
    monitor_all_repositories: bool | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> RunStatusSensorDefinition | Callable[[Callable[..., Any]], RunStatusSensorDefinition]:
    """Make a sensor of a function that is called for each failed run. Use it with or without arguments.

    The function gets a RunFailureSensorContext. Arguments and errors as in `run_status_sensor`.

    Example:
        >>> from dagflow import (
        ...     DagflowInstance, build_run_status_sensor_context, job, op, run_failure_sensor)
        >>> @op
        ... def spill():
        ...     raise ValueError("spilt")
        >>> @job
        ... def brew():
        ...     spill()
        >>> @run_failure_sensor
        ... def tell(context):
        ...     return [event.step_key for event in context.get_step_failure_events()]
        >>> with DagflowInstance.ephemeral() as instance:
        ...     result = brew.execute_in_process(instance=instance, raise_on_error=False)
        ...     tell(build_run_status_sensor_context(
        ...         "tell", result.get_run_failure_event(), instance, result.dagflow_run))
        ['spill']
    """

    def decorate(fn: Callable[..., Any]) -> RunStatusSensorDefinition:
        made = run_status_sensor(
            DagflowRunStatus.FAILURE,
            None if callable(name) else name,
            minimum_interval_seconds,
            description,
            monitored_jobs,
            job_selection,
            monitor_all_code_locations,
            default_status,
            request_job,
            request_jobs,
            monitor_all_repositories,
            tags,
            metadata,
        )(fn)
        made.is_for_failures = True
        return made

    return decorate(name) if callable(name) else decorate


def _checked_jobs(jobs: Any, place: str, name: str = "monitored_jobs") -> list[Monitored] | None:
    if jobs is None:
        return None
    for one in check_type(jobs, Sequence, name, place):
        if not isinstance(one, Monitored):
            raise ElementCheckError(
                f"parameter '{name}' of {place} must hold jobs, graphs or selectors (JobSelector, "
                f"RepositorySelector, CodeLocationSelector), not {repr_of(one)} of type "
                f"'{type(one).__name__}'"
            )
    return list(jobs)


def _renamed(value: Any, older: Any, name: str, older_name: str) -> Any:
    """Return the value of an argument that has an older name too."""
    if older is None:
        return value
    if value is not None:
        raise CheckError(f'Do not use deprecated "{older_name}" now that you are using "{name}": remove it')
    warn(f"'{older_name}' is deprecated: its new name is '{name}'", DeprecationWarning)
    return older
