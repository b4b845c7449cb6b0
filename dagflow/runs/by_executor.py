"""`execute_job`: a job is run by the executor that it or the run config names, and stays in the instance."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from dagflow.config.plain import run_config_dict
from dagflow.context.init import InitExecutorContext
from dagflow.defs.executors.builtin import (
    DaskExecutor,
    Executor,
    InProcessExecutor,
    MultiprocessExecutor,
)
from dagflow.defs.executors.definition import ExecutorRequirement
from dagflow.defs.graphs.selection import clauses_of
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.resources.io_managers import mem_io_manager
from dagflow.engine.interrupts import raise_on_sigterm
from dagflow.engine.loop import run_plan
from dagflow.engine.run_state import NOTHING_EARLIER, Earlier, RunState
from dagflow.engine.worker_loop import fail_before_start
from dagflow.errors import (
    CheckError,
    DagflowInvariantViolationError,
    DagflowUnmetExecutorRequirementsError,
    check_optional,
    check_type,
)
from dagflow.events.run import DagflowRun, DagflowRunStatus
from dagflow.executors.in_process import submit
from dagflow.executors.module_location import check_not_imported_by_worker
from dagflow.executors.reconstructable import ReconstructableJob
from dagflow.instance.instance import DagflowInstance
from dagflow.io.builtin import BUILTINS
from dagflow.io.memory import InMemoryIOManager
from dagflow.keys import system_tag_spellings
from dagflow.observers import report_run
from dagflow.options import current_options
from dagflow.plan.compile import Surroundings, compile_plan, part_of
from dagflow.plan.dynamic import template_key
from dagflow.plan.plan import Plan
from dagflow.plan.step import FROM_COLLECT, FROM_OUTPUT, Source, refs_of
from dagflow.plan.tags import timeout_refused
from dagflow.runs.job_result import JobExecutionResult
from dagflow.runs.launch import begin, checked_id, end, new_state, run_tags, with_given
from dagflow.runs.reexecution import ReexecutionOptions, earlier_of, keys_to_execute, parent_of


def execute_job(
    job: ReconstructableJob,
    instance: DagflowInstance,
    run_config: Any = None,
    tags: Mapping[str, Any] | None = None,
    raise_on_error: bool = False,
    op_selection: Sequence[str] | None = None,
    reexecution_options: ReexecutionOptions | None = None,
    asset_selection: Sequence[Any] | None = None,
) -> JobExecutionResult:
    """Run a job with the executor that it or the run config names.

    Args:
        job: The job, as other processes find it: `reconstructable(...)`.
        instance: What remembers the run; one that lasts, if steps run in other processes.
        run_config: Config of the run; default: that of the run that is executed again, or none.
        tags: Tags of the run. That of a partition (`dagflow/partition`) says which partition it is for.
        raise_on_error: Whether the first failure is raised; else the result tells.
        op_selection: Clauses that choose a part of the ops, as `["*a", "b+"]`.
        reexecution_options: Which steps of an earlier run are executed again.
        asset_selection: Keys of the assets to run, in a job of assets.

    Returns:
        The result. Its outputs can be read in a `with` block.

    Raises:
        ParameterCheckError: The job is not reconstructable, or another argument is of the wrong type.
        DagflowInvalidConfigError: The run config does not match; no run was made.
        DagflowInvalidSubsetError: A selection chooses nothing.
        DagflowUnmetExecutorRequirementsError: An output stays in memory, where other processes need it.
        CheckError: The run to execute again is not known.
        DagflowInvariantViolationError: A process that imports a module to run steps comes by this call.
    """
    check_type(job, ReconstructableJob, "job", "execute_job; wrap it: reconstructable(job)")
    check_type(instance, DagflowInstance, "instance")
    check_type(raise_on_error, bool, "raise_on_error")
    check_not_imported_by_worker()
    order = _order(job, instance, run_config, tags, op_selection, reexecution_options, asset_selection)
    executor, error = _executor_of(order)
    state = _state_of(order, executor, raise_on_error)
    given = dict(state.given)
    begin(state, instance)
    succeeded = False
    try:
        if error is None:
            succeeded = _RUNS[type(executor)](state, executor)
        else:
            fail_before_start(state, error)
    finally:
        result = JobExecutionResult(state, end(state, instance, succeeded), instance, given)
        report_run(result)
    return result


class _Order(NamedTuple):
    """What is run, with all defaults and selections applied.

    Attributes:
        op_selection: As it was given.
        keys: The steps that are executed, None for all.
        parent: The run that is executed again.
    """

    pointer: ReconstructableJob
    job: JobDefinition
    plan: Plan
    run_config: dict[str, Any]
    tags: dict[str, str]
    instance: DagflowInstance
    op_selection: Sequence[str] | None = None
    keys: Sequence[str] | None = None
    parent: DagflowRun | None = None
    earlier: Earlier = NOTHING_EARLIER


def _order(
    pointer: ReconstructableJob,
    instance: DagflowInstance,
    run_config: Any,
    tags: Mapping[str, Any] | None,
    op_selection: Sequence[str] | None,
    options: ReexecutionOptions | None,
    asset_selection: Collection[Any] | None,
) -> _Order:
    parent = None
    if check_optional(options, ReexecutionOptions, "reexecution_options"):
        assert options is not None
        if op_selection is not None or asset_selection is not None:
            raise DagflowInvariantViolationError(
                "re-execution and op selection cannot be used together at this time, nor can it and an asset "
                "selection: a re-execution has those of the run that it goes back to. Use 'step_selection'."
            )
        parent = parent_of(instance, options)
        op_selection, asset_selection = parent.op_selection, parent.asset_selection or None
        run_config = parent.run_config if run_config is None else run_config
    if op_selection and asset_selection is not None:
        raise CheckError("both 'op_selection' and 'asset_selection' were given; give one of them")
    if op_selection is not None or asset_selection is not None:
        clauses = None if op_selection is None else clauses_of(op_selection)
        pointer = pointer.get_subset(op_selection=clauses, asset_selection=asset_selection)
    elif pointer.op_selection is not None:
        op_selection = sorted(pointer.op_selection)
    job = pointer.get_definition()
    place = f"job '{job.name}'"
    config = run_config_dict(run_config, place)
    all_tags = run_tags(job, tags)
    partition_key = _partition_of(job, all_tags)
    if partition_key is not None and not config and job.partitioned_config is not None:
        config = job.partitioned_config.get_run_config_for_partition_key(partition_key)
    plan = compile_plan(
        job,
        config,
        Surroundings(os.environ, current_options().clock.now(), instance),
        partition_key=partition_key,
        bound_inputs=frozenset(job.input_values),
        in_process=False,
    )
    selection = None if op_selection is None else list(op_selection)
    order = _Order(pointer, job, plan, config, all_tags, instance, selection)
    return order if parent is None or options is None else _again(order, options, parent)


def _again(order: _Order, options: ReexecutionOptions, parent: DagflowRun) -> _Order:
    """The order to execute some steps of an earlier run again."""
    earlier = earlier_of(order.instance, parent)
    keys = keys_to_execute(order.plan, options, order.instance, parent, earlier)
    if keys is None:
        return order._replace(parent=parent)
    plan = part_of(order.job, order.plan, keys)
    for key in keys:
        step = plan.step_by_key(key if key in plan.index_by_key else template_key(key))
        for item in step.loads:
            for source in item.source.parts or (item.source,):
                _check_outlives(order.job, keys, source, f"input '{item.name}' of step '{step.key}'")
    return order._replace(plan=plan, keys=keys, parent=parent, earlier=earlier)


def _check_outlives(job: JobDefinition, keys: Sequence[str], source: Source, what: str) -> None:
    """Raise where a step that is executed again reads what an earlier run kept in memory."""
    manager_key = source.manager_key
    if manager_key is None or job.resource_defs[manager_key].kind != mem_io_manager.kind:
        return
    for ref in refs_of(source) if source.kind in (FROM_OUTPUT, FROM_COLLECT) else ():
        if ref.step_key not in keys:
            raise DagflowInvariantViolationError(
                f"Cannot perform reexecution with in-memory io managers: {what} reads output "
                f"'{ref.output_name}' of step '{ref.step_key}', which an earlier run kept in the memory of "
                f"its I/O manager '{manager_key}'. Execute that step again too, or use an I/O manager "
                "that lasts, as resource_defs={'io_manager': fs_io_manager}."
            )


def _state_of(order: _Order, executor: Executor, raise_on_error: bool) -> RunState:
    """The state of the run that an order asks for."""
    options = current_options()
    plan, values = with_given(order.plan, options)
    run = DagflowRun(
        order.job.name,
        checked_id(None),
        order.run_config,
        DagflowRunStatus.STARTED,
        order.tags,
        op_selection=order.op_selection,
        resolved_op_selection=order.pointer.op_selection,
        asset_selection=order.pointer.asset_selection,
        step_keys_to_execute=order.keys or plan.step_keys,
        parent_run_id=None if order.parent is None else order.parent.run_id,
        root_run_id=None if order.parent is None else order.parent.root_run_id or order.parent.run_id,
    )
    return new_state(
        order.job,
        plan.for_run(),
        run,
        order.instance,
        options,
        values=values,
        input_values=order.job.input_values,
        raise_on_error=raise_on_error,
        retries=executor.retries,
        earlier=order.earlier,
        pointer=order.pointer,
    )


def _partition_of(job: JobDefinition, tags: Mapping[str, str]) -> str | None:
    """The key of the partition that the tags of a run name, for a job that has partitions."""
    if job.partitions_def is None:
        return None
    return next((tags[tag] for tag in system_tag_spellings("partition") if tag in tags), None)


def _executor_of(order: _Order) -> tuple[Executor, Exception | None]:
    """What runs the steps, and why it cannot, if it cannot.

    Raises:
        ParameterCheckError: The config of the executor is no mapping.
        DagflowUnmetExecutorRequirementsError: It can never run this plan.
    """
    definition = order.job.executor_def
    context = InitExecutorContext(order.job, definition, order.plan.execution or {}, order.instance)
    needs = definition.get_requirements(context.executor_config)
    if ExecutorRequirement.PERSISTENT_OUTPUTS in needs:
        _check_outputs(order)
    if ExecutorRequirement.NON_EPHEMERAL_INSTANCE in needs and order.instance.is_ephemeral:
        return Executor(), DagflowUnmetExecutorRequirementsError(
            f"the executor '{definition.name}' of job '{order.job.name}' cannot run steps with an ephemeral "
            "instance, which other processes cannot see. Use one that lasts (DagflowInstance.get(), "
            "instance_for_test()), or the in-process executor."
        )
    try:
        executor = _made_by(definition.executor_creation_fn, context)
    except Exception as error:
        return Executor(), error
    if isinstance(executor, InProcessExecutor):
        for step in order.plan.steps:
            if step.timeout is not None and order.plan.executes(step):
                raise timeout_refused(step.key, step.timeout)
    return executor, None


def _made_by(create: Callable[..., Any] | None, context: InitExecutorContext) -> Executor:
    name = context.executor_def.name
    if create is None:
        raise DagflowInvariantViolationError(
            f"executor '{name}' of job '{context.job.name}' has no 'executor_creation_fn', so nothing says "
            "how it runs steps"
        )
    made = create(context)
    if type(made) not in _RUNS:
        raise DagflowInvariantViolationError(
            f"the function of executor '{name}' returned {made!r} of type '{type(made).__name__}', which "
            f"runs no steps. Let it return one of {sorted(kind.__name__ for kind in _RUNS)}."
        )
    executor: Executor = made
    return executor


def _check_outputs(order: _Order) -> None:
    for step in order.plan.steps:
        for output in step.outputs if order.plan.executes(step) else ():
            key = output.manager_key
            if key is not None and _is_in_memory(order.job, key):
                raise DagflowUnmetExecutorRequirementsError(
                    f"the executor '{order.job.executor_def.name}' of job '{order.job.name}' runs steps in "
                    f"several processes, but output '{output.name}' of step '{step.key}' is kept in memory "
                    f"by its I/O manager '{key}', where no other process can read it. Use one that lasts, as "
                    f"resource_defs={{'{key}': fs_io_manager}}, or the in-process executor."
                )


def _is_in_memory(job: JobDefinition, key: str) -> bool:
    resource = job.resource_defs[key]
    return resource.kind == mem_io_manager.kind or (
        resource.kind == "value" and isinstance(resource.value, InMemoryIOManager)
    )


def _run_in_process(state: RunState, _: Any) -> bool:
    with raise_on_sigterm():
        return run_plan(state, submit, BUILTINS)


def _run_in_processes(state: RunState, executor: MultiprocessExecutor) -> bool:
    from dagflow.executors.multiprocess import run_in_processes  # few runs need it

    return run_in_processes(state, executor.config)


def _run_on_dask(state: RunState, executor: DaskExecutor) -> bool:
    from dagflow.executors.dask import run_on_dask  # few runs need it

    return run_on_dask(state, executor.config)


_RUNS: Mapping[type[Executor], Callable[[RunState, Any], bool]] = {
    InProcessExecutor: _run_in_process,
    MultiprocessExecutor: _run_in_processes,
    DaskExecutor: _run_on_dask,
}
"""What runs a plan, by the kind of executor."""
