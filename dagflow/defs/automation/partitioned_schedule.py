"""Schedules that request runs for the partitions of a job: `build_schedule_from_partitioned_job`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from dagflow import _doors
from dagflow.copies import Copied
from dagflow.defs.automation.function import EvaluationFunction
from dagflow.defs.automation.results import SkipReason
from dagflow.defs.automation.schedule import DefaultScheduleStatus, ScheduleDefinition
from dagflow.defs.automation.target import AnyJob
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, check_type, repr_of
from dagflow.metadata.normalize import normalize_metadata
from dagflow.options import current_options
from dagflow.partitions.cadence import ScheduleType
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import Moment
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition
from dagflow.tags import check_run_tags

if TYPE_CHECKING:
    from dagflow.defs.jobs.run_request import RunRequest

_BUILDER = "build_schedule_from_partitioned_job"
_UNSUPPORTED = {
    ScheduleType.HOURLY: ("hour_of_day", "day_of_week", "day_of_month"),
    ScheduleType.DAILY: ("day_of_week", "day_of_month"),
    ScheduleType.WEEKLY: ("day_of_month",),
    ScheduleType.MONTHLY: ("day_of_week",),
}


class _Times(NamedTuple):
    """The arguments of the builder about the times of ticks."""

    minute_of_hour: int | None
    hour_of_day: int | None
    day_of_week: int | None
    day_of_month: int | None
    cron_schedule: str | Sequence[str] | None
    execution_timezone: str | None

    @property
    def numbers(self) -> dict[str, int]:
        """The given numbers by argument."""
        return {
            name: value for name, value in zip(self._fields[:4], self[:4], strict=True) if value is not None
        }


def build_schedule_from_partitioned_job(
    job: AnyJob,
    description: str | None = None,
    name: str | None = None,
    minute_of_hour: int | None = None,
    hour_of_day: int | None = None,
    day_of_week: int | None = None,
    day_of_month: int | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    tags: Mapping[str, Any] | None = None,
    cron_schedule: str | Sequence[str] | None = None,
    execution_timezone: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
) -> UnresolvedPartitionedAssetScheduleDefinition | ScheduleDefinition:
    """Make a schedule that requests the last complete time window of a job, or all of its static keys.

    Args:
        job: A job with time windows, with static keys, or with both in two dimensions. A job of
            `define_asset_job` without `partitions_def` gets its partitions from its assets: then the result
            is resolved by the Definitions.
        description: A sentence for people.
        name: Default: the name of the job with `_schedule` behind it.
        minute_of_hour: The minute of ticks; default: the minute at which windows start.
        hour_of_day: The hour of ticks; default: the hour at which windows start.
        day_of_week: The day of ticks, 0 for Sunday; for weekly windows.
        day_of_month: The day of ticks; for monthly windows.
        default_status: The first status in a deployment.
        tags: The tags of the runs.
        cron_schedule: The times of ticks; for static keys.
        execution_timezone: The time zone of `cron_schedule`.
        metadata: Metadata by name.
        owners: The owners: email addresses, or teams as `team:name`.

    Raises:
        CheckError: The job is not partitioned, or an argument does not fit its partitions.
        DagflowInvalidDefinitionError: The job has other partitions, or a number is out of range.

    Example:
        >>> from datetime import datetime
        >>> from dagflow import DailyPartitionsDefinition, build_schedule_context, job
        >>> @job(partitions_def=DailyPartitionsDefinition("2024-01-01"))
        ... def count():
        ...     pass
        >>> daily = build_schedule_from_partitioned_job(count, hour_of_day=6)
        >>> tick = daily.evaluate_tick(
        ...     build_schedule_context(scheduled_execution_time=datetime(2024, 1, 5, 6)))
        >>> daily.cron_schedule, tick.run_requests[0].partition_key
        ('0 6 * * *', '2024-01-04')
    """
    times = _Times(minute_of_hour, hour_of_day, day_of_week, day_of_month, cron_schedule, execution_timezone)
    if (cron_schedule is not None or execution_timezone is not None) and times.numbers:
        raise CheckError(
            f"Cannot provide both cron_schedule / execution_timezone parameters and {list(times.numbers)} "
            f"parameters to {_BUILDER}"
        )
    if day_of_week is not None and day_of_month is not None:
        raise CheckError(f"Cannot provide both day_of_month and day_of_week parameter to {_BUILDER}.")
    for name_of_number, number in times.numbers.items():
        if not 0 <= check_type(number, int, name_of_number, _BUILDER) <= 59:
            raise DagflowInvalidDefinitionError(
                f"'{name_of_number}' of {_BUILDER} is {repr_of(number)}, which no time has"
            )
    check_type(job, (JobDefinition, UnresolvedAssetJobDefinition), "job", _BUILDER)
    own_name = f"{job.name}_schedule" if name is None else check_type(name, str, "name", _BUILDER)
    options: dict[str, Any] = {
        "description": description, "default_status": default_status, "metadata": metadata, "owners": owners
    }  # fmt: skip
    run_tags = check_run_tags(tags, f"schedule '{own_name}'")
    unresolved = UnresolvedPartitionedAssetScheduleDefinition(own_name, job, times, run_tags, options)
    if isinstance(job, UnresolvedAssetJobDefinition) and job.partitions_def is None:
        # a schedule with any times checks the other arguments now, with the user's line in the traceback
        ScheduleDefinition(own_name, job=job, cron_schedule="@daily", **options)
        return unresolved
    return unresolved.resolve(job)


class UnresolvedPartitionedAssetScheduleDefinition(Copied):
    """A schedule of a job whose partitions only its Definitions have. `get_schedule_def` resolves it.

    Attributes:
        name: The name.
        job: The unresolved job.
        tags: The tags of the runs.
        times: The arguments about the times of ticks.
        options: The other arguments of the schedule.
    """

    __slots__ = ("__weakref__", "job", "name", "options", "tags", "times")

    def __init__(
        self, name: str, job: AnyJob, times: _Times, tags: Mapping[str, str], options: dict[str, Any]
    ) -> None:
        self.name: str = name
        self.job: AnyJob = job
        self.times: _Times = times
        self.tags: Mapping[str, str] = tags
        self.options: dict[str, Any] = options

    @property
    def job_name(self) -> str:
        """The name of the job."""
        return self.job.name

    @property
    def owners(self) -> Sequence[str] | None:
        """The owners."""
        owners: Sequence[str] | None = self.options["owners"]
        return owners

    @property
    def description(self) -> str | None:
        """A sentence for people, or None."""
        description: str | None = self.options["description"]
        return description

    @property
    def default_status(self) -> DefaultScheduleStatus:
        """The first status in a deployment."""
        status: DefaultScheduleStatus = self.options["default_status"]
        return status

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata by name."""
        return normalize_metadata(self.options["metadata"], f"schedule '{self.name}'")

    def resolve(self, job: AnyJob) -> ScheduleDefinition:
        """Return the schedule of a job whose partitions are known.

        Raises:
            CheckError: The job is not partitioned, or an argument does not fit its partitions.
            DagflowInvalidDefinitionError: The job has other partitions, or a number is out of range.
        """
        partitions_def = job.partitions_def
        if partitions_def is None:
            raise CheckError(
                f"The provided job is not partitioned: {job!r} has no partitions_def, which schedule "
                f"'{self.name}' needs. Use ScheduleDefinition for a job without partitions."
            )
        windows = _windows_of(partitions_def)
        request = _PartitionRequests(job, partitions_def, windows, self.tags)
        made = ScheduleDefinition(
            self.name,
            job=job,
            cron_schedule=_cron_schedule(windows, self.times, job),
            execution_timezone=self.times.execution_timezone if windows is None else windows.timezone,
            execution_fn=request,
            **self.options,
        )
        made.is_decorated = True
        if windows is not None and windows.exclusions:
            made.should_execute = EvaluationFunction(request.is_due, f"schedule '{self.name}'")
        return made

    def __getattr__(self, name: str) -> NoReturn:
        if name in UnresolvedPartitionedAssetScheduleDefinition.__slots__:
            raise AttributeError(name)  # not set yet: the object is being copied or unpickled
        hint = ""
        if not name.startswith("_") and hasattr(ScheduleDefinition, name):
            resolved = f"defs.get_schedule_def('{self.name}').{name}"
            hint = f", because only its Definitions have the partitions of its job. Use {resolved}."
        raise AttributeError(f"schedule '{self.name}' has no attribute '{name}'{hint}")

    def __repr__(self) -> str:
        return f"<schedule '{self.name}', which defs.get_schedule_def('{self.name}') resolves>"


