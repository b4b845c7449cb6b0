"""The observers of runs of this process: functions called with each event, or with each finished run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dagflow.events.record import DagflowEvent

Observer = Callable[[DagflowEvent], None]
RunObserver = Callable[[Any], None]
_observers: list[Observer] = []
_run_observers: list[RunObserver] = []


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
