"""The simulation of the ticks of schedules and sensors over days of virtual time.

It does what a deployment would do: it evaluates each tick at its time, executes the requested runs, and keeps
the cursors of sensors. Every schedule and sensor that is given ticks, whatever its `default_status` is.

All ticks happen one after the other, in the order of their times. Ticks of one time are in the order of the
definitions, schedules first. A run that waits on the virtual clock moves it: the ticks that are due meanwhile
happen when the run has ended.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any, NamedTuple

from dagflow._util import nearest
from dagflow.analysis.ticks.launcher import Launcher
from dagflow.analysis.ticks.tick import SimulatedRequest, Tick
from dagflow.automation.schedule_context import ScheduleEvaluationContext
from dagflow.automation.schedule_tick import evaluate_schedule
from dagflow.automation.sensor_context import SensorEvaluationContext
from dagflow.automation.sensor_data import SensorExecutionData
from dagflow.automation.sensor_tick import evaluate_sensor
from dagflow.automation.tick_times import iterate_tick_times
from dagflow.clock import Clock, VirtualClock
from dagflow.defs.automation.condition_sensor import DEFAULT_NAME, AutomationConditionSensorDefinition
from dagflow.defs.automation.schedule import ScheduleDefinition
from dagflow.defs.automation.sensor import DEFAULT_INTERVAL, SensorDefinition
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.defs.project.automation import AnySchedule, targets_of
from dagflow.defs.project.definitions import Definitions
from dagflow.defs.project.repository import RepositoryDefinition, definitions_of
from dagflow.errors import (
    CheckError,
    DagflowInvariantViolationError,
    DagflowUserCodeExecutionError,
    check_optional,
    check_type,
    repr_of,
    text_of,
)
from dagflow.instance.instance import DagflowInstance
from dagflow.invocation.resources import OnDemand
from dagflow.options import current_options, set_options
from dagflow.partitions.requests import AddDynamicPartitionsRequest
from dagflow.tags import system_tag

_Automation = ScheduleDefinition | SensorDefinition


class SensorState:
    """The memory of a sensor between two ticks.

    Args:
        cursor: The cursor that the last tick left.

    Attributes:
        cursor: The cursor that the last tick left.
        start_time: The time of the first tick, in seconds since the epoch; None before it.
        last_tick_time: The time of the last tick, in seconds since the epoch; None before the first one.
        last_run_key: The run key of the last request.
    """

    __slots__ = ("cursor", "last_run_key", "last_tick_time", "start_time")

    def __init__(self, cursor: str | None = None) -> None:
        self.cursor: str | None = cursor
        self.start_time: float | None = None
        self.last_tick_time: float | None = None
        self.last_run_key: str | None = None


def simulate_ticks(
    what: Any,
    days: float | timedelta = 1,
    start: Any = None,
    *,
    instance: DagflowInstance | None = None,
    project: Definitions | Callable[[], Definitions] | None = None,
    resources: Mapping[str, Any] | None = None,
    job_resources: Callable[[JobDefinition], Mapping[str, Any]] | None = None,
    execute: bool = True,
    raise_on_error: bool = True,
    states: dict[str, SensorState] | None = None,
) -> list[Tick]:
    """Evaluate every tick of schedules and sensors over days of virtual time, and execute the requested runs.

    A tick at the start counts, one at the end does not. A sensor ticks at the start, and then each
    `minimum_interval_seconds`, or 30 seconds if that is not positive. A request with a run key that an
    earlier request of the schedule or sensor had starts no run. A failed run is no error: other sensors may
    react to it. Keys of dynamic partitions are added and deleted, and events of assets are stored.

    The time is that of the current VirtualClock, or of a new one. It is at the end afterwards.

    Args:
        what: A schedule or sensor, its name in `project`, a list of these, or Definitions or a repository:
            all of their schedules and sensors.
        days: The simulated time in days, or a timedelta.
        start: The start, as in `VirtualClock.move_to`; default: the time of the clock.
        instance: The instance that stores the runs; default: an ephemeral one.
        project: The Definitions in which names are found, and the assets of a job that selects them; default:
            those of `what`. A function that returns them is called only if they are needed.
        resources: Resources by key for ticks and runs, over those of the Definitions.
        job_resources: Returns further resources for the runs of a job. Default: values are stored in memory
            for all runs of the simulation, where the job stores them in files of the instance.
        execute: Whether the requested runs are executed. Otherwise `runs` is empty, and no sensor reacts.
        raise_on_error: Whether the first failing tick is raised. Otherwise it has an `error`, the cursor does
            not move, and the simulation goes on.
        states: The cursors of the sensors by name, which a later simulation continues. They are changed.

    Returns:
        All ticks in order.

    Raises:
        DagflowUserCodeExecutionError: A tick raised, requested an unknown job, asset or partition, or
            requested a run with invalid config.
        DagflowInvariantViolationError: A name is unknown.
        CheckError: `days` is negative, or `start` is no time.

    Example:
        >>> from dagflow import DailyPartitionsDefinition, build_schedule_from_partitioned_job, job
        >>> @job(partitions_def=DailyPartitionsDefinition("2024-01-01"))
        ... def count():
        ...     pass
        >>> nightly = build_schedule_from_partitioned_job(count, name="nightly", hour_of_day=6)
        >>> for tick in simulate_ticks(nightly, days=2, start="2024-02-01"):
        ...     print(tick)
        2024-02-01 06:00 nightly: count[2024-01-31]
        2024-02-02 06:00 nightly: count[2024-02-01]
    """
    span = _span(days)
    check_optional(resources, Mapping, "resources", "simulate_ticks")
    found, automations = _automations(what, project)
    clock = _clock_of(start)
    with set_options(clock=clock):
        if instance is None:
            instance = DagflowInstance.ephemeral()
        check_type(instance, DagflowInstance, "instance", "simulate_ticks")
        repository = found.get_repository_def()
        simulation = _Simulation(
            repository,
            instance,
            {**found.resources, **(resources or {})},
            Launcher(repository, instance, resources or {}, job_resources, execute=execute),
            {} if states is None else states,
            raise_on_error,
        )
        first = clock.now()
        ticks = list(simulation.run(automations, first, first + span))
        if clock.now() < first + span:
            clock.move_to(first + span)
    return ticks


def _span(days: float | timedelta) -> float:
    """Return a duration in seconds."""
    found: Any = check_type(days, (int, float, timedelta), "days", "simulate_ticks")
    seconds = found.total_seconds() if isinstance(found, timedelta) else found * 86_400.0
    if not 0 <= seconds < float("inf"):
        raise CheckError(f"parameter 'days' of simulate_ticks must not be negative, but it is {days!r}")
    return seconds


def _clock_of(start: Any) -> VirtualClock:
    """Return the current clock at the start of the simulation; a new one if it is not virtual."""
    current: Clock = current_options().clock
    if not isinstance(current, VirtualClock):
        return VirtualClock(current.now() if start is None else start)
    if start is not None:
        current.move_to(start)
    return current


def _automations(
    what: Any, project: Definitions | Callable[[], Definitions] | None
) -> tuple[Definitions, list[_Automation]]:
    """Return the definitions of the project, and the schedules and sensors that tick."""
    given = list(what) if isinstance(what, (list, tuple)) else [what]
    objects = [one for one in given if not isinstance(one, str)]
    names = [one for one in given if isinstance(one, str)]
    if callable(project):
        is_needed = bool(names) or any(_needs_project(one) for one in objects)
        project = project() if is_needed else None
    if names and project is None:
        raise DagflowInvariantViolationError(
            f"simulate_ticks got the name {repr_of(names[0])}, and no definitions in which it can find it: "
            "give it project=, or the schedule or sensor itself"
        )
    sources = [*objects, *([] if project is None or project in objects else [project])]
    found = definitions_of(*sources)
    schedules, sensors = found.resolve_automations()
    everything: list[_Automation] = [*schedules, *sensors]
    by_name = {one.name: one for one in everything}
    wanted = set(names)
    for one in objects:
        if isinstance(one, (Definitions, RepositoryDefinition)):
            own = one.definitions() if isinstance(one, RepositoryDefinition) else one
            wanted.update(each.name for each in [*own.schedules, *own.sensors])
            wanted.add(DEFAULT_NAME)
        elif hasattr(one, "name") and one.name in by_name:
            wanted.add(one.name)
        else:
            raise DagflowInvariantViolationError(
                f"{repr_of(one)} has no ticks: simulate_ticks takes schedules, sensors, their names, or "
                "Definitions"
            )
    for name in names:
        if name not in by_name:
            raise DagflowInvariantViolationError(
                f"there is no schedule or sensor {name!r}.{nearest(name, by_name)} The definitions have "
                f"{sorted(by_name)}"
            )
    return found, [one for name, one in by_name.items() if name in wanted]


def _needs_project(one: Any) -> bool:
    """Return whether a schedule or sensor starts a job that it does not hold whole."""
    if not isinstance(one, AnySchedule | SensorDefinition):
        return False
    if isinstance(one, AutomationConditionSensorDefinition):
        return True
    return any(
        target.job is None or (isinstance(target.job, UnresolvedAssetJobDefinition) and not target.assets)
        for target in targets_of(one)
    )


class _Due(NamedTuple):
    """The next tick of a schedule or sensor. The one with the lowest `seconds`, then `order`, is first."""

    seconds: float
    order: int
    automation: _Automation
    time: datetime
    later: Iterator[datetime]


class _Simulation:
    """The objects that all ticks of a simulation share."""

    def __init__(
        self,
        repository: RepositoryDefinition,
        instance: DagflowInstance,
        resources: Mapping[str, Any],
        launcher: Launcher,
        states: dict[str, SensorState],
        raise_on_error: bool,
    ) -> None:
        self.repository = repository
        self.instance = instance
        self.resources = resources
        self.launcher = launcher
        self.states = states
        self.raise_on_error = raise_on_error

    def run(self, automations: Sequence[_Automation], first: float, end: float) -> Iterator[Tick]:
        """Yield the ticks from `first` until before `end`, in seconds since the epoch."""
        clock = current_options().clock
        assert isinstance(clock, VirtualClock)
        heap: list[_Due] = []
        for order, automation in enumerate(automations):
            _push(heap, order, automation, self._times(automation, first), end)
        while heap:
            due = heapq.heappop(heap)
            if due.seconds > clock.now():
                clock.move_to(due.seconds)
            yield self._tick(due)
            _push(heap, due.order, due.automation, due.later, end)

    def _times(self, automation: _Automation, first: float) -> Iterator[datetime]:
        """Return the times of the ticks from `first` on."""
        if isinstance(automation, ScheduleDefinition):
            return iterate_tick_times(automation, first, is_included=True)
        interval = automation.minimum_interval_seconds
        interval = interval if interval > 0 else DEFAULT_INTERVAL
        last = self.states.setdefault(automation.name, SensorState()).last_tick_time
        if last is not None and last <= first:  # not if the clock was moved back since
            first = max(first, last + interval)
        return _regular(first, interval)

    def _tick(self, due: _Due) -> Tick:
        """Evaluate a tick, and apply its effects."""
        automation = due.automation
        tick = Tick(automation.name, due.time)
        try:
            if isinstance(automation, ScheduleDefinition):
                return self._schedule_tick(automation, tick)
            return self._sensor_tick(automation, tick, due.seconds)
        except Exception as error:  # also of user code
            if not self.raise_on_error:
                return tick._replace(error=error)
            what = "schedule" if isinstance(automation, ScheduleDefinition) else "sensor"
            own = getattr(error, "user_exception", error)
            reason = text_of(own)
            end = "" if reason.endswith((".", "?")) else "."
            raise DagflowUserCodeExecutionError(
                f"the tick of {what} '{automation.name}' at {tick.time_text} failed: {reason}{end} To go "
                "on after a failing tick, as a deployment does, give raise_on_error=False.",
                user_exception=own,
            ) from error

    def _schedule_tick(self, schedule: ScheduleDefinition, tick: Tick) -> Tick:
        own = ScheduleEvaluationContext(
            None,
            tick.time,
            schedule_name=schedule.name,
            resources=self._resources_of(schedule),
            repository_def=self.repository,
            instance=self.instance,
        )
        with own as context:
            data = evaluate_schedule(schedule, context)
        requests = self._launched(data.run_requests, schedule)
        return tick._replace(requests=requests, skip_message=data.skip_message)

    def _sensor_tick(self, sensor: SensorDefinition, tick: Tick, seconds: float) -> Tick:
        state = self.states[sensor.name]
        if state.start_time is None:
            state.start_time = seconds
        own = SensorEvaluationContext(
            None,
            state.last_tick_time,
            state.last_run_key,
            state.cursor,
            repository_def=self.repository,
            instance=self.instance,
            sensor_name=sensor.name,
            resources=self._resources_of(sensor),
            last_sensor_start_time=state.start_time,
        )
        state.last_tick_time = seconds  # also of a tick that fails
        with own as context:
            data = evaluate_sensor(sensor, context)
        self._apply(data)
        requests = self._launched(data.run_requests or (), sensor)
        state.cursor = data.cursor
        keys = [request.run_key for request in data.run_requests or () if request.run_key is not None]
        state.last_run_key = keys[-1] if keys else state.last_run_key
        return tick._replace(
            requests=requests,
            skip_message=data.skip_message,
            cursor=data.cursor,
            reactions=data.dagflow_run_reactions,
            dynamic_partitions_requests=data.dynamic_partitions_requests,
            asset_events=data.asset_events,
        )

    def _apply(self, data: SensorExecutionData) -> None:
        """Add and delete keys of dynamic partitions, and store events of assets."""
        for change in data.dynamic_partitions_requests or ():
            if isinstance(change, AddDynamicPartitionsRequest):
                self.instance.add_dynamic_partitions(change.partitions_def_name, change.partition_keys)
                continue
            for key in change.partition_keys:
                self.instance.delete_dynamic_partition(change.partitions_def_name, key)
        for event in data.asset_events or ():
            self.instance.report_runless_asset_event(event)

    def _launched(
        self, requests: Sequence[RunRequest], automation: _Automation
    ) -> Sequence[SimulatedRequest]:
        """Execute the requested runs, and return the requests with the runs."""
        if not requests:
            return ()
        kind = "schedule_name" if isinstance(automation, ScheduleDefinition) else "sensor_name"
        owner = {system_tag(kind): automation.name}
        names = [target.job_name for target in targets_of(automation)]
        return [
            # the tick has checked the name, unless there is only one
            self.launcher.launch(request, request.job_name or names[0], owner)
            for request in requests
        ]

    def _resources_of(self, automation: _Automation) -> OnDemand | None:
        """Return the resources that a tick can read; None if it reads none."""
        return OnDemand(self.resources) if _needs_resources(automation) else None


def _needs_resources(automation: _Automation) -> bool:
    if isinstance(automation, SensorDefinition):
        return bool(automation.required_resource_keys)
    functions = (automation.should_execute, automation.run_config_fn, automation.tags_fn)
    return bool(automation.required_resource_keys) or any(one and one.resources for one in functions)


def _regular(first: float, interval: int) -> Iterator[datetime]:
    """Yield a time each `interval` seconds."""
    for number in count():
        yield datetime.fromtimestamp(first + number * interval, timezone.utc)


def _push(
    heap: list[_Due], order: int, automation: _Automation, times: Iterator[datetime], end: float
) -> None:
    """Add the next tick of a schedule or sensor, if it is before the end."""
    time = next(times, None)
    if time is not None and (seconds := time.timestamp()) < end:
        heapq.heappush(heap, _Due(seconds, order, automation, time, times))