class _PartitionRequests(Copied):
    """The function of a schedule of partitions."""

    __slots__ = ("job", "partitions_def", "tags", "windows")

    def __init__(
        self,
        job: AnyJob,
        partitions_def: PartitionsDefinition,
        windows: TimeWindowPartitionsDefinition | None,
        tags: Mapping[str, str],
    ) -> None:
        self.job: AnyJob = job
        self.partitions_def: PartitionsDefinition = partitions_def
        self.windows: TimeWindowPartitionsDefinition | None = windows
        self.tags: Mapping[str, str] = tags

    def __call__(self, context: Any) -> Any:
        """Return the requests for the partitions of a tick."""
        now = _time_of(context)
        store = context.instance if self._needs_store() else None
        keys = self._keys(now, store)
        if not keys:
            return SkipReason("The job's PartitionsDefinition has no partitions")
        requests: list[RunRequest] = [
            self.job.run_request_for_partition(
                key, run_key=key, tags=self.tags, current_time=now, dynamic_partitions_store=store
            )
            for key in keys
        ]
        return requests[0] if len(requests) == 1 else requests

    def is_due(self, context: Any) -> bool:
        """Return whether the last window, also among those that are left out, is not left out."""
        assert self.windows is not None
        windows = self.windows.windows
        last = windows.cadence.before(windows.bound(_time_of(context), ignores_exclusions=True))
        return last < windows.first or not windows.lacks(last)

    def _needs_store(self) -> bool:
        multi = self.partitions_def
        return isinstance(multi, MultiPartitionsDefinition) and any(
            getattr(each, "name", None) is not None for each in multi.dimensions.values()
        )

    def _keys(self, now: Moment, store: Any) -> Sequence[str]:
        if self.windows is None:
            return self.partitions_def.get_partition_keys(now, store)
        last = self.windows.get_last_partition_key(now)
        if last is None:
            return []
        multi = self.partitions_def
        if not isinstance(multi, MultiPartitionsDefinition):
            return [last]
        return multi.get_multipartition_keys_with_dimension_value(
            multi.time_window_dimension.name, last, current_time=now, dynamic_partitions_store=store
        )


