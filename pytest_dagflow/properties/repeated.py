"""Properties of runs that are repeated: `check_idempotent`, `check_retry_safe`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagflow import DagflowError, RunConfig
from dagflow.testing import Fault
from pytest_dagflow.drawing.arguments import check_count
from pytest_dagflow.properties.comparison import difference, difference_of_events
from pytest_dagflow.properties.worlds import Pipeline, Resources, State


def check_idempotent(
    job_or_assets: Any,
    *,
    run_config: Mapping[str, Any] | RunConfig | None = None,
    partition_key: str | None = None,
    resources: Resources | None = None,
    state: State | None = None,
    runs: int = 2,
) -> None:
    """Check that a second run leaves the same values as the first, on the same instance and storage.

    It finds a node that appends to its data, counts its runs, or reads the time or random numbers. The value
    of an asset is loaded from its I/O manager after each run.

    Args:
        job_or_assets: A job, or a list of assets.
        run_config: The config of each run.
        partition_key: The partition of each run.
        resources: The resources, or a function that makes them. Other I/O managers are in memory.
        state: A function of the resources that returns the state outside of runs, which is compared too.
        runs: The number of runs.

    Raises:
        AssertionError: A run differs from the first one, or fails. The message names the first node.
        ParameterCheckError: An argument is invalid.

    Example:
        >>> from dagflow import asset
        >>> rows = []
        >>> @asset
        ... def orders():
        ...     rows.append(7)
        ...     return len(rows)
        >>> check_idempotent([orders])
        Traceback (most recent call last):
            ...
        AssertionError: not idempotent: after run 2 the value of 'orders' is 2, expected 1
        repeat it with: check_idempotent([orders])
    """
    __tracebackhide__ = True
    check_count("runs", runs, 2, 1_000)
    arguments = {"run_config": run_config, "partition_key": partition_key}
    pipeline = Pipeline("check_idempotent", job_or_assets, resources, state, **arguments)
    with pipeline.world([partition_key] if partition_key else ()) as world:
        first = world.run(run_config=run_config, partition_key=partition_key)
        if first.problem:
            raise pipeline.failure(f"the first run fails, so no other is compared: {first.problem}")
        for number in range(2, runs + 1):
            other = world.run(run_config=run_config, partition_key=partition_key)
            if other.problem:
                raise pipeline.failure(f"not idempotent: run {number} fails: {other.problem}")
            lines = difference(first, other) or difference_of_events(first, other)
            if lines:
                raise pipeline.failure(f"not idempotent: after run {number} {lines[0]}", lines[1:])


def check_retry_safe(
    job_or_assets: Any,
    *,
    run_config: Mapping[str, Any] | RunConfig | None = None,
    partition_key: str | None = None,
    resources: Resources | None = None,
    state: State | None = None,
) -> None:
    """Check that a retry leaves what one attempt leaves, for each node with a retry policy.

    In one run for each such node, its function ends and its outputs are stored, and then its first attempt
    fails. So all effects of the node happen twice. The values are compared with those of a run without a
    fault, in another world.

    Args:
        job_or_assets: A job, or a list of assets.
        run_config: The config of each run.
        partition_key: The partition of each run.
        resources: A function that makes the resources of each run; or resources that keep nothing.
        state: A function of the resources that returns the state outside of runs, which is compared too.

    Raises:
        AssertionError: A retry leaves other values or another state, or a run fails.
        DagflowError: No node that ran has a retry policy.
        ParameterCheckError: An argument is invalid.

    Example:
        >>> from dagflow import RetryPolicy, job, op
        >>> @op(required_resource_keys={"table"}, retry_policy=RetryPolicy(max_retries=1))
        ... def load(context):
        ...     context.resources.table.append("row")
        >>> @job
        ... def nightly():
        ...     load()
        >>> def new_table():
        ...     return {"table": []}
        >>> def count_rows(resources):
        ...     return len(resources["table"])
        >>> check_retry_safe(nightly, resources=new_table, state=count_rows)
        Traceback (most recent call last):
            ...
        AssertionError: not safe to retry: after a retry of 'load' the state outside of the run is 2, ...
        a run with this fault: dag_faults.fail_late('load')
        repeat it with: check_retry_safe(nightly, resources=new_table, state=count_rows)
    """
    __tracebackhide__ = True
    arguments = {"run_config": run_config, "partition_key": partition_key}
    pipeline = Pipeline("check_retry_safe", job_or_assets, resources, state, **arguments)
    healthy = pipeline.run_healthy(run_config=run_config, partition_key=partition_key)
    retried = False
    for step in healthy.result.plan.steps:
        node = step.key.partition("[")[0]
        fault = Fault("fail_late", node)
        outcome = pipeline.run_alone(run_config=run_config, partition_key=partition_key, faults=[fault])
        if not any(event.event_type.name == "STEP_UP_FOR_RETRY" for event in outcome.result.all_events):
            continue  # it has no policy, or did not run
        retried = True
        repeat = [f"a run with this fault: dag_faults.{fault.describe()}"]
        if outcome.problem:
            raise pipeline.failure(f"not safe to retry: the second attempt fails: {outcome.problem}", repeat)
        lines = difference(healthy, outcome)
        if lines:
            fact = f"not safe to retry: after a retry of '{node}' {lines[0]}"
            raise pipeline.failure(fact, [*lines[1:], *repeat])
    if not retried:
        raise DagflowError(
            f"check_retry_safe has nothing to check: no node of {pipeline.job!r} was tried again. "
            "Give one to an op, an asset or the job: retry_policy=RetryPolicy(max_retries=1)."
        )
