"""`run_in_workers`: a run whose steps are carried out elsewhere, several at a time.

Whose turn it is decides `Turns`, as in a run in this process; where and how a step is carried out decide the
`Workers`. They report what happens there, and only here it becomes part of the run: events go to its log,
the end of an attempt to its turns. A worker that is lost is a failure of its attempt, like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple, Protocol

from dagflow.clock import SYSTEM_CLOCK
from dagflow.context.current import current_log
from dagflow.engine.interrupts import counted_interrupts, raised_interrupts
from dagflow.engine.log import NO_STEP, USER_LINE
from dagflow.engine.outcome import INTERRUPTS, Failed, Incomplete, Outcome, Retry
from dagflow.engine.record import EngineMessage, Record
from dagflow.engine.resources import error_info
from dagflow.engine.run_state import RunState
from dagflow.engine.scheduler import Turns
from dagflow.errors import DagflowExecutionInterruptedError, DagflowStepTimeoutError, DagflowSubprocessError
from dagflow.events.data import EngineEventData, ErrorSource, StepFailureData, StepRetryData
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.types import CODE, DagflowEventType
from dagflow.metadata.value import MetadataValue
from dagflow.plan.step import OutputKey, Step

_T = DagflowEventType
_RUN_START, _RUN_SUCCESS = CODE[_T.RUN_START], CODE[_T.RUN_SUCCESS]
_ENGINE_EVENT, _WORKER_STARTING = CODE[_T.ENGINE_EVENT], CODE[_T.STEP_WORKER_STARTING]
_STEP_FAILURE, _UP_FOR_RETRY = CODE[_T.STEP_FAILURE], CODE[_T.STEP_UP_FOR_RETRY]
_ERROR = 40  # the level of that name in Python's logging
_MOST_TOLD = 10  # lost workers of which an error message tells


class Task(NamedTuple):
    """One attempt at a step, which a worker carries out."""

    step: Step
    attempt: int


class Began(NamedTuple):
    """A worker took a task: from now on its time counts."""

    task: Task
    pid: int


class Happened(NamedTuple):
    """A worker wrote something down.

    Attributes:
        code: The code of the event's type, `USER_LINE` for a line.
        moment: Seconds since the epoch.
        attempt: As in a record: 0 for what does not belong to the attempt itself.
        is_at_step: Whether it bears the key of the step.
        payload: `StreamedEvent`, or level and text of a line.
    """

    task: Task
    code: int
    moment: float
    attempt: int
    is_at_step: bool
    payload: Any


class Ended(NamedTuple):
    """An attempt came to its end in its worker.

    Attributes:
        outcome: As `run_step` gives it.
        outputs: The outputs that were stored.
        taken_back: Which of the records that it wrote, by number, count no more.
        is_interrupt: Whether user code raised an interrupt.
    """

    task: Task
    outcome: Outcome | None
    outputs: Sequence[OutputKey]
    taken_back: Sequence[int]
    is_interrupt: bool


class BrokenOff(NamedTuple):
    """A worker did not come to the end of its task.

    Attributes:
        error: Why.
        said: What the executor says of it in an event of its own; None: the worker could say itself.
    """

    task: Task
    error: SerializableErrorInfo
    said: str | None


Report = Began | Happened | Ended | BrokenOff


class Workers(Protocol):
    """Where the tasks of one run are carried out.

    Attributes: `limit`, how many tasks there may be at a time; `title`, what events call the executor.
    """

    @property
    def limit(self) -> int: ...

    @property
    def title(self) -> str: ...

    def start(self, task: Task) -> None:
        """Have a task carried out; its reports follow."""

    def reports(self, timeout: float | None) -> Sequence[Report]:
        """What happened since the last time; waits for something to happen, or for `timeout` seconds."""

    def wake(self) -> None:
        """Let `reports` return now; called by signal handlers."""

    def interrupt(self) -> None:
        """Ask all tasks to end."""

    def kill(self, task: Task) -> None:
        """End the worker of a task, which is then reported as broken off."""

    def output_of(self, task: Task) -> str:
        """The last lines that the worker of a task wrote to stdout and stderr, as far as they are known."""

    def close(self) -> None:
        """End what is still there, and give back what was taken."""


class TagLimit(NamedTuple):
    """How many steps with a tag may run at a time.

    Attributes:
        value: Which value of the tag; None: any.
        is_each: Whether each value has the limit for itself.
    """

    key: str
    value: str | None
    is_each: bool
    limit: int


def run_in_workers(
    state: RunState, make_workers: Callable[[], Workers], tag_limits: Sequence[TagLimit] = ()
) -> bool:
    """Run all steps of a plan in workers, and close these.

    Args:
        state: The run.
        make_workers: Makes that which carries out the steps.
        tag_limits: How many steps with certain tags may run at a time.

    Returns:
        Whether the run succeeded.

    Raises:
        DagflowSubprocessError: A worker was lost, if the caller wants failures raised. The failure of a step
            is not raised.
        DagflowExecutionInterruptedError: The run was interrupted, likewise.
        Exception: There are no workers to be had, likewise.
        BaseException: What an observer raised.
    """
    log, clock = state.log, state.options.clock
    token = current_log.set(state.current_log)
    started = clock.now()
    crew = None
    try:
        with raised_interrupts():
            workers = make_workers()
    except (Exception, *INTERRUPTS) as error:
        current_log.reset(token)
        return could_not_begin(state, error)
    try:
        log.append(_RUN_START)
        told = {"pid": log.pid, "step_keys": state.plan.step_keys}
        log.append(
            _ENGINE_EVENT,
            payload=_said(f"Executing steps using {workers.title}: parent process (pid: {log.pid})", told),
        )
        _flush(state)
        try:
            crew = _Crew(state, workers, tag_limits)
            crew.work()
        finally:
            workers.close()
        if state.error is None:
            text = f"{_name(workers)}: finished steps in {clock.now() - started:.2f}s (parent pid: {log.pid})"
            log.append(_ENGINE_EVENT, payload=_said(text, {"pid": log.pid}))
    except BaseException as unexpected:
        state.write_failure(error_info(unexpected), "RUN_EXCEPTION")
        if state.raise_on_error or log.observer_raised or not isinstance(unexpected, Exception):
            raise
        return False
    finally:
        current_log.reset(token)
    failures = crew.turns.failures
    if state.error is not None:
        is_interrupt = isinstance(state.error, INTERRUPTS)
        reason = "UNEXPECTED_TERMINATION" if is_interrupt else "RUN_EXCEPTION"
        state.write_failure(error_info(state.error), reason)
        if state.raise_on_error:
            raise state.error
        return False
    if failures:
        state.write_failure(failures[0][1].info, "STEP_FAILURE", [step.key for step, _ in failures])
        return False
    log.append(_RUN_SUCCESS)
    return True


def could_not_begin(state: RunState, error: BaseException) -> bool:
    """Write down that a run failed, or was interrupted, before it began. Returns False: it did not succeed.

    Raises:
        BaseException: The error, if the caller wants failures raised.
    """
    if isinstance(error, INTERRUPTS):
        error = DagflowExecutionInterruptedError("the run was interrupted from outside, before it began")
        state.write_failure(error_info(error), "UNEXPECTED_TERMINATION")
    else:
        state.write_failure(error_info(error), "JOB_INITIALIZATION_FAILURE")
    if state.raise_on_error:
        raise error
    return False


class _Running:
    """A task under way.

    Attributes:
        pid: The process of its worker, None as long as nobody said.
        deadline: When it has taken too long, on the clock of `time.monotonic`; None: never, or not begun.
        records: What it wrote, in order.
        is_late: Whether it is being ended, because it took too long.
    """

    __slots__ = ("deadline", "is_late", "pid", "records", "task")

    def __init__(self, task: Task) -> None:
        self.task = task
        self.pid: int | None = None
        self.records: list[Record] = []
        self.is_late = False
        self.deadline: float | None = None

    def begin(self, pid: int) -> None:
        """A worker took it: its time begins now."""
        self.pid = pid
        timeout = self.task.step.timeout
        self.deadline = None if timeout is None else monotonic() + timeout


class _Crew:
    """The tasks of a run that are under way, and what comes of them.

    Attributes:
        turns: Whose turn it is.
        running: The tasks under way. Always: each gets exactly one `Ended` or `BrokenOff`.
        timed: Those of them that may take too long.
        lost: What happened to workers that were lost for good: process and error.
        is_interrupted: Whether no further step is to begin, and all have been asked to end.
    """

    def __init__(self, state: RunState, workers: Workers, tag_limits: Sequence[TagLimit]) -> None:
        self.state = state
        self.workers = workers
        self.tag_limits = tag_limits
        self.turns = Turns(state)
        self.running: dict[Task, _Running] = {}
        self.timed: dict[Task, _Running] = {}
        self.lost: list[tuple[int | None, SerializableErrorInfo]] = []
        self.is_interrupted = False

    def work(self) -> None:
        """Carry out all steps; afterwards `state.error` is what ended the run, if something did."""
        with counted_interrupts(self.workers.wake) as interrupts:
            seen = 0
            while self._goes_on():
                _flush(self.state)  # after the start of what can be started, which need not wait for it
                for report in self.workers.reports(self._patience()):
                    self._take(report)
                self._end_late()
                if interrupts.count > seen:
                    seen = interrupts.count
                    self._interrupt()
        if self.is_interrupted:
            self._say(f"{_name(self.workers)}: the steps that were under way have ended")
            self.state.error = DagflowExecutionInterruptedError("the run was interrupted from outside")
        elif self.lost:
            self.state.error = _lost_error(self.lost)

    def _goes_on(self) -> bool:
        """Start what can be started. Returns whether something is under way, or will be."""
        admits = self._admits if self.tag_limits else None
        while len(self.running) < self.workers.limit:
            step = self.turns.ready(admits)
            if step is None:
                break
            self._start(step)
        if self.running:
            return True
        if not self.turns.waiting or self.turns.is_cut_short:
            return False
        if self.state.options.clock is not SYSTEM_CLOCK:  # a virtual one moves on by that
            self.turns.sleep()
            return self._goes_on()
        return True

    def _start(self, step: Step) -> None:
        task = Task(step, self.turns.attempts.get(step.index, 0) + 1)
        content = EngineEventData(marker_start="step_process_start")
        said = EngineMessage(f'Starting a worker for step "{step.key}".', content)
        self.state.log.append(_WORKER_STARTING, step.index, task.attempt, said)
        running = self.running[task] = _Running(task)
        if step.timeout is not None:
            self.timed[task] = running
        self.workers.start(task)

    def _admits(self, step: Step) -> bool:
        """Whether the limits of tags leave room for a step."""
        for limit in self.tag_limits:
            value = step.node.tags.get(limit.key)
            if value is None or (limit.value is not None and value != limit.value):
                continue
            values = [other.step.node.tags.get(limit.key) for other in self.running]
            is_any = limit.value is None and not limit.is_each
            if sum(other == value or (is_any and other is not None) for other in values) >= limit.limit:
                return False
        return True

    def _patience(self) -> float | None:
        """How long to wait for reports, in seconds: until something else has to be done."""
        moments = [task.deadline - monotonic() for task in self.timed.values() if task.deadline is not None]
        if self.turns.waiting and self.state.options.clock is SYSTEM_CLOCK:
            moments.append(self.turns.waiting[0][0] - SYSTEM_CLOCK.now())
        return max(0.0, min(moments)) if moments else None

    def _end_late(self) -> None:
        now = monotonic()
        for running in self.timed.values():
            if running.deadline is not None and running.deadline <= now:
                running.is_late, running.deadline = True, None
                self.workers.kill(running.task)

    def _interrupt(self) -> None:
        """The first time: ask all tasks to end, and begin no other. Then: end them."""
        if self.is_interrupted:
            for task in self.running:
                self.workers.kill(task)
            return
        self.is_interrupted = self.turns.is_cut_short = True
        keys = [task.step.key for task in self.running]
        text = f"{_name(self.workers)}: the run was interrupted; the steps under way are asked to end"
        self._say(text, {"steps_interrupted": keys})
        self.workers.interrupt()

    def _say(self, text: str, metadata: Mapping[str, Any] | None = None) -> None:
        self.state.log.append(_ENGINE_EVENT, payload=_said(text, metadata or {}))

    # what workers report

    def _take(self, report: Report) -> None:
        running = self.running.get(report.task)
        if running is None:
            return  # of a task that has ended: a worker that was thought lost speaks up
        if isinstance(report, Began):
            running.begin(report.pid)
        elif isinstance(report, Happened):
            running.records.append(self._write(report))
        else:
            del self.running[report.task]
            self.timed.pop(report.task, None)
            if isinstance(report, Ended):
                self._end(report, running)
            else:
                self._break_off(report, running)

    def _write(self, report: Happened) -> Record:
        step = report.task.step
        place = step.index if report.is_at_step else NO_STEP
        record = self.state.log.append_streamed(
            report.code, report.moment, place, report.attempt, report.payload
        )
        if report.code == USER_LINE:
            self.state.show_line(step, report.attempt, *report.payload)
        return record

    def _end(self, report: Ended, running: _Running) -> None:
        state, (step, _) = self.state, report.task
        state.log.unconfirmed.update(id(running.records[number]) for number in report.taken_back)
        state.stored.update(dict.fromkeys(report.outputs, state.run.run_id))
        outcome = report.outcome
        if outcome is None:
            self.turns.schedule.finish(step.index)
            return
        if isinstance(outcome, Incomplete):
            state.mapping_keys.update(outcome.mapping_keys)
        elif isinstance(outcome, Failed):
            self._show_output(report.task)
            if report.is_interrupt and not self.is_interrupted:
                self.lost.append((running.pid, outcome.info))
            outcome = outcome._replace(ends_run=False)
        elif self.is_interrupted:
            return  # a retry that will not be
        self.turns.settle(step, outcome)

    def _break_off(self, report: BrokenOff, running: _Running) -> None:
        state, (step, attempt) = self.state, report.task
        error = report.error
        if self.is_interrupted and running.pid is None:
            return  # no worker took it, so it did not fail
        if self.is_interrupted:
            error = SerializableErrorInfo(
                "the step was interrupted, and its process was ended\n", [], _INTERRUPTED
            )
        elif running.is_late:
            raised = DagflowStepTimeoutError(
                f"step '{step.key}' took longer than the {step.timeout:g} seconds that its tag "
                "'dagflow/step_timeout' allows, so that its process was ended"
            )
            error = SerializableErrorInfo.from_exception(raised)
        elif report.said is not None:
            said = EngineMessage(f"{_name(self.workers)}: {report.said}", EngineEventData(error=error))
            state.log.append(_ENGINE_EVENT, step.index, payload=said)
        policy = step.retry_policy
        if policy is not None and state.retries and attempt <= policy.max_retries and not self.is_interrupted:
            seconds = max(0, policy.calculate_delay(attempt, state.options.random))
            state.log.append(_UP_FOR_RETRY, step.index, attempt, StepRetryData(error, seconds))
            self.turns.settle(step, Retry(seconds))
            return
        source = ErrorSource.INTERRUPT if self.is_interrupted else ErrorSource.FRAMEWORK_ERROR
        state.log.append(_STEP_FAILURE, step.index, attempt, StepFailureData(error, None, source))
        self._show_output(report.task)
        if not running.is_late and not self.is_interrupted:
            self.lost.append((running.pid, error))
        self.turns.settle(step, Failed(error, ends_run=False))

    def _show_output(self, task: Task) -> None:
        """Put what the worker of a step that failed wrote into the log."""
        output = self.workers.output_of(task)
        if output:
            text = f"step '{task.step.key}' failed. Its process wrote:\n{output}"
            self.state.log.append_line(_ERROR, text, task.step.index, task.attempt)
            self.state.show_line(task.step, task.attempt, _ERROR, text)


_INTERRUPTED = DagflowExecutionInterruptedError.__name__


def _flush(state: RunState) -> None:
    if state.flush is not None:
        state.flush()


def _name(workers: Workers) -> str:
    return workers.title[0].upper() + workers.title[1:]


def _said(text: str, metadata: Mapping[str, Any]) -> EngineMessage:
    return EngineMessage(
        text, EngineEventData({key: MetadataValue.text(str(value)) for key, value in metadata.items()})
    )


def _lost_error(lost: Sequence[tuple[int | None, SerializableErrorInfo]]) -> DagflowSubprocessError:
    told = "\n".join(f"In process {pid}: {info.to_string()}" for pid, info in lost[:_MOST_TOLD])
    if len(lost) > _MOST_TOLD:
        told += f"\nand {len(lost) - _MOST_TOLD} more"
    return DagflowSubprocessError(
        f"not every worker process came to the end of its step\n{told}",
        subprocess_error_infos=[info for _, info in lost],
    )
