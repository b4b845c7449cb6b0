"""Schedules: they request runs of a job at set times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from enum import Enum
from typing import TYPE_CHECKING, Any

from dagflow import _doors
from dagflow._util import warn
from dagflow.config.plain import run_config_dict
from dagflow.copies import Copied
from dagflow.defs.automation.function import EvaluationFunction, automation_name, evaluation_function
from dagflow.defs.automation.target import (
    AnyJob,
    AutomationTarget,
    target_of,
    target_of_job,
    target_of_name,
)
from dagflow.defs.parts.owners import check_owners
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_texts,
    check_type,
    repr_of,
)
from dagflow.events.run import checked_tags
from dagflow.keys import check_name, resource_keys
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.partitions.cadence import zone_named
from dagflow.partitions.cron import check_cron_schedule
from dagflow.tags import check_run_tags

if TYPE_CHECKING:
    from dagflow.config.objects import RunConfig


class DefaultScheduleStatus(Enum):
    """The first status of a schedule in a deployment."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class ScheduleDefinition(Copied):
    """A schedule: it requests runs of a job at set times. `@schedule` makes one with a function.

    Nothing starts by itself: a test evaluates a tick with `evaluate_tick`.

    Args:
        name: Default: the name of the job with `_schedule` behind it.
        cron_schedule: The times, as a cron expression of five fields or a name such as `@daily`, or a list of
            them.
        job_name: The name of the job. Give exactly one of `job_name`, `job` and `target`.
        run_config: The run config of each run.
        run_config_fn: Returns the run config of a tick; receives the context, if it has a parameter.
        tags: The tags of each run.
        tags_fn: Returns the tags of a tick; receives the context.
        metadata: Metadata by name.
        should_execute: Returns whether a tick requests a run; receives the context.
        environment_vars: An older argument without effect, kept as an attribute.
        execution_timezone: The IANA name of the time zone of `cron_schedule`. Default: UTC.
        execution_fn: Returns the requests of a tick, instead of the functions above.
        description: A sentence for people.
        job: The job.
        default_status: The first status in a deployment.
        required_resource_keys: Resources that the functions read from `context.resources`.
        target: A job, or assets as an AssetSelection, a selection string or a list.
        owners: The owners: email addresses, or teams as `team:name`.

    Raises:
        DagflowInvalidDefinitionError: An invalid name, cron schedule, time zone, tag or owner, or arguments
            that exclude each other.
        CheckError: The target is missing or of the wrong type.
        ParameterCheckError: An argument has the wrong type.

    Example:
        >>> from dagflow import build_schedule_context, job
        >>> @job
        ... def brew():
        ...     pass
        >>> daily = ScheduleDefinition(job=brew, cron_schedule="@daily", tags={"cup": "large"})
        >>> daily.evaluate_tick(build_schedule_context()).run_requests[0].tags
        {'cup': 'large', 'dagflow/schedule_name': 'brew_schedule'}
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "cron_schedule",
        "default_status",
        "description",
        "environment_vars",
        "execution_timezone",
        "function",
        "is_decorated",
        "metadata",
        "name",
        "owners",
        "required_resource_keys",
        "run_config",
        "run_config_fn",
        "should_execute",
        "tags",
        "tags_fn",
        "target",
    )

    function: EvaluationFunction | None
    """The function of a tick; None if the arguments describe the run."""

    def __init__(
        self,
        name: str | None = None,
        *,
        cron_schedule: str | Sequence[str] | None = None,
        job_name: str | None = None,
        run_config: Mapping[str, Any] | RunConfig | None = None,
        run_config_fn: Callable[..., Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        tags_fn: Callable[..., Mapping[str, Any]] | None = None,
        metadata: Mapping[str, Any] | None = None,
        should_execute: Callable[..., bool] | None = None,
        environment_vars: Mapping[str, str] | None = None,
        execution_timezone: str | None = None,
        execution_fn: Callable[..., Any] | None = None,
        description: str | None = None,
        job: AnyJob | None = None,
        default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
        required_resource_keys: set[str] | None = None,
        target: Any = None,
        owners: Sequence[str] | None = None,
    ) -> None:
        check_texts("a schedule", name=name, description=description, execution_timezone=execution_timezone)
        self.target: AutomationTarget = _target(name, job, job_name, target)
        self.name: str = check_name(
            f"{self.target.job_name}_schedule" if name is None else name, "schedule", reserved=False
        )
        place = f"schedule '{self.name}'"
        self.cron_schedule: str | Sequence[str] = _checked_cron(cron_schedule, place)
        if execution_timezone is not None:
            _check_zone(execution_timezone, place)
        self.execution_timezone: str | None = execution_timezone
        self.description: str | None = description
        self.environment_vars: Mapping[str, str] | None = (
            None if environment_vars is None else checked_tags(environment_vars, "environment_vars")
        )
        if environment_vars is not None:
            warn(f"'environment_vars' of {place} has no effect and is deprecated", DeprecationWarning)
        self.default_status: DefaultScheduleStatus = check_type(
            default_status, DefaultScheduleStatus, "default_status", place
        )
        self.metadata: Mapping[str, MetadataValue] = normalize_metadata(metadata, place)
        self.owners: list[str] | None = None if owners is None else check_owners(owners, place)
        _check_exclusive(place, run_config, run_config_fn, tags, tags_fn, should_execute, execution_fn)
        self.tags: Mapping[str, str] = check_run_tags(tags, place)
        self.run_config: Mapping[str, Any] = run_config_dict(run_config, place)
        self.run_config_fn: EvaluationFunction | None = _optional(run_config_fn, place)
        self.tags_fn: EvaluationFunction | None = _optional(tags_fn, place)
        self.should_execute: EvaluationFunction | None = _optional(should_execute, place)
        self.function = _optional(execution_fn, place)
        self.is_decorated: bool = False
        self.required_resource_keys: frozenset[str] = (
            resource_keys(required_resource_keys, place)
            if self.function is None
            else self.function.required_resource_keys(required_resource_keys)
        )

    @property
    def job_name(self) -> str:
        """The name of the job."""
        return self.target.job_name

    @property
    def has_job(self) -> bool:
        """Whether the job was given, and not only its name."""
        return self.target.job is not None

    @property
    def has_anonymous_job(self) -> bool:
        """Whether the job was made from the assets of `target`."""
        return self.target.has_anonymous_job

    @property
    def job(self) -> AnyJob:
        """The job.

        Raises:
            DagflowInvalidDefinitionError: Only the name of the job was given.
        """
        if self.target.job is None:
            raise DagflowInvalidDefinitionError(
                f"No job was provided to ScheduleDefinition. Schedule '{self.name}' has only the name "
                f"'{self.job_name}': get the job from the Definitions."
            )
        return self.target.job

    def evaluate_tick(self, context: _doors.ScheduleEvaluationContext) -> _doors.ScheduleExecutionData:
        """Return the requests of a tick, or the reason why no run starts.

        Args:
            context: A context of `build_schedule_context`.

        Raises:
            ScheduleExecutionError: A function of the schedule raised; `__cause__` is its exception.
            CheckError: The function returned an invalid value.
        """
        return _doors.evaluate_schedule(self, context)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the decorated function, with a context of `build_schedule_context` and resources by keyword.

        Raises:
            DagflowInvalidInvocationError: The schedule has no decorated function, or an argument is missing
                or unknown.
        """
        return _doors.invoke_schedule(self, args, kwargs)

    def with_attributes(
        self, *, job: AnyJob | None = None, metadata: Mapping[str, Any] | None = None
    ) -> ScheduleDefinition:
        """Return a copy with another job or other metadata."""
        changed = copy(self)
        place = f"schedule '{self.name}'"
        if job is not None:
            changed.target = target_of_job(job, place)
        if metadata is not None:
            changed.metadata = normalize_metadata(metadata, place)
        return changed

    def with_updated_job(self, new_job: AnyJob) -> ScheduleDefinition:
        """Return a copy with another job, and the same name."""
        return self.with_attributes(job=new_job)

    def __repr__(self) -> str:
        return f"<schedule '{self.name}' of job '{self.job_name}'>"


