"""The observers of this process: functions called with each event, output, finished run, or tick."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.events.record import DagflowEvent

if TYPE_CHECKING:
    from dagflow.metadata.value import MetadataValue


class ObservedOutput(NamedTuple):
    """An output that a node gave in this process.

    Attributes:
        node: The kind and name of the node: "asset orders", "check orders:positive", "op cafe:machine.brew".
            A direct call of an op has no job: "op brew".
        run_id: The id of the run; empty for a direct call.
        step_key: The key of the step; empty for a direct call.
        output: The name of the output.
        mapping_key: The mapping key of an output of a dynamic output; None for another one.
        value: The value, an AssetCheckResult for a check. It is not a copy: a later step may change it.
        has_value: Whether there is a value. A MaterializeResult may have none, and an output of type Nothing.
        metadata: The metadata that the function gave with it.
        call: The number of the direct call in this process, from 1, the same for all its outputs; 0 in a run.
    """

    node: str
    run_id: str
    step_key: str
    output: str
    mapping_key: str | None
    value: Any
    has_value: bool = True
    metadata: Mapping[str, MetadataValue] = {}
    call: int = 0


Observer = Callable[[DagflowEvent], None]
OutputObserver = Callable[[ObservedOutput], None]
RunObserver = Callable[[Any], None]
TickObserver = Callable[[Any], None]
_observers: list[Observer] = []
output_observers: list[OutputObserver] = []
"""The observers of outputs. A caller of `report_output` tests first whether there are any."""
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


def report_output(output: ObservedOutput) -> None:
    """Call the observers of outputs."""
    for observer in tuple(output_observers):
        observer(output)


@contextmanager
def observe_outputs(callback: OutputObserver) -> Iterator[None]:
    """Call `callback` with each output that a node gives in this block, on any thread.

    It is called in runs and in direct calls of ops, assets and checks, before anything stores or changes the
    value. A step in another process gives its outputs there, and a value of `given` is not an output.

    Args:
        callback: A function that takes an ObservedOutput. Its exception fails the step or the direct call.
            It may be called on several threads at once, and again for each attempt at a step.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> from dagflow.testing import observe_outputs
        >>> @asset
        ... def water():
        ...     return 1
        >>> seen = []
        >>> with observe_outputs(seen.append):
        ...     run_id, called = materialize_to_memory([water]).run_id, water()
        >>> [(one.node, one.output, one.value, one.run_id == run_id) for one in seen]
        [('asset water', 'result', 1, True), ('asset water', 'result', 1, False)]
    """
    output_observers.append(callback)
    try:
        yield
    finally:
        output_observers.remove(callback)


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