def _time_of(context: _doors.ScheduleEvaluationContext) -> Moment:
    given = context.given_execution_time
    return current_options().clock.now() if given is None else given


def _windows_of(partitions_def: PartitionsDefinition) -> TimeWindowPartitionsDefinition | None:
    """Return the time windows of a definition; None for static keys.

    Raises:
        DagflowInvalidDefinitionError: The definition has neither.
    """
    if isinstance(partitions_def, TimeWindowPartitionsDefinition):
        return partitions_def
    if isinstance(partitions_def, MultiPartitionsDefinition):
        parts = partitions_def.dimensions.values()
        windows = [each for each in parts if isinstance(each, TimeWindowPartitionsDefinition)]
        if len(windows) == 1:
            return windows[0]
    if isinstance(partitions_def, StaticPartitionsDefinition):
        return None
    raise DagflowInvalidDefinitionError(
        "Tried to build a partitioned schedule, but received an invalid partitions definition: "
        f"{partitions_def!r}. It must be time windows, static keys, or a MultiPartitionsDefinition with one "
        "dimension of time windows."
    )


def _cron_schedule(
    windows: TimeWindowPartitionsDefinition | None, times: _Times, job: AnyJob
) -> str | Sequence[str]:
    numbers = times.numbers
    if windows is None:
        if times.cron_schedule is None:
            raise CheckError(
                f"Creating a schedule from a static partitions definition requires a cron schedule: give "
                f"{_BUILDER} the argument cron_schedule for job '{job.name}'"
            )
        return times.cron_schedule
    if times.cron_schedule is not None or times.execution_timezone is not None:
        raise CheckError(
            f"Cannot provide cron_schedule or execution_timezone to {_BUILDER} for a time-partitioned job, "
            f"as '{job.name}': its partitions have the times {windows.cron_schedule!r}"
        )
    schedule_type = windows.schedule_type
    if schedule_type is None:
        if numbers:
            raise CheckError(
                f"{windows.cron_schedule} does not support minute_of_hour/hour_of_day/day_of_week/"
                f"day_of_month arguments, but {list(numbers)} were given to {_BUILDER}"
            )
        return windows.cron_schedule
    for name in _UNSUPPORTED[schedule_type]:
        if name in numbers:
            raise CheckError(
                f"Cannot set {name.replace('_', ' ')} parameter with {schedule_type.value.lower()} "
                f"partitions. Remove {name}."
            )
    minute, hour, month_day, month, week_day = windows.cron_schedule.split()
    return " ".join(
        [
            str(numbers.get("minute_of_hour", minute)),
            str(numbers.get("hour_of_day", hour)),
            str(numbers.get("day_of_month", month_day)),
            month,
            str(numbers.get("day_of_week", week_day)),
        ]
    )