def schedule(
    cron_schedule: str | Sequence[str],
    *,
    job_name: str | None = None,
    name: str | None = None,
    tags: Mapping[str, Any] | None = None,
    tags_fn: Callable[..., Mapping[str, Any]] | None = None,
    metadata: Mapping[str, Any] | None = None,
    should_execute: Callable[..., bool] | None = None,
    environment_vars: Mapping[str, str] | None = None,
    execution_timezone: str | None = None,
    description: str | None = None,
    job: AnyJob | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    required_resource_keys: set[str] | None = None,
    target: Any = None,
    owners: Sequence[str] | None = None,
) -> Callable[[Callable[..., Any]], ScheduleDefinition]:
    """Make a schedule of a function that returns the requests of a tick.

    The function returns or yields RunRequests or one SkipReason, or returns the run config as a dict. Its
    parameters, all optional: the context, and resources.

    Args:
        cron_schedule: The times; see `ScheduleDefinition`, which has the other arguments too.
        job_name: The name of the job. Give exactly one of `job_name`, `job` and `target`.
        name: Default: the name of the function.
        tags: The tags of a run whose run config the function returns as a dict.
        tags_fn: Returns these tags; receives the context.
        metadata: Metadata by name.
        should_execute: Returns whether a tick calls the function; receives the context.
        environment_vars: An older argument without effect, kept as an attribute.
        execution_timezone: The IANA name of the time zone of `cron_schedule`. Default: UTC.
        description: A sentence for people.
        job: The job.
        default_status: The first status in a deployment.
        required_resource_keys: Resources that the function reads from `context.resources`.
        target: A job, or assets as an AssetSelection, a selection string or a list.
        owners: The owners: email addresses, or teams as `team:name`.

    Returns:
        A decorator that makes a ScheduleDefinition.

    Raises:
        DagflowInvalidDefinitionError: As ScheduleDefinition.

    Example:
        >>> from datetime import datetime
        >>> from dagflow import RunRequest, build_schedule_context
        >>> @schedule("0 6 * * *", job_name="brew")
        ... def morning(context):
        ...     day = context.scheduled_execution_time.date()
        ...     return RunRequest(tags={"day": str(day)})
        >>> morning(build_schedule_context(scheduled_execution_time=datetime(2024, 1, 5))).tags
        {'day': '2024-01-05'}
    """

    def decorate(fn: Callable[..., Any]) -> ScheduleDefinition:
        own_name = automation_name(name, fn)
        made = ScheduleDefinition(
            own_name,
            cron_schedule=cron_schedule,
            job_name=job_name,
            metadata=metadata,
            environment_vars=environment_vars,
            execution_timezone=execution_timezone,
            execution_fn=fn,
            description=description,
            job=job,
            default_status=default_status,
            required_resource_keys=required_resource_keys,
            target=target,
            owners=owners,
        )
        place = f"schedule '{own_name}'"
        if tags and tags_fn is not None:
            raise _excluded(place, "tags_fn", "tags")
        made.tags = check_run_tags(tags, place)
        made.tags_fn = _optional(tags_fn, place)
        made.should_execute = _optional(should_execute, place)
        made.is_decorated = True
        made.__dict__["__wrapped__"] = fn
        return made

    return decorate


