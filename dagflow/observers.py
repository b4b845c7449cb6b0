"""The observers of this process: functions called with each event, each finished run, or each tick."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dagflow.events.record import DagflowEvent

Observer = Callable[[DagflowEvent], None]
RunObserver = Callable[[Any], None]
TickObserver = Callable[[Any], None]
_observers: list[Observer] = []
_run_observers: list[RunObserver] = []
_tick_observers: list[TickObserver] = []


def current_observers() -> tuple[Observer, ...]:
    """Return the observers of a run that starts now."""
    return tuple(_observers)


@contextmanager
def observe(callback: Observer) -> Iterator[None]:
    """Call `callback` with each event of each run that starts in this block, on any thread.

    Args:
        callback: A function that takes a DagflowEvent. An exception of it ends the run.

    Example:
        >>> from dagflow import job
        >>> from dagflow.testing import observe
        >>> @job
        ... def nothing():
        ...     pass
        >>> seen = []
        >>> with observe(seen.append):
        ...     result = nothing.execute_in_process()
        >>> seen[0].event_type.name
        'RUN_START'
    """
    _observers.append(callback)
    try:
        yield
    finally:
        _observers.remove(callback)


def report_run(result: Any) -> None:
    """Call the run observers with the result of a finished run."""
    for observer in tuple(_run_observers):
        observer(result)


@contextmanager
def observe_runs(callback: RunObserver) -> Iterator[None]:
    """Call `callback` once for each run that ends in this block, on any thread. Adds no cost per event.

    Args:
        callback: A function that takes the ExecuteInProcessResult, even if the failure of the run is raised
            to its caller.

    Example:
        >>> from dagflow import job
        >>> from dagflow.testing import observe_runs
        >>> @job
        ... def nothing():
        ...     pass
        >>> seen = []
        >>> with observe_runs(seen.append):
        ...     result = nothing.execute_in_process()
        >>> seen[0].success
        True
    """
    _run_observers.append(callback)
    try:
        yield
    finally:
        _run_observers.remove(callback)


def report_tick(automation: Any) -> None:
    """Call the tick observers with a schedule or sensor whose tick is evaluated now."""
    for observer in tuple(_tick_observers):
        observer(automation)


@contextmanager
def observe_ticks(callback: TickObserver) -> Iterator[None]:
    """Call `callback` at the start of each tick that is evaluated in this block, on any thread.

    Args:
        callback: A function that takes the schedule or sensor. The direct call of its function is no tick.

    Example:
        >>> from dagflow import ScheduleDefinition, build_schedule_context, job
        >>> from dagflow.testing import observe_ticks
        >>> @job
        ... def nothing():
        ...     pass
        >>> daily = ScheduleDefinition("daily", cron_schedule="@daily", job=nothing)
        >>> seen = []
        >>> with observe_ticks(seen.append):
        ...     data = daily.evaluate_tick(build_schedule_context())
        >>> seen
        [<schedule 'daily' of job 'nothing'>]
    """
    _tick_observers.append(callback)
    try:
        yield
    finally:
        _tick_observers.remove(callback)
