"""What a worker does: one attempt at one step of a run that its parent leads.

The worker makes the job and the plan again, from what its parent sends (`Workplace`), starts the resources
that the step needs, runs it with the same `run_step` as a run in one process, and says to its parent what
happens, when it happens: `SentLog` sends what would be written down. `report_of` is how the parent
understands it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.clock import SYSTEM_CLOCK, Clock
from dagflow.context.current import current_log
from dagflow.engine.log import NO_STEP, USER_LINE, RunLog
from dagflow.engine.outcome import INTERRUPTS, Failed, Incomplete, Outcome, Retry
from dagflow.engine.record import EngineMessage, Record, StreamedEvent
from dagflow.engine.resources import start_resources, stop_resources
from dagflow.engine.run_state import RunState
from dagflow.engine.step import run_step
from dagflow.engine.worker_loop import BrokenOff, Ended, Happened, Report, Task
from dagflow.errors import DagflowResourceFunctionError
from dagflow.events.data import ComputeLogsCaptureData, EngineEventData
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.stored import as_json, from_dict, to_dict
from dagflow.events.types import CODE, DagflowEventType
from dagflow.instance.home import InstanceRef
from dagflow.instance.instance import DagflowInstance
from dagflow.io.builtin import BUILTINS
from dagflow.metadata.value import MetadataValue
from dagflow.options import RunOptions
from dagflow.plan.compile import compile_plan, part_of
from dagflow.plan.dynamic import expanded
from dagflow.plan.plan import Plan
from dagflow.plan.step import FROM_COLLECT, OutputKey, OutputRef, Step, refs_of
from dagflow.plan.surroundings import Surroundings

if TYPE_CHECKING:
    from dagflow.defs.jobs.definition import JobDefinition
    from dagflow.events.run import DagflowRun

_WORKER_STARTED = CODE[DagflowEventType.STEP_WORKER_STARTED]
_LOGS_CAPTURED = CODE[DagflowEventType.LOGS_CAPTURED]

Say = Callable[..., None]
"""Says something to the parent: its kind, and plain JSON."""


class Assignment(NamedTuple):
    """What all tasks of a run share. `given` names the outputs for which a value stands; the other names are
    those of `RunState` and `RunOptions`.
    """

    run: DagflowRun
    run_config: Mapping[str, Any]
    partition_key: str | None
    instance: InstanceRef
    retries: bool
    now: float
    given: frozenset[OutputRef]
    clock: Clock | None
    faults: Callable[[str, int], None] | None


class Errand(NamedTuple):
    """What one task needs to know.

    Attributes:
        stored: Those outputs that its inputs read, each with the run that stored it.
        mapping_keys: The keys of dynamic outputs that are known.
        values: The given values that its inputs read.
        seed: Of chance; None: whatever comes.
        file_key: Under which name its stdout and stderr are kept.
    """

    step_key: str
    attempt: int
    stored: Mapping[OutputKey, str]
    mapping_keys: Mapping[OutputRef, list[str]]
    values: Mapping[OutputKey, Any]
    seed: float | None
    file_key: str


def assignment_of(state: RunState) -> Assignment:
    """What the workers of a run are told."""
    options = state.options
    return Assignment(
        state.run,
        state.run.run_config,
        state.plan.partition_key,
        state.get_instance().ref(),
        state.retries,
        options.clock.now(),
        state.plan.given,
        None if options.clock is SYSTEM_CLOCK else options.clock,
        options.faults,
    )


def errand_of(state: RunState, task: Task) -> Errand:
    """What the worker of a task is told."""
    step, attempt = task
    wanted: set[OutputKey] = set()
    for item in step.inputs:
        for source in (item.source, *item.source.parts):
            if source.ref is not None:
                wanted.add(source.ref)
        if item.source.source_type == FROM_COLLECT and item.source.ref is not None:
            wanted.update(state.collected(item.source.ref))
        wanted.update(refs_of(item.source))
    random = state.options.random
    return Errand(
        step.key,
        attempt,
        {key: state.stored[key] for key in wanted if key in state.stored},
        state.mapping_keys,  # also where nothing is mapped: they may be collected as they are
        {key: state.given[key] for key in wanted if key in state.given},
        None if random is None else random.random(),
        file_key_of(step, attempt),
    )


def file_key_of(step: Step, attempt: int) -> str:
    """The name under which stdout and stderr of an attempt are kept."""
    return f"{step.key}.{attempt}"


class Workplace:
    """What a process makes once of an assignment, and needs for each task of it.

    Args:
        job: The job.
        assignment: What all tasks of the run share.

    Attributes: `instance`, that of the run; `plan`, the whole one.

    Raises:
        DagflowError: The plan cannot be made here.
    """

    def __init__(self, job: JobDefinition, assignment: Assignment) -> None:
        self.job = job
        self.assignment = assignment
        self.instance = DagflowInstance.from_ref(assignment.instance)
        plan = compile_plan(
            job,
            assignment.run_config,
            Surroundings(os.environ, assignment.now, self.instance),
            partition_key=assignment.partition_key,
            bound_inputs=frozenset(job.input_values),
            in_process=False,
        )
        self.plan = plan.with_given(assignment.given) if assignment.given else plan

    def state_of(self, errand: Errand, say: Say) -> tuple[RunState, Step]:
        """The state of the run as one task sees it, and the step of the task."""
        job, assignment = self.job, self.assignment
        options = RunOptions(
            clock=assignment.clock or SYSTEM_CLOCK,
            faults=assignment.faults,
            random=None if errand.seed is None else Random(errand.seed),
        )
        plan = self._plan_of(errand)
        log = SentLog(plan, assignment.run, options.clock.now, say)
        state = RunState(job, plan, assignment.run, log, options, lambda: self.instance, dict(errand.values))
        state.retries = assignment.retries
        state.stored.update(errand.stored)
        state.mapping_keys.update(errand.mapping_keys)
        return state, plan.step_by_key(errand.step_key)

    def _plan_of(self, errand: Errand) -> Plan:
        plan = self.plan.for_run()
        for ref, keys in errand.mapping_keys.items():
            plan.add(expanded([step for step in plan.steps if step.mapped_over == ref], keys))
        return part_of(self.job, plan, [errand.step_key])

    def close(self) -> None:
        """Close what the instance has open."""
        self.instance.dispose()


def carry_out(place: Workplace, errand: Errand, say: Say) -> None:
    """Carry out one attempt at a step, and say what comes of it. What it raises is said too."""
    try:
        state, step = place.state_of(errand, say)
        token = current_log.set(state.current_log)
        try:
            _carry_out(state, step, errand, say)
        finally:
            current_log.reset(token)
    except BaseException as error:  # the parent decides what comes of it
        say("broken", to_dict(SerializableErrorInfo.from_exception(_original(error))))
        if not isinstance(error, (Exception, *INTERRUPTS)):
            raise


def _carry_out(state: RunState, step: Step, errand: Errand, say: Say) -> None:
    log, attempt = state.log, errand.attempt
    pid = {"pid": MetadataValue.text(str(log.pid))}
    said = EngineMessage(
        f'Executing step "{step.key}" in a worker.', EngineEventData(pid, marker_end="step_process_start")
    )
    log.append(_WORKER_STARTED, step.index, attempt, said)
    outcome: Outcome | None = None
    try:
        if not start_resources(state, BUILTINS):
            raise _original(state.error)
        log.append(_LOGS_CAPTURED, NO_STEP, payload=ComputeLogsCaptureData(errand.file_key, [step.key]))
        outcome = run_step(state, step, attempt)
        if step.hooks:
            from dagflow.engine.hooks import call_hooks  # only a step with hooks needs it

            call_hooks(state, step, attempt)
    finally:
        stop_resources(state)
    outputs = [list(key) for key in state.values if key not in state.given]
    taken_back = [number for number, record in enumerate(log.records) if id(record) in log.unconfirmed]
    say("ended", _plain(outcome), outputs, taken_back, isinstance(state.error, INTERRUPTS))


def _original(error: BaseException | None) -> BaseException:
    """The error of the user's, where a resource raised it."""
    assert error is not None
    return error.user_exception if isinstance(error, DagflowResourceFunctionError) else error


