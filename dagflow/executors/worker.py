"""A task in its worker: `execute_task` runs one attempt at one step of a run that a parent leads.

The worker builds the job and the plan again from a RunSpec (`WorkerSession`), starts the resources that the
step needs, and runs it with the same `run_step` as a run in one process. `SendingLog` sends each event to the
parent when it happens; `read_report` is how the parent reads the messages (`executors/wire.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.clock import SYSTEM_CLOCK, Clock, SystemClock
from dagflow.context.current import current_context, current_log
from dagflow.engine.log import NO_STEP, USER_LINE, RunLog
from dagflow.engine.outcome import INTERRUPTS, Failed, Incomplete, Outcome, Retry
from dagflow.engine.record import EngineMessage, Record, StreamedEvent
from dagflow.engine.resources import start_resources, stop_resources
from dagflow.engine.run_state import RunState
from dagflow.engine.step import run_step
from dagflow.engine.watched import watching, watching_task
from dagflow.engine.workers import Task, TaskEnded, TaskLost, TaskNotice, TaskRecord, TaskReport, task_name
from dagflow.events.data import ComputeLogsCaptureData, EngineEventData
from dagflow.events.error_info import SerializableErrorInfo, own_error
from dagflow.events.stored import as_json, from_dict, to_dict
from dagflow.events.types import CODE, DagflowEventType
from dagflow.executors.wire import ENDED, ERROR, EVENT, LINE, NOTICE
from dagflow.instance.home import InstanceRef
from dagflow.instance.instance import DagflowInstance
from dagflow.metadata.value import MetadataValue
from dagflow.options import Faults, NodeWatch, PlanEdit, RunOptions, set_options
from dagflow.plan.compile import compile_plan, part_of
from dagflow.plan.dynamic import expanded
from dagflow.plan.plan import Plan
from dagflow.plan.step import FROM_COLLECT, OutputKey, OutputRef, Step, refs_of
from dagflow.plan.surroundings import Surroundings

if TYPE_CHECKING:
    from dagflow.defs.jobs.definition import JobDefinition
    from dagflow.events.run import DagflowRun
    from dagflow.partitions.keys import PartitionKeyRange

_WORKER_STARTED = CODE[DagflowEventType.STEP_WORKER_STARTED]
_LOGS_CAPTURED = CODE[DagflowEventType.LOGS_CAPTURED]

Send = Callable[..., None]
"""Sends a message to the parent: its type and plain JSON."""


class RunSpec(NamedTuple):
    """The description of a run that all its workers get.

    Attributes:
        given: The outputs that have a given value. The other names are those of `RunState` and `RunOptions`.
    """

    run: DagflowRun
    run_config: Mapping[str, Any]
    partition_key: str | None
    partition_range: PartitionKeyRange | None
    instance: InstanceRef
    retries: bool
    now: float
    given: frozenset[OutputRef]
    clock: Clock | None
    edit: PlanEdit | None
    watch: NodeWatch | None


class TaskSpec(NamedTuple):
    """The description of one task that its worker gets.

    Attributes:
        stored: The outputs that the inputs read, each with the id of the run that stored it.
        mapping_keys: The keys of dynamic outputs so far.
        values: The given values that the inputs read.
        seed: The seed of the random numbers; None for a random seed.
        faults: The faults of the attempt; None without any.
        file_key: The key of the files that capture stdout and stderr.
    """

    step_key: str
    attempt: int
    stored: Mapping[OutputKey, str]
    mapping_keys: Mapping[OutputRef, list[str]]
    values: Mapping[OutputKey, Any]
    seed: float | None
    faults: Faults | None
    file_key: str


def run_spec_of(state: RunState) -> RunSpec:
    """Return the spec of a run."""
    options = state.options
    return RunSpec(
        state.run,
        state.run.run_config,
        state.plan.partitions.key,
        state.plan.partitions.range,
        state.get_instance().ref(),
        state.retries,
        options.clock.now(),
        state.plan.given,
        None if type(options.clock) is SystemClock else options.clock,
        options.edit,
        None if options.watch is None else options.watch.in_worker(),
    )


def task_spec_of(state: RunState, task: Task) -> TaskSpec:
    """Return the spec of a task."""
    step, attempt = task
    wanted: set[OutputKey] = set()
    for item in step.inputs:
        for source in (item.source, *item.source.parts):
            if source.ref is not None:
                wanted.add(source.ref)
        if item.source.source_type == FROM_COLLECT and item.source.ref is not None:
            wanted.update(state.collected(item.source.ref))
        wanted.update(refs_of(item.source))
    random, faults = state.options.random, state.options.faults
    return TaskSpec(
        step.key,
        attempt,
        {key: state.stored[key] for key in wanted if key in state.stored},
        state.mapping_keys,  # needed without mapped steps too: a step may collect the dynamic output itself
        {key: state.given[key] for key in wanted if key in state.given},
        None if random is None else random.random(),
        None if faults is None else faults.for_task(state, step, attempt),
        task_name(step, attempt),
    )


class WorkerSession:
    """The job, plan and instance of a run in a worker, for all tasks of the run there.

    Attributes: `plan`, the whole plan of the run.

    Raises:
        DagflowError: The plan cannot be compiled in this process.
    """

    def __init__(self, job: JobDefinition, run_spec: RunSpec) -> None:
        self.job = job
        self.run_spec = run_spec
        self.instance: DagflowInstance = DagflowInstance.from_ref(run_spec.instance)
        surroundings = Surroundings(os.environ, run_spec.now, self.instance)
        plan = compile_plan(
            job,
            run_spec.run_config,
            surroundings,
            partition_key=run_spec.partition_key,
            partition_range=run_spec.partition_range,
            bound_inputs=frozenset(job.input_values),
            in_process=False,
        )
        if run_spec.edit is not None:
            plan = run_spec.edit.edited_in_worker(job, plan, surroundings)
        self.plan: Plan = plan.with_given(run_spec.given) if run_spec.given else plan

    def state_of(self, task_spec: TaskSpec, send: Send) -> tuple[RunState, Step]:
        """Return a state of the run for one task, and the step of the task."""
        job, run_spec = self.job, self.run_spec
        options = RunOptions(
            clock=run_spec.clock or SYSTEM_CLOCK,
            faults=task_spec.faults,
            random=None if task_spec.seed is None else Random(task_spec.seed),
            watch=run_spec.watch,
        )
        plan = self._plan_of(task_spec)
        log = SendingLog(plan, run_spec.run, options.clock.now, send)
        state = RunState(job, plan, run_spec.run, log, options, lambda: self.instance, dict(task_spec.values))
        state.retries = run_spec.retries
        state.stored.update(task_spec.stored)
        state.mapping_keys.update(task_spec.mapping_keys)
        return state, plan.step_by_key(task_spec.step_key)

    def _plan_of(self, task_spec: TaskSpec) -> Plan:
        plan = self.plan.for_run()
        for ref, keys in task_spec.mapping_keys.items():
            plan.add(expanded([step for step in plan.steps if step.mapped_over == ref], keys))
        return part_of(self.job, plan, [task_spec.step_key])

    def close(self) -> None:
        """Close the connections of the instance."""
        self.instance.dispose()


def execute_task(session: WorkerSession, task_spec: TaskSpec, send: Send) -> None:
    """Run one attempt at a step and send its outcome or its error to the parent."""
    try:
        state, step = session.state_of(task_spec, send)
        token, context_token = current_log.set(state.current_log), current_context.set(state.current_context)
        try:
            options = state.options
            # the options are those of the runs that the step starts
            with (
                set_options(clock=options.clock, watch=options.watch),
                watching_task(state),
                state.following_python_logs(),
            ):
                _execute(state, step, task_spec, send)
        finally:
            current_log.reset(token)
            current_context.reset(context_token)
    except BaseException as error:  # the parent decides about its effect on the run
        send_error(send, error)
        if not isinstance(error, (Exception, *INTERRUPTS)):
            raise


def send_error(send: Send, error: BaseException) -> None:
    """Send the error that kept a task from its end."""
    send(ERROR, to_dict(SerializableErrorInfo.from_exception(error)))


def _execute(state: RunState, step: Step, task_spec: TaskSpec, send: Send) -> None:
    log, attempt = state.log, task_spec.attempt
    content = EngineEventData({"pid": MetadataValue.text(str(log.pid))}, marker_end="step_process_start")
    payload = EngineMessage(f'Executing step "{step.key}" in a worker.', content)
    log.append(_WORKER_STARTED, step.index, attempt, payload)
    outcome: Outcome | None = None
    try:
        if not start_resources(state):
            assert state.error is not None
            raise own_error(state.error)
        log.append(_LOGS_CAPTURED, NO_STEP, payload=ComputeLogsCaptureData(task_spec.file_key, [step.key]))
        with watching(state, step):
            outcome = run_step(state, step, attempt)
        if step.hooks:
            from dagflow.engine.hooks import call_hooks  # imported lazily: only steps with hooks use it

            call_hooks(state, step, attempt)
    finally:
        stop_resources(state)
    outputs = [list(key) for key in state.values if key not in state.given]
    unconfirmed = [position for position, record in enumerate(log.records) if id(record) in log.unconfirmed]
    send(ENDED, _outcome_to_json(outcome), outputs, unconfirmed, isinstance(state.error, INTERRUPTS))


class SendingLog(RunLog):
    """The log of one attempt in a worker. It sends each record to the parent at once."""

    is_of_worker = True

    __slots__ = ("_send",)

    def __init__(self, plan: Plan, run: DagflowRun, now: Callable[[], float], send: Send) -> None:
        super().__init__(plan, run, now)
        self._send = send

    def append(self, code: int, step: int = NO_STEP, attempt: int = 0, payload: Any = None) -> Record:
        """Append an event and send it."""
        record = super().append(code, step, attempt, payload)
        self._send(EVENT, code, record[1], attempt, step >= 0, as_json(self.whole_event_of(record)))
        return record

    def append_line(self, level: int, text: str, step: int, attempt: int) -> None:
        """Append a log line and send it."""
        super().append_line(level, text, step, attempt)
        self._send(LINE, self.records[-1][1], attempt, step >= 0, level, text)


def read_report(task: Task, message: list[Any]) -> TaskReport:
    """Turn a message of a worker into a report."""
    message_type, *content = message
    if message_type == EVENT:
        code, moment, attempt, has_step, event = content
        return TaskRecord(task, code, moment, attempt, has_step, StreamedEvent(event))
    if message_type == LINE:
        moment, attempt, has_step, level, text = content
        return TaskRecord(task, USER_LINE, moment, attempt, has_step, (level, text))
    if message_type == NOTICE:
        return TaskNotice(task, content[0])
    if message_type == ERROR:
        return TaskLost(task, from_dict(content[0], SerializableErrorInfo), None)
    outcome, outputs, unconfirmed, is_interrupt = content
    return TaskEnded(
        task, _outcome_from_json(outcome), [tuple(output) for output in outputs], unconfirmed, is_interrupt
    )


def _outcome_to_json(outcome: Outcome | None) -> Any:
    if isinstance(outcome, Failed):
        return {"failed": to_dict(outcome.info), "ends_run": outcome.ends_run}
    if isinstance(outcome, Retry):
        return {"seconds": outcome.seconds}
    if isinstance(outcome, Incomplete):
        return {"absent": outcome.absent, "keys": list(outcome.mapping_keys.items())}
    return None


def _outcome_from_json(content: Any) -> Outcome | None:
    if content is None:
        return None
    if "failed" in content:
        return Failed(from_dict(content["failed"], SerializableErrorInfo), content["ends_run"])
    if "seconds" in content:
        return Retry(content["seconds"])
    keys = {OutputRef(*ref): names for ref, names in content["keys"]}
    return Incomplete([OutputRef(*ref) for ref in content["absent"]], keys)
