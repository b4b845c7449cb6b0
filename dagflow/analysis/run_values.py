"""The values of a run, as the readers of its outputs load them: to compare two runs."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

from dagflow import _doors
from dagflow.events.types import DagflowEventType
from dagflow.io.builtin import is_memory_of_run
from dagflow.plan.step import Step
from dagflow.runs.results import ExecutionResult


class RunValue(NamedTuple):
    """One value of a run.

    Attributes:
        step_key: The key of the step that gave it.
        output: The name of the output.
        name: The name of the value for people: an asset key, or a step and an output other than "result".
        value: A copy of the value.
    """

    step_key: str
    output: str
    name: str
    value: Any


def run_values(result: ExecutionResult) -> list[RunValue]:
    """Return the values of a run in the order of its steps.

    The value of an asset is loaded from its I/O manager, if one stores it outside of the run.

    Args:
        result: The result of a run of this process.

    Raises:
        Exception: The I/O manager of an asset raised it.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return [1]
        >>> run_values(materialize_to_memory([water]))
        [RunValue(step_key='water', output='result', name='water', value=[1])]
    """
    started = {
        str(event.step_key) for event in result.all_events if event.event_type == DagflowEventType.STEP_OUTPUT
    }
    keys = [step.key for step in result.plan.steps if step.key in started]
    keys += sorted(started - set(keys))  # of mapped steps, which the plan has as one
    return [value for key in keys for value in _values_of(result, key)]


def _values_of(result: ExecutionResult, step_key: str) -> Iterator[RunValue]:
    step = result.plan.step_by_key(step_key)
    for name, value in result.outputs_for_step(step_key).items():
        asset = step.output_by_name[name].asset
        if asset is None:
            shown = step_key if name == "result" else f"{step_key}.{name}"
        else:
            shown = asset.key.to_user_string()
            value = _stored(result, step, name, value)
        yield RunValue(step_key, name, shown, _copied(value))


def _stored(result: ExecutionResult, step: Step, name: str, value: Any) -> Any:
    """Return the value of an asset in its storage, or the given one if the run alone keeps it."""
    job, output = result.job_def, step.output_by_name[name]
    manager = job.resource_defs.get(output.manager_key or "")
    if manager is None or job.asset_layer is None or is_memory_of_run(manager) or output.asset is None:
        return value
    partition = result.plan.partitions.key
    with _doors.AssetValueLoader(job.asset_layer.known, job.resource_defs, result.instance) as loader:
        return loader.load_asset_value(output.asset.key, partition_key=partition)


def _copied(value: Any) -> Any:
    """Return a copy, because a later run may change the value; the value itself if it has no copy."""
    try:
        return deepcopy(value)
    except Exception:  # the class of a user may raise anything
        return value