class SentLog(RunLog):
    """The log of one attempt in a worker: what is written down is said to the parent at once."""

    __slots__ = ("_say",)

    def __init__(self, plan: Plan, run: DagflowRun, now: Callable[[], float], say: Say) -> None:
        super().__init__(plan, run, now)
        self._say = say

    def append(self, code: int, step: int = NO_STEP, attempt: int = 0, payload: Any = None) -> Record:
        """Write down that something happened, and say it."""
        record = super().append(code, step, attempt, payload)
        self._say("event", code, record[1], attempt, step >= 0, as_json(self.whole_event_of(record)))
        return record

    def append_line(self, level: int, text: str, step: int, attempt: int) -> None:
        """Write down a line that is no event, and say it."""
        super().append_line(level, text, step, attempt)
        self._say("line", self.records[-1][1], attempt, step >= 0, level, text)


def report_of(task: Task, message: list[Any]) -> Report:
    """What a worker said of its task."""
    kind, *content = message
    if kind == "event":
        code, moment, attempt, is_at_step, body = content
        return Happened(task, code, moment, attempt, is_at_step, StreamedEvent(body))
    if kind == "line":
        moment, attempt, is_at_step, level, text = content
        return Happened(task, USER_LINE, moment, attempt, is_at_step, (level, text))
    if kind == "broken":
        return BrokenOff(task, from_dict(content[0], SerializableErrorInfo), None)
    outcome, outputs, taken_back, is_interrupt = content
    return Ended(task, _outcome(outcome), [tuple(output) for output in outputs], taken_back, is_interrupt)


def _plain(outcome: Outcome | None) -> Any:
    """An outcome as JSON."""
    if isinstance(outcome, Failed):
        return {"failed": to_dict(outcome.info), "ends_run": outcome.ends_run}
    if isinstance(outcome, Retry):
        return {"seconds": outcome.seconds}
    if isinstance(outcome, Incomplete):
        return {"absent": outcome.absent, "keys": list(outcome.mapping_keys.items())}
    return None


def _outcome(plain: Any) -> Outcome | None:
    """The outcome that `_plain` wrote."""
    if plain is None:
        return None
    if "failed" in plain:
        return Failed(from_dict(plain["failed"], SerializableErrorInfo), plain["ends_run"])
    if "seconds" in plain:
        return Retry(plain["seconds"])
    keys = {OutputRef(*ref): names for ref, names in plain["keys"]}
    return Incomplete([OutputRef(*ref) for ref in plain["absent"]], keys)
