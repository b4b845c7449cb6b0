"""`launch`: the only way to start a run.

It checks the partition, reads the config, compiles the plan, creates the run, begins it, runs its steps
and ends it. Every function that runs something builds a LaunchRequest and calls `launch`.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from dagflow.config.plain import run_config_dict
from dagflow.copies import first_of
from dagflow.defs.jobs.definition import JobDefinition, check_inputs
from dagflow.engine.log import RunLog
from dagflow.engine.loop import run_plan
from dagflow.engine.run_state import RunState
from dagflow.errors import CheckError, DagflowInvariantViolationError, check_type, repr_of
from dagflow.events.run import DagflowRun, DagflowRunStatus
from dagflow.events.types import CODE, DagflowEventType
from dagflow.executors.in_process import submit_of
from dagflow.instance.instance import DagflowInstance
from dagflow.io.builtin import is_memory_of_run
from dagflow.keys import EPHEMERAL_JOB_NAME, AssetKey
from dagflow.observers import current_observers, report_run
from dagflow.options import RunOptions, current_options
from dagflow.plan.compile import compile_plan, with_given
from dagflow.plan.plan import Plan
from dagflow.plan.step import OutputKey, OutputRef
from dagflow.plan.surroundings import Surroundings, check_partition
from dagflow.runs.results import ExecutionResult
from dagflow.tags import jsonable_tags, system_tag, system_tag_spellings

if TYPE_CHECKING:
    from dagflow.partitions.keys import PartitionKeyRange
    from dagflow.runs.given import GivenOutput

_NO_ASSETS: frozenset[AssetKey] = frozenset()
_RUN_FAILURE = CODE[DagflowEventType.RUN_FAILURE]
_Result = TypeVar("_Result", bound=ExecutionResult)


class Execution(Protocol):
    """The parts of a launch that differ if an executor runs the steps."""

    @property
    def is_in_process(self) -> bool:
        """Whether the steps run in this process. Known after `prepare`."""

    def prepare(self, plan: Plan) -> Plan:
        """Return the plan of the steps that are executed, and make the executor. No run exists yet."""

    def run_fields(self, plan: Plan) -> Mapping[str, Any]:
        """Return the fields of the run about selections and the parent run."""

    def configure(self, state: RunState) -> None:
        """Set the attributes of the state that the executor decides."""

    def run(self, state: RunState) -> bool:
        """Run the steps. Return whether the run succeeded."""


class LaunchRequest(NamedTuple):
    """The arguments of a run, as the caller gave them.

    Attributes:
        job: The job, with the selected part of its graph.
        run_config: The run config; if empty, the config for the partition or the default of the job.
        instance: The instance that stores the run; default: an ephemeral instance.
        partition_key: The partition of the run. Default: the partition that the tags name.
        raise_on_error: Whether the first failure is raised.
        tags: The tags of the run, over those of the job.
        run_id: The id of the run; default: a new one.
        input_values: The values of inputs of the graph, over those of the job.
        execution: The executor and the selections; default: all steps run in this process.
    """

    job: JobDefinition
    run_config: Any = None
    instance: DagflowInstance | None = None
    partition_key: str | None = None
    raise_on_error: bool = True
    tags: Mapping[str, Any] | None = None
    run_id: str | None = None
    input_values: Mapping[str, Any] | None = None
    execution: Execution | None = None


def launch(request: LaunchRequest, result_class: type[_Result]) -> _Result:
    """Run a job, and return the result.

    Raises:
        CheckError: An argument is invalid; no run was created.
        DagflowInvalidConfigError: The run config does not match; no run was created.
        DagflowUnknownPartitionError: The partition is unknown; no run was created.
        Exception: The first failure, with `raise_on_error`.
    """
    job, run_config, given_instance, partition_key, raise_on_error, tags, run_id, inputs, execution = request
    options = current_options()
    place = job.place
    config = run_config_dict(run_config, place)
    instance = DagflowInstance.ephemeral() if given_instance is None else given_instance
    check_type(instance, DagflowInstance, "instance")
    check_type(raise_on_error, bool, "raise_on_error")
    if inputs:
        check_inputs(inputs, job.graph, place)
    inputs = {**job.input_values, **inputs} if inputs else job.input_values
    surroundings = Surroundings(os.environ, options.clock.now(), instance)
    partition_range = None
    if job.partitions_def is not None:
        partition_key, partition_range = _partitions_of(job, tags, partition_key)
    if partition_key is not None and not config and job.partitioned_config is not None:
        check_partition(job, partition_key, surroundings)
        config = job.partitioned_config.get_run_config_for_partition_key(partition_key)
    plan = compile_plan(
        job,
        config,
        surroundings,
        partition_key=partition_key,
        partition_range=partition_range,
        bound_inputs=frozenset(inputs),
        in_process=execution is None,
    )
    if options.edit is not None:
        plan = options.edit.edited(job, plan, surroundings)
    if execution is not None:
        plan = execution.prepare(plan)
    given: dict[OutputRef, GivenOutput] = {}
    if options.given:
        from dagflow.runs.given import given_outputs  # imported lazily: only tests give values

        given = given_outputs(plan, options)
        plan = with_given(job, plan, frozenset(given)) if given else plan
    if plan.has_templates:
        plan = plan.for_run()
    if execution is None:
        fields: Mapping[str, Any] = _selected_in(job)
        run_tags = tags_of(job, tags, partition_key)
    else:  # the tags of an execution name its partition, so they are complete
        fields, run_tags = execution.run_fields(plan), tags_of(job, tags)
    run = DagflowRun(job.name, checked_id(run_id), config, DagflowRunStatus.STARTED, run_tags, **fields)
    if execution is None:
        run.step_keys_to_execute = plan.step_keys  # not an argument, whose check reads each of them
    state = _new_state(job, plan, run, instance, options, {key: one.value for key, one in given.items()})
    state.input_values, state.raise_on_error = inputs, raise_on_error
    if execution is not None:
        execution.configure(state)
    if given:
        from dagflow.runs.given import check_given  # imported lazily, too

        check_given(state, given)
    if options.faults is not None:
        options.faults.begin(state, is_in_process=execution is None or execution.is_in_process)
    with state.following_python_logs():
        _begin(state, instance)
        succeeded = False
        try:
            succeeded = run_plan(state, submit_of(state)) if execution is None else execution.run(state)
        finally:
            if options.faults is not None:
                options.faults.end(state)
            result = result_class(state, _end(state, instance, succeeded), instance)
            report_run(result)
    return result


def _selected_in(job: JobDefinition) -> Mapping[str, Any]:
    """Return the fields of a run with the assets and checks that its caller selected; empty for all."""
    if job.asset_layer is None:
        return {"asset_selection": None}
    data = job.asset_selection_data
    if data is None:
        return {"asset_selection": _NO_ASSETS}
    return {"asset_selection": data.asset_selection, "asset_check_selection": data.asset_check_selection}


def create_run(
    instance: DagflowInstance,
    job: JobDefinition,
    run_id: str | None = None,
    run_config: Any = None,
    tags: Mapping[str, Any] | None = None,
    parent_run_id: str | None = None,
    root_run_id: str | None = None,
) -> DagflowRun:
    """Store a run of a job in an instance without starting it; see `DagflowInstance.create_run_for_job`."""
    run = DagflowRun(
        job.name,
        checked_id(run_id),
        run_config_dict(run_config, job.describe_target()),
        tags=tags_of(job, tags),
        parent_run_id=parent_run_id,
        root_run_id=root_run_id,
    )
    instance.add_run(run, current_options().clock.now())
    return run


def _new_state(
    job: JobDefinition,
    plan: Plan,
    run: DagflowRun,
    instance: DagflowInstance,
    options: RunOptions,
    values: dict[OutputKey, Any],
) -> RunState:
    log = RunLog(plan, run, options.clock.now, current_observers())
    state = RunState(job, plan, run, log, options, partial(first_of, instance), values)
    state.in_memory = frozenset(
        [key for key, resource in job.resource_defs.items() if is_memory_of_run(resource)]
    )
    if instance.is_ephemeral:
        log.instance = weakref.ref(instance)
    else:
        state.flush = partial(instance.flush, run.run_id)
    if plan.logger_configs:
        from dagflow.engine.loggers import start_loggers  # imported lazily: it imports Python's logging

        start_loggers(state)
    return state


def _begin(state: RunState, instance: DagflowInstance) -> None:
    """Store a run and its planned assets in the instance when it begins, and connect its log to the instance.

    Raises:
        DagflowRunAlreadyExists: The instance has a run with this id.
    """
    job, plan, run = state.job, state.plan, state.run
    now = state.options.clock.now()
    instance.add_run(run, now)
    instance.set_run_status(run.run_id, DagflowRunStatus.STARTED, now)
    if job.asset_layer is not None:
        planned = [
            (step.key, output.asset.key, partition)
            for step in plan.steps
            if plan.executes(step)
            for output in step.outputs
            if output.asset is not None
            for partition in plan.partitions.of(output.asset.partitions_def)
        ]
        instance.report_planned(run, planned, now)
        if job.asset_layer.checks:
            checks = [
                (
                    step.key,
                    output.check_spec.key,
                    () if output.check_spec.partitions_def is None else plan.partitions.keys,
                )
                for step in plan.steps
                if plan.executes(step)
                for output in step.outputs
                if output.check_spec is not None and output.is_selected
            ]
            instance.report_planned_checks(run, checks, now)
    instance.follow(run.run_id, state.log)


def _end(state: RunState, instance: DagflowInstance, succeeded: bool) -> DagflowRun:
    """Store the final status of a run in the instance, and return the run with that status."""
    now = state.options.clock.now()
    if not succeeded and state.is_being_canceled() and instance.report_canceled(state.run, now):
        return state.run.with_changes(status=DagflowRunStatus.CANCELED)
    status = DagflowRunStatus.SUCCESS if succeeded else DagflowRunStatus.FAILURE
    run = state.run if succeeded else _with_failure_reason(state, instance)
    instance.set_run_status(run.run_id, status, state.options.clock.now())
    return run.with_changes(status=status)


def _with_failure_reason(state: RunState, instance: DagflowInstance) -> DagflowRun:
    """Add the tag with the reason of the failure to a run, and return the run."""
    run = state.run
    failure = next((record for record in reversed(state.log.records) if record[0] == _RUN_FAILURE), None)
    if failure is None:
        return run
    _, reason, _ = failure[4]
    tag = {system_tag("failure_reason"): reason}
    instance.add_run_tags(run.run_id, tag)
    return run.with_changes(tags={**run.tags, **tag})


def checked_id(run_id: str | None) -> str:
    """Return the id of a new run: the given id, or a new UUID.

    Raises:
        CheckError: The given id is not a UUID.
    """
    if run_id is None:
        digits = os.urandom(16).hex()  # a UUID of version 4, without importing the module
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
    import uuid

    try:
        return str(uuid.UUID(check_type(run_id, str, "run_id")))
    except ValueError:
        raise CheckError(f"parameter 'run_id' must be a UUID as a string, not {repr_of(run_id)}") from None


def tags_of(
    job: JobDefinition, tags: Mapping[str, Any] | None, partition_key: str | None = None
) -> dict[str, str]:
    """Return the tags of a run.

    The given tags replace those of the job, and the tags of the partition replace both.
    """
    merged = dict(job.run_tags)
    if tags is not None:
        place = job.describe_target()
        merged.update(jsonable_tags(tags, place if job.name == EPHEMERAL_JOB_NAME else f"a run of {place}"))
    if partition_key is not None:
        merged.update(job.partition_tags(partition_key))
    return merged


def _partitions_of(
    job: JobDefinition, tags: Mapping[str, Any] | None, partition_key: str | None
) -> tuple[str | None, PartitionKeyRange | None]:
    """Return the partition of a run of a partitioned job, or its range of partitions, which the tags name.

    Raises:
        DagflowInvariantViolationError: The tags name only one end of a range, or there is also a partition.
    """
    if not tags and not job.run_tags:
        return partition_key, None
    merged = tags_of(job, tags)
    found = {}
    for name in ("asset_partition_range_start", "asset_partition_range_end", "partition"):
        tag = next((tag for tag in system_tag_spellings(name) if tag in merged), None)
        if tag is not None:
            found[tag] = merged[tag]
    one = [tag for tag in found if tag in system_tag_spellings("partition")]
    ends = [tag for tag in found if tag not in one]
    if not ends:
        return (found[one[0]] if one and partition_key is None else partition_key), None
    if len(ends) == 1:
        raise DagflowInvariantViolationError(
            f"the tag '{ends[0]}' names one end of a range of partitions. Give both "
            f"'{system_tag('asset_partition_range_start')}' and '{system_tag('asset_partition_range_end')}'."
        )
    if one or partition_key is not None:
        raise DagflowInvariantViolationError(
            f"the tags '{ends[0]}' and '{ends[1]}' ask for a run of a range of partitions, but the run is "
            f"also for the partition '{found[one[0]] if one else partition_key}'. Give one of them."
        )
    from dagflow.partitions.keys import PartitionKeyRange  # imported lazily: only ranges use it

    return None, PartitionKeyRange(found[ends[0]], found[ends[1]])
