"""What every run begins and ends with: its id and tags, the state that its steps share, and its place in the
instance.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import Any

from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.resources.io_managers import mem_io_manager
from dagflow.engine.log import RunLog
from dagflow.engine.run_state import NOTHING_EARLIER, Earlier, RunState
from dagflow.errors import CheckError, check_type
from dagflow.events.run import DagflowRun, DagflowRunStatus
from dagflow.events.types import CODE, DagflowEventType
from dagflow.instance.instance import DagflowInstance
from dagflow.keys import jsonable_tags, system_tag
from dagflow.observers import current_observers
from dagflow.options import RunOptions
from dagflow.plan.plan import Plan
from dagflow.plan.step import OutputKey, OutputRef, Step

_RUN_FAILURE = CODE[DagflowEventType.RUN_FAILURE]


def new_state(
    job: JobDefinition,
    plan: Plan,
    run: DagflowRun,
    instance: DagflowInstance,
    options: RunOptions,
    *,
    values: dict[OutputKey, Any],
    input_values: Mapping[str, Any],
    raise_on_error: bool,
    retries: bool = True,
    earlier: Earlier = NOTHING_EARLIER,
    pointer: Any = None,
) -> RunState:
    """The state of a run that is about to begin."""
    log = RunLog(plan, run, options.clock.now, current_observers())
    state = RunState(
        job,
        plan,
        run,
        log,
        options,
        lambda: instance,
        values=values,
        input_values=input_values,
        run_config=run.run_config,
        raise_on_error=raise_on_error,
        retries=retries,
        earlier=earlier,
        flush=None if instance.is_ephemeral else partial(instance.flush, run.run_id),
        pointer=pointer,
    )
    state.in_memory = frozenset(
        key for key, resource in job.resource_defs.items() if resource.kind == mem_io_manager.kind
    )
    if plan.logger_configs:
        from dagflow.engine.loggers import start_loggers  # imports Python's logging

        start_loggers(state)
    return state


def begin(state: RunState, instance: DagflowInstance) -> None:
    """Let the instance know of a run, and follow its log.

    Raises:
        DagflowRunAlreadyExists: It knows the id already.
    """
    job, plan, run = state.job, state.plan, state.run
    now = state.options.clock.now()
    instance.add_run(run, now)
    instance.set_run_status(run.run_id, DagflowRunStatus.STARTED, now)
    if job.asset_layer is not None:
        planned = [
            (step.key, output.asset_key, plan.partition_key if _is_partitioned(step) else None)
            for step in plan.steps
            if plan.executes(step)
            for output in step.outputs
            if output.asset_key is not None
        ]
        instance.report_planned(run, planned, now)
    instance.follow(run.run_id, state.log)


def end(state: RunState, instance: DagflowInstance, succeeded: bool) -> DagflowRun:
    """Let the instance know how a run ended. Returns the run as it ended."""
    now = state.options.clock.now()
    if not succeeded and state.is_being_canceled() and instance.report_canceled(state.run, now):
        return state.run.with_changes(status=DagflowRunStatus.CANCELED)
    status = DagflowRunStatus.SUCCESS if succeeded else DagflowRunStatus.FAILURE
    run = state.run if succeeded else _with_reason(state, instance)
    instance.set_run_status(run.run_id, status, state.options.clock.now())
    return run.with_changes(status=status)


def _with_reason(state: RunState, instance: DagflowInstance) -> DagflowRun:
    """A run that failed, with the tag that says why."""
    run = state.run
    failure = next((record for record in reversed(state.log.records) if record[0] == _RUN_FAILURE), None)
    if failure is None:
        return run
    _, reason, _ = failure[4]
    tag = {system_tag("failure_reason"): reason}
    instance.add_run_tags(run.run_id, tag)
    return run.with_changes(tags={**run.tags, **tag})


def _is_partitioned(step: Step) -> bool:
    return step.assets_def is not None and step.assets_def.partitions_def is not None


def checked_id(run_id: str | None) -> str:
    """The id of a new run: the one that was given, or a fresh one.

    Raises:
        CheckError: What was given is no UUID.
    """
    if run_id is None:
        digits = os.urandom(16).hex()  # a UUID of version 4, written without the module that costs an import
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
    import uuid

    try:
        return str(uuid.UUID(check_type(run_id, str, "run_id")))
    except ValueError:
        raise CheckError(f"parameter 'run_id' must be a UUID as text, not {run_id!r}") from None


def run_tags(
    job: JobDefinition, tags: Mapping[str, Any] | None, partition_key: str | None = None
) -> dict[str, str]:
    """The tags of a run: those of the job, under those that were given, under those of the partition."""
    merged = (
        {**job.run_tags, **jsonable_tags(tags, f"a run of job '{job.name}'")} if tags else dict(job.run_tags)
    )
    if partition_key is not None:
        merged.update(job.partition_tags(partition_key))
    return merged


def with_given(plan: Plan, options: RunOptions) -> tuple[Plan, dict[OutputKey, Any]]:
    """The plan with the outputs that the options give, and the values of these outputs."""
    if not options.given:
        return plan, {}
    values: dict[OutputKey, Any] = {}
    for key, value in options.given.items():
        for step in plan.steps:
            for output in step.outputs:
                if key in ((step.key, output.name), output.asset_key) or (
                    key == step.key and len(step.outputs) == 1
                ):
                    values[OutputRef(step.key, output.name)] = value
                    options.used.add(key)
    return (plan.with_given(frozenset(OutputRef(*key) for key in values)), values) if values else (plan, {})