def _target(name: str | None, job: Any, job_name: Any, target: Any) -> AutomationTarget:
    place = "a schedule" if name is None else f"schedule '{name}'"
    given = {"job": job, "job_name": job_name, "target": target}
    names = [key for key, value in given.items() if value is not None]
    if len(names) > 1:
        raise DagflowInvalidDefinitionError(
            f"Attempted to provide more than one of 'job', 'job_name', and 'target' params to {place}: "
            f"{names}. Must provide only one."
        )
    if not names:
        raise CheckError(f"Must provide target, job, or job_name to {place}")
    if job_name is not None:
        return target_of_name(job_name, place)
    if job is not None:
        return target_of_job(job, place)
    found = target_of(target, str(name), place)
    if name is None and found.has_anonymous_job:
        raise CheckError("If you specify target you must specify schedule name, because no job has a name")
    return found


def _checked_cron(cron_schedule: Any, place: str) -> str | Sequence[str]:
    if not isinstance(cron_schedule, (str, Sequence)):
        raise ParameterCheckError(
            f"parameter 'cron_schedule' of {place} must be a string such as '0 0 * * *' or a list of "
            f"strings, not {repr_of(cron_schedule)}"
        )
    expressions = [cron_schedule] if isinstance(cron_schedule, str) else list(cron_schedule)
    if not expressions:
        raise DagflowInvalidDefinitionError(
            f"Found invalid cron schedule '[]' for {place}: the list has no cron expression"
        )
    for expression in expressions:
        check_cron_schedule(expression, place)
    found: str | Sequence[str] = cron_schedule
    return found


def _check_zone(execution_timezone: str, place: str) -> None:
    try:
        zone_named(execution_timezone)
    except DagflowInvalidDefinitionError as error:
        raise DagflowInvalidDefinitionError(
            f"Invalid execution timezone {execution_timezone} for {place}: {error}"
        ) from error


def _check_exclusive(
    place: str, run_config: Any, run_config_fn: Any, tags: Any, tags_fn: Any, should_execute: Any, fn: Any
) -> None:
    if fn is not None:
        others = {
            "run_config_fn": run_config_fn,
            "tags_fn": tags_fn,
            "should_execute": should_execute,
            "run_config": run_config or None,
        }
        for name, value in others.items():
            if value is not None:
                raise DagflowInvalidDefinitionError(
                    f"Attempted to provide both execution_fn and individual {name} arguments to {place}. "
                    "Must provide only one of the two."
                )
    if run_config and run_config_fn is not None:
        raise _excluded(place, "run_config_fn", "run_config")
    if tags and tags_fn is not None:
        raise _excluded(place, "tags_fn", "tags")


def _excluded(place: str, one: str, other: str) -> DagflowInvalidDefinitionError:
    return DagflowInvalidDefinitionError(
        f"Attempted to provide both {one} and {other} as arguments to {place}. Must provide only one of the "
        "two."
    )


def _optional(fn: Any, place: str) -> EvaluationFunction | None:
    return None if fn is None else evaluation_function(fn, place)
