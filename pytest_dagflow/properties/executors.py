"""The property that executors agree: `check_executors_agree`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagflow
from dagflow import (
    JobDefinition,
    ParameterCheckError,
    ReconstructableJob,
    RunConfig,
    build_reconstructable_job,
    execute_job,
    instance_for_test,
    reconstructable,
)
from dagflow.testing import run_options, run_values
from pytest_dagflow.drawing.programs import BuiltJob
from pytest_dagflow.properties.comparison import difference, difference_of_events
from pytest_dagflow.properties.worlds import Outcome, shown_target

_EXECUTORS = ("in_process", "multiprocess", "dask")


def check_executors_agree(
    job: Any,
    executors: Sequence[str] = ("in_process", "multiprocess"),
    *,
    run_config: Mapping[str, Any] | RunConfig | None = None,
    partition_key: str | None = None,
) -> None:
    """Check that a job has the same values and events with each executor.

    It finds a node that needs the process of another one: a global, an open file, the current folder. The
    runs have stored instances in temporary folders, and real time.

    Args:
        job: A job at the top of a module, one of `build_job` or `jobs()`, or a result of `reconstructable`.
        executors: At least two of "in_process", "multiprocess" and "dask".
        run_config: The config of each run.
        partition_key: The partition of each run.

    Raises:
        AssertionError: Two executors differ.
        ParameterCheckError: An argument is invalid.
        DagflowInvariantViolationError: Another process cannot find the job.

    Example:
        >>> from pytest_dagflow.strategies import build_job
        >>> check_executors_agree(build_job("a", "b(a)"))
    """
    __tracebackhide__ = True
    names = list(executors)
    for name in names:
        if name not in _EXECUTORS:
            raise ParameterCheckError(
                f"{name!r} is not an executor of check_executors_agree: use {_EXECUTORS}"
            )
    if len(names) < 2 or isinstance(executors, str):
        raise ParameterCheckError(f"check_executors_agree compares at least two executors, not {executors!r}")
    pointer = _pointer_to(job)
    first, *others = (_run(pointer, name, run_config, partition_key) for name in names)
    shown = shown_target(job) if isinstance(job, JobDefinition) else "job"
    for name, other in zip(names[1:], others, strict=True):
        lines = _difference(first, other)
        if lines:
            fact = f"the executors differ: with '{name}' {lines[0]}, as with '{names[0]}'"
            arguments = [shown, repr([names[0], name])]
            arguments += [f"run_config={run_config!r}"] if run_config else []
            arguments += [f"partition_key={partition_key!r}"] if partition_key else []
            repeat = f"repeat it with: check_executors_agree({', '.join(arguments)})"
            raise AssertionError("\n".join([fact, *lines[1:], repeat]))


def _difference(first: Outcome, other: Outcome) -> list[str]:
    if other.problem and not first.problem:
        return [f"the run fails: {other.problem}"]
    return difference(first, other) or difference_of_events(first, other)


def _pointer_to(job: Any) -> ReconstructableJob:
    if isinstance(job, ReconstructableJob):
        return job
    if isinstance(job, BuiltJob):
        return build_reconstructable_job("pytest_dagflow.drawing.programs", "build_job", job.texts)
    if not isinstance(job, JobDefinition):
        raise ParameterCheckError(f"parameter 'job' must be a job, not {job!r}")
    return reconstructable(job)


def _run(
    pointer: ReconstructableJob,
    name: str,
    run_config: Mapping[str, Any] | RunConfig | None,
    partition_key: str | None,
) -> Outcome:
    tags = {"dagflow/partition": partition_key} if partition_key else None
    with (
        instance_for_test() as instance,
        run_options(executor=getattr(dagflow, f"{name}_executor")),
        execute_job(pointer, instance, run_config=run_config, tags=tags) as result,
    ):
        return Outcome(result, run_values(result), None)
