"""`execute_job`: runs a job with the executor that the job or the run config names, and stores the run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagflow.context.init import InitExecutorContext
from dagflow.defs.executors.builtin import (
    DaskExecutor,
    Executor,
    InProcessExecutor,
    MultiprocessExecutor,
)
from dagflow.defs.executors.definition import ExecutorRequirement
from dagflow.defs.graphs.selection import clauses_of
from dagflow.defs.jobs.asset_job import UnresolvedAssetJobDefinition
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.engine.interrupts import raise_on_sigterm
from dagflow.engine.loop import run_plan
from dagflow.engine.run_state import NOTHING_EARLIER, RunState
from dagflow.engine.worker_loop import fail_before_start
from dagflow.errors import (
    CheckError,
    DagflowInvariantViolationError,
    DagflowUnmetExecutorRequirementsError,
    ParameterCheckError,
    check_optional,
    check_type,
    repr_of,
)
from dagflow.events.run import DagflowRun
from dagflow.executors.in_process import submit_of
from dagflow.executors.module_location import check_not_imported_by_worker
from dagflow.executors.reconstructable import ReconstructableJob
from dagflow.instance.instance import DagflowInstance
from dagflow.io.builtin import is_in_memory, is_memory_of_run
from dagflow.options import current_options
from dagflow.plan.compile import part_of
from dagflow.plan.dynamic import template_key
from dagflow.plan.plan import Plan
from dagflow.plan.step import FROM_COLLECT, FROM_OUTPUT, Source, refs_of
from dagflow.plan.tags import timeout_refused
from dagflow.runs.job_result import JobExecutionResult
from dagflow.runs.launch import LaunchRequest, launch, tags_of
from dagflow.runs.reexecution import ReexecutionOptions, earlier_of, keys_to_execute, parent_of

if TYPE_CHECKING:
    from dagflow.config.objects import RunConfig


def execute_job(
    job: ReconstructableJob,
    instance: DagflowInstance,
    run_config: Mapping[str, Any] | RunConfig | None = None,
    tags: Mapping[str, Any] | None = None,
    raise_on_error: bool = False,
    op_selection: Sequence[str] | None = None,
    reexecution_options: ReexecutionOptions | None = None,
    asset_selection: Sequence[Any] | None = None,
) -> JobExecutionResult:
    """Run a job with the executor that the job or the run config names.

    Args:
        job: The job, as `reconstructable(...)`, so that other processes can load it.
        instance: The instance that stores the run. Steps in other processes need an instance on disk.
        run_config: The config of the run; default: that of the run that is executed again, or no config.
        tags: The tags of the run. The tag `dagflow/partition` is the partition of the run.
        raise_on_error: Whether the first failure is raised; otherwise it is in the result.
        op_selection: Clauses that choose a part of the ops, as `["*a", "b+"]`.
        reexecution_options: The steps of an earlier run that are executed again.
        asset_selection: The keys of the assets to run, in a job of assets.

    Returns:
        The result. Its outputs can be read in a `with` block.

    Raises:
        ParameterCheckError: The job is not reconstructable, or another argument is of the wrong type.
        DagflowInvalidConfigError: The run config does not match; no run was created.
        DagflowUnknownPartitionError: The partition is unknown; no run was created.
        DagflowInvalidSubsetError: A selection chooses nothing.
        DagflowUnmetExecutorRequirementsError: An output stays in memory, but other processes need it.
        CheckError: The run to execute again is unknown.
        DagflowInvariantViolationError: A process that imports a module to run steps calls this function.
    """
    if not isinstance(job, ReconstructableJob):
        raise _not_reconstructable(job)
    check_type(instance, DagflowInstance, "instance")
    check_type(raise_on_error, bool, "raise_on_error")
    check_not_imported_by_worker()
    options: ReexecutionOptions | None = check_optional(
        reexecution_options, ReexecutionOptions, "reexecution_options"
    )
    if options is None:
        execution = _ExecutorExecution(*_selected(job, op_selection, asset_selection), instance)
    else:
        if op_selection is not None or asset_selection is not None:
            raise DagflowInvariantViolationError(
                "re-execution and op selection cannot be used together at this time, nor can it and an asset "
                "selection: a re-execution has those of the run that it goes back to. Use 'step_selection'."
            )
        parent = parent_of(instance, options)
        selected = _selected(job, parent.op_selection, parent.asset_selection or None)
        execution = _ExecutorExecution(*selected, instance)
        execution.reexecution = options, parent
        run_config = parent.run_config if run_config is None else run_config
    all_tags = tags_of(execution.job, tags)
    request = LaunchRequest(
        execution.job, run_config, instance, None, raise_on_error, all_tags, execution=execution
    )
    return launch(request, JobExecutionResult)


def _not_reconstructable(job: object) -> ParameterCheckError:
    remedy = "Wrap a job, or a function at module scope that returns one: reconstructable(job)."
    if isinstance(job, JobDefinition):
        call = f"execute_job(reconstructable({job.name}), ...)"
        remedy = f"Wrap it: {call}, or run it by {job.name}.execute_in_process()."
    if isinstance(job, UnresolvedAssetJobDefinition):
        remedy = (
            f"Wrap a function at module scope that returns defs.get_job_def('{job.name}'), of its "
            "Definitions: reconstructable(function)."
        )
    return ParameterCheckError(
        f"parameter 'job' of execute_job must be of type 'ReconstructableJob', not {repr_of(job)} of type "
        f"'{type(job).__name__}'. {remedy}"
    )


def _selected(
    pointer: ReconstructableJob, op_selection: Sequence[str] | None, asset_selection: Collection[Any] | None
) -> tuple[ReconstructableJob, Sequence[str] | None]:
    """Return the selected part of a job, and the op selection as the run stores it."""
    if op_selection and asset_selection is not None:
        raise CheckError("both 'op_selection' and 'asset_selection' were given; give one of them")
    if op_selection is not None or asset_selection is not None:
        clauses = None if op_selection is None else clauses_of(op_selection)
        pointer = pointer.get_subset(op_selection=clauses, asset_selection=asset_selection)
    elif pointer.op_selection is not None:
        op_selection = sorted(pointer.op_selection)
    return pointer, None if op_selection is None else list(op_selection)


class _ExecutorExecution:
    """The execution of the steps of a run by an executor.

    Attributes:
        pointer: The job, as other processes load it.
        op_selection: The op selection as the caller gave it.
        reexecution: The options and the run that is executed again, None for a run of its own.
        keys: The keys of the steps that are executed, None for all.
        earlier: The outputs of earlier runs.
        executor: Runs the steps.
        error: The error that occurred instead of an executor; it fails the run at its start.
    """

    def __init__(
        self, pointer: ReconstructableJob, op_selection: Sequence[str] | None, instance: DagflowInstance
    ) -> None:
        self.pointer = pointer
        self.job: JobDefinition = pointer.get_definition()
        executor = current_options().executor
        if executor is not None:
            self.job = self.job.with_changes(given_executor_def=executor)
        self.op_selection = op_selection
        self.instance = instance
        self.reexecution: tuple[ReexecutionOptions, DagflowRun] | None = None
        self.keys: Sequence[str] | None = None
        self.earlier = NOTHING_EARLIER
        self.executor = Executor()
        self.error: Exception | None = None

    @property
    def is_in_process(self) -> bool:
        """Whether the steps run in this process."""
        return isinstance(self.executor, InProcessExecutor)

    def prepare(self, plan: Plan) -> Plan:
        """Return the plan of the steps that are executed, and make the executor.

        Raises:
            ParameterCheckError: The config of the executor is not a mapping.
            DagflowUnmetExecutorRequirementsError: The executor can never run this plan.
            DagflowInvariantViolationError: A step reads an output that an earlier run kept in memory.
        """
        if self.reexecution is not None:
            plan = self._with_steps_again(plan, *self.reexecution)
        self._make_executor(plan)
        return plan

    def run_fields(self, plan: Plan) -> Mapping[str, Any]:
        """Return the fields of the run about selections and the parent run."""
        parent = None if self.reexecution is None else self.reexecution[1]
        return {
            "op_selection": self.op_selection,
            "resolved_op_selection": self.pointer.op_selection,
            "asset_selection": self.pointer.asset_selection,
            "step_keys_to_execute": self.keys or plan.step_keys,
            "parent_run_id": None if parent is None else parent.run_id,
            "root_run_id": None if parent is None else parent.root_run_id or parent.run_id,
        }

    def configure(self, state: RunState) -> None:
        """Set the attributes of the state that the executor and the re-execution decide."""
        state.retries, state.earlier, state.pointer = self.executor.retries, self.earlier, self.pointer

    def run(self, state: RunState) -> bool:
        """Run the steps. Return whether the run succeeded."""
        if self.error is not None:
            fail_before_start(state, self.error)
            return False
        return _RUNS[type(self.executor)](state, self.executor)

    def _with_steps_again(self, plan: Plan, options: ReexecutionOptions, parent: DagflowRun) -> Plan:
        """Return the plan that executes some steps of an earlier run again."""
        earlier = earlier_of(self.instance, parent)
        keys = keys_to_execute(plan, options, self.instance, parent, earlier)
        if keys is None:
            return plan
        self.keys, self.earlier = keys, earlier
        for key in keys:
            step = plan.step_by_key(key if key in plan.index_by_key else template_key(key))
            for item in step.loads:
                for source in item.source.parts or (item.source,):
                    _check_outlives(self.job, keys, source, f"input '{item.name}' of step '{step.key}'")
        return part_of(self.job, plan, keys)

    def _make_executor(self, plan: Plan) -> None:
        """Make the executor, or set the error that fails the run at its start."""
        definition = self.job.executor_def
        context = InitExecutorContext(self.job, definition, plan.execution or {}, self.instance)
        requirements = definition.get_requirements(context.executor_config)
        if ExecutorRequirement.PERSISTENT_OUTPUTS in requirements:
            _check_outputs(self.job, plan)
        if ExecutorRequirement.NON_EPHEMERAL_INSTANCE in requirements and self.instance.is_ephemeral:
            self.error = DagflowUnmetExecutorRequirementsError(
                f"the executor '{definition.name}' of {self.job.describe_target()} cannot run steps with an "
                "ephemeral instance, which other processes cannot see. Use one that lasts "
                "(DagflowInstance.get(), instance_for_test()), or the in-process executor."
            )
            return
        try:
            self.executor = _created(definition.executor_creation_fn, context)
        except Exception as error:
            self.error = error
            return
        if isinstance(self.executor, InProcessExecutor):
            for step in plan.steps:
                if step.timeout is not None and plan.executes(step):
                    raise timeout_refused(step.key, step.timeout)


def _created(create: Callable[..., Any] | None, context: InitExecutorContext) -> Executor:
    """Call the function of an executor definition, and check its result."""
    name = context.executor_def.name
    if create is None:
        raise DagflowInvariantViolationError(
            f"executor '{name}' of {context.job.describe_target()} has no 'executor_creation_fn', "
            "so it cannot run steps"
        )
    executor = create(context)
    if type(executor) not in _RUNS:
        known = sorted(executor_class.__name__ for executor_class in _RUNS)
        raise DagflowInvariantViolationError(
            f"the function of executor '{name}' returned {repr_of(executor)} of type "
            f"'{type(executor).__name__}', "
            f"which cannot run steps. It must return one of {known}."
        )
    assert isinstance(executor, Executor)
    return executor


def _check_outlives(job: JobDefinition, keys: Sequence[str], source: Source, what: str) -> None:
    """Raise if a step that is executed again reads an output that an earlier run kept in memory."""
    manager_key = source.manager_key
    if manager_key is None or not is_memory_of_run(job.resource_defs[manager_key]):
        return
    for ref in refs_of(source) if source.source_type in (FROM_OUTPUT, FROM_COLLECT) else ():
        if ref.step_key not in keys:
            raise DagflowInvariantViolationError(
                f"Cannot perform reexecution with in-memory io managers: {what} reads output "
                f"'{ref.output_name}' of step '{ref.step_key}', which an earlier run kept in the memory of "
                f"its I/O manager '{manager_key}'. Execute that step again too, or use an I/O manager "
                "that lasts, as resource_defs={'io_manager': fs_io_manager}."
            )


def _check_outputs(job: JobDefinition, plan: Plan) -> None:
    """Raise if an output is kept in memory, where other processes cannot read it."""
    for step in plan.steps:
        for output in step.outputs if plan.executes(step) else ():
            key = output.manager_key
            if key is not None and is_in_memory(job.resource_defs[key]):
                raise DagflowUnmetExecutorRequirementsError(
                    f"the executor '{job.executor_def.name}' of {job.describe_target()} runs steps in "
                    f"several processes, but output '{output.name}' of step '{step.key}' is kept in memory "
                    f"by its I/O manager '{key}', where no other process can read it. Use one that lasts, as "
                    f"resource_defs={{'{key}': fs_io_manager}}, or the in-process executor."
                )


def _run_in_process(state: RunState, _: Any) -> bool:
    with raise_on_sigterm():
        return run_plan(state, submit_of(state))


def _run_in_processes(state: RunState, executor: MultiprocessExecutor) -> bool:
    from dagflow.executors.multiprocess import run_in_processes  # imported lazily: few runs use it

    return run_in_processes(state, executor.config)


def _run_on_dask(state: RunState, executor: DaskExecutor) -> bool:
    from dagflow.executors.dask import run_on_dask  # imported lazily: few runs use it

    return run_on_dask(state, executor.config)


_RUNS: Mapping[type[Executor], Callable[[RunState, Any], bool]] = {
    InProcessExecutor: _run_in_process,
    MultiprocessExecutor: _run_in_processes,
    DaskExecutor: _run_on_dask,
}
"""The function that runs a plan, by the class of the executor."""
