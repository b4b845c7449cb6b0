"""`run_in_workers`: the loop of a run whose steps run in other processes, several at a time.

`Scheduler` decides which step is next, as in a run in this process. `Workers` decide where and how a step
runs (`engine/workers.py` defines the words used here). Only this module adds their reports to the run:
records go to the log, ends of attempts to the scheduler. A lost worker is a failure of its attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

from dagflow.clock import SystemClock
from dagflow.context.current import current_log
from dagflow.engine.interrupts import count_interrupts, raise_on_sigterm
from dagflow.engine.log import NO_STEP, USER_LINE
from dagflow.engine.outcome import INTERRUPTS, Failed, Incomplete, Retry
from dagflow.engine.record import EngineMessage, Record
from dagflow.engine.resources import error_info
from dagflow.engine.run_state import RunState
from dagflow.engine.scheduler import Scheduler
from dagflow.engine.waits import describe_wait
from dagflow.engine.workers import (
    TagLimit,
    Task,
    TaskEnded,
    TaskLost,
    TaskNotice,
    TaskRecord,
    TaskReport,
    TaskStarted,
    Workers,
)
from dagflow.errors import DagflowExecutionInterruptedError, DagflowStepTimeoutError, DagflowSubprocessError
from dagflow.events.data import EngineEventData, ErrorSource, StepFailureData, StepRetryData
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.types import CODE, DagflowEventType
from dagflow.metadata.value import MetadataValue
from dagflow.plan.step import Step

_T = DagflowEventType
_RUN_START, _RUN_SUCCESS = CODE[_T.RUN_START], CODE[_T.RUN_SUCCESS]
_ENGINE_EVENT, _WORKER_STARTING = CODE[_T.ENGINE_EVENT], CODE[_T.STEP_WORKER_STARTING]
_STEP_FAILURE, _UP_FOR_RETRY = CODE[_T.STEP_FAILURE], CODE[_T.STEP_UP_FOR_RETRY]
_CHECK_EVALUATION = CODE[_T.ASSET_CHECK_EVALUATION]
_MATERIALIZATION = CODE[_T.ASSET_MATERIALIZATION]
_WARNING, _ERROR = 30, 40  # the levels of these names in Python's logging
_MAX_LISTED = 10  # lost workers that an error message lists
_SHORT_WAIT = 1.0  # seconds that interrupted steps may take to end before they are shown


def run_in_workers(
    state: RunState, make_workers: Callable[[], Workers], tag_limits: Sequence[TagLimit] = ()
) -> bool:
    """Run all steps of a plan in workers, and close the workers.

    Args:
        state: The run.
        make_workers: Creates the workers.
        tag_limits: The limits of the number of steps with a tag that run at a time.

    Returns:
        Whether the run succeeded.

    Raises:
        DagflowSubprocessError: A worker was lost, and `state.raise_on_error` is set. The failure of a step is
            not raised.
        DagflowExecutionInterruptedError: The run was interrupted, and `state.raise_on_error` is set.
        Exception: The workers could not be created, and `state.raise_on_error` is set.
        BaseException: An observer raised it.
    """
    log, clock = state.log, state.options.clock
    token = current_log.set(state.current_log)
    started = clock.now()
    loop = None
    try:
        with raise_on_sigterm():
            workers = make_workers()
    except (Exception, *INTERRUPTS) as error:
        current_log.reset(token)
        return fail_before_start(state, error)
    try:
        log.append(_RUN_START)
        facts = {"pid": log.pid, "step_keys": state.plan.step_keys}
        text = f"Executing steps using {workers.title}: parent process (pid: {log.pid})"
        log.append(_ENGINE_EVENT, payload=_engine_payload(text, facts))
        _flush(state)
        try:
            loop = _WorkerLoop(state, workers, tag_limits)
            loop.run()
        finally:
            workers.close()
        if state.error is None:
            text = (
                f"{_title(workers)}: finished steps in {clock.now() - started:.2f}s (parent pid: {log.pid})"
            )
            log.append(_ENGINE_EVENT, payload=_engine_payload(text, {"pid": log.pid}))
    except BaseException as unexpected:
        state.write_failure(error_info(unexpected), "RUN_EXCEPTION")
        if state.raise_on_error or log.observer_raised or not isinstance(unexpected, Exception):
            raise
        return False
    finally:
        current_log.reset(token)
    return _end_run(state, loop.scheduler.failures)


def _end_run(state: RunState, failures: Sequence[tuple[Step, Failed]]) -> bool:
    """Append the last event of a run. Return whether the run succeeded."""
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
    state.log.append(_RUN_SUCCESS)
    return True


def fail_before_start(state: RunState, error: BaseException) -> bool:
    """Record that a run failed or was interrupted before its first step. Always returns False.

    Raises:
        BaseException: The error, if `state.raise_on_error` is set.
    """
    if isinstance(error, INTERRUPTS):
        reason = f": {error}" if error.args else ""
        text = f"the run was interrupted from outside, before it began{reason}"
        error = DagflowExecutionInterruptedError(text)
        state.write_failure(error_info(error), "UNEXPECTED_TERMINATION")
    else:
        state.write_failure(error_info(error), "JOB_INITIALIZATION_FAILURE")
    if state.raise_on_error:
        raise error
    return False


class _RunningTask:
    """A task that was started and has not ended.

    Attributes:
        pid: The process of the worker, None until the worker accepted the task.
        deadline: The end of the step's time limit, on the clock of `time.monotonic`; None without a limit.
        records: The records of the task, in order.
        is_late: Whether the worker is being killed because of the time limit.
    """

    __slots__ = ("deadline", "is_late", "pid", "records", "task")

    def __init__(self, task: Task) -> None:
        self.task = task
        self.pid: int | None = None
        self.records: list[Record] = []
        self.is_late = False
        self.deadline: float | None = None

    def begin(self, pid: int) -> None:
        """Store the process of the worker and start the time limit."""
        self.pid = pid
        timeout = self.task.step.timeout
        self.deadline = None if timeout is None else monotonic() + timeout


class _WorkerLoop:
    """The running tasks of a run, and the effect of each report on the run.

    Attributes:
        running: The tasks that were started. Invariant: each gets exactly one TaskEnded or TaskLost.
        timed: The running tasks whose step has a time limit.
        lost: The process and error of each worker that was lost for good.
        is_interrupted: Whether all tasks were asked to end. No step starts after that.
        interrupted_wait: The description of the wait for a retry or for the end of processes that was
            interrupted; empty without one.
        is_time_real: Whether time passes on the clock of the run while tasks run.
        waits_for_reports: Whether retries are waited for in `workers.reports`, which interrupts wake. On
            other clocks a wait takes no time.
        notice_at: The time at which the steps that an interrupt has not ended yet are shown to the user, on
            the clock of `time.monotonic`; None before an interrupt and afterwards.
        shown_wait: The last wait for a retry that was shown to the user.
    """

    def __init__(self, state: RunState, workers: Workers, tag_limits: Sequence[TagLimit]) -> None:
        self.state = state
        self.workers = workers
        self.tag_limits = tag_limits
        self.scheduler = Scheduler(state)
        self.running: dict[Task, _RunningTask] = {}
        self.timed: dict[Task, _RunningTask] = {}
        self.lost: list[tuple[int | None, SerializableErrorInfo]] = []
        self.is_interrupted = False
        self.interrupted_wait = ""
        self.notice_at: float | None = None
        clock = state.options.clock
        self.is_time_real = isinstance(clock, SystemClock)
        self.waits_for_reports = type(clock) is SystemClock
        self.shown_wait: tuple[float, int] | None = None

    def run(self) -> None:
        """Run all steps. Afterwards `state.error` is the error that ended the run, or None."""
        with count_interrupts(self.workers.wake) as interrupts:
            seen = 0
            while self._start_ready_steps() or self.workers.ending:
                _flush(self.state)  # after the start of new tasks, so that they do not wait for it
                for report in self.workers.reports(self._timeout()):
                    self._handle(report)
                self._kill_late_tasks()
                self._report_interrupted_tasks()
                if interrupts.count > seen:
                    seen = interrupts.count
                    self._interrupt()
        if self.is_interrupted:
            self._log_event(f"{_title(self.workers)}: the steps that were running have ended")
            text = f"the run was interrupted from outside{self.interrupted_wait}"
            self.state.error = DagflowExecutionInterruptedError(text)
        elif self.lost:
            self.state.error = _lost_error(self.lost)

    def _start_ready_steps(self) -> bool:
        """Start as many steps as the limits allow. Return whether the run continues."""
        admits = self._admits if self.tag_limits else None
        while len(self.running) < self.workers.limit:
            step = self.scheduler.take_ready(admits)
            if step is None:
                break
            self._start(step)
        if self.running:
            return True
        if not self.scheduler.waiting or self.scheduler.is_cut_short:
            return False
        if not self.waits_for_reports:
            self.scheduler.sleep()  # ends at once
            return self._start_ready_steps()
        if self.scheduler.waiting[0] is not self.shown_wait:
            self.shown_wait = self.scheduler.waiting[0]
            self.scheduler.show_wait()
        return True

    def _start(self, step: Step) -> None:
        task = Task(step, self.scheduler.attempts.get(step.index, 0) + 1)
        content = EngineEventData(marker_start="step_process_start")
        payload = EngineMessage(f'Starting a worker for step "{step.key}".', content)
        self.state.log.append(_WORKER_STARTING, step.index, task.attempt, payload)
        running = self.running[task] = _RunningTask(task)
        if step.timeout is not None:
            self.timed[task] = running
        self.workers.start(task)

    def _admits(self, step: Step) -> bool:
        """Return whether the tag limits allow a step to start now."""
        for limit in self.tag_limits:
            value = step.node.tags.get(limit.key)
            if value is None or (limit.value is not None and value != limit.value):
                continue
            values = [other.step.node.tags.get(limit.key) for other in self.running]
            is_any = limit.value is None and not limit.is_each
            if sum(other == value or (is_any and other is not None) for other in values) >= limit.limit:
                return False
        return True

    def _timeout(self) -> float | None:
        """Return the seconds until the next deadline or retry, None without either."""
        moments = [task.deadline - monotonic() for task in self.timed.values() if task.deadline is not None]
        if self.scheduler.waiting and self.is_time_real:
            moments.append(self.scheduler.waiting[0][0] - self.scheduler.moment())
        if self.notice_at is not None:
            moments.append(self.notice_at - monotonic())
        return max(0.0, min(moments)) if moments else None

    def _kill_late_tasks(self) -> None:
        now = monotonic()
        for running in self.timed.values():
            if running.deadline is not None and running.deadline <= now:
                running.is_late, running.deadline = True, None
                self.workers.kill(running.task)

    def _report_interrupted_tasks(self) -> None:
        """Show to the user the steps that have not ended a second after an interrupt."""
        if self.notice_at is not None and self.running and monotonic() >= self.notice_at:
            self.notice_at = None
            keys = ", ".join(repr(task.step.key) for task in self.running)
            self.state.options.notify(
                f"the run was interrupted and waits for the end of {keys}; a second interrupt kills them"
            )

    def _interrupt(self) -> None:
        """Ask all tasks to end the first time, kill their workers the second time."""
        if self.is_interrupted:
            for task in self.running:
                self.workers.kill(task)
            return
        self.is_interrupted = self.scheduler.is_cut_short = True
        self.notice_at = monotonic() + _SHORT_WAIT
        keys = [task.step.key for task in self.running]
        if not keys and self.workers.ending:
            ending = ", ".join(map(repr, self.workers.ending))
            self.interrupted_wait = f" while the processes of the steps {ending} ended"
        elif not keys and self.scheduler.waiting:
            index = self.scheduler.waiting[0][1]
            self.interrupted_wait = f" while {describe_wait(self.state, index, 'waited')}"
        text = f"{_title(self.workers)}: the run was interrupted; the running steps are asked to end"
        self._log_event(text, {"steps_interrupted": keys})
        self.workers.interrupt()

    def _log_event(self, text: str, facts: Mapping[str, Any] | None = None) -> None:
        self.state.log.append(_ENGINE_EVENT, payload=_engine_payload(text, facts or {}))

    # reports

    def _handle(self, report: TaskReport) -> None:
        if isinstance(report, TaskNotice):
            self._show_notice(report)
            return
        running = self.running.get(report.task)
        if running is None:
            return  # the task has ended: its worker was reported as lost, and sent a message after all
        if isinstance(report, TaskStarted):
            running.begin(report.pid)
        elif isinstance(report, TaskRecord):
            running.records.append(self._append(report))
        else:
            del self.running[report.task]
            self.timed.pop(report.task, None)
            if isinstance(report, TaskEnded):
                self._end(report, running)
            else:
                self._lose(report, running)

    def _show_notice(self, report: TaskNotice) -> None:
        """Log a message about the process of a task, and show it to the user at once."""
        step, attempt = report.task
        text = f"the process of step '{step.key}' {report.text}"
        self.state.log.append_line(_WARNING, text, step.index, attempt)
        self.state.options.notify(text)

    def _append(self, report: TaskRecord) -> Record:
        step = report.task.step
        index = step.index if report.has_step else NO_STEP
        payload = report.payload
        if report.code == _MATERIALIZATION:
            from dagflow.engine.provenance import complete  # imported lazily: few processes make assets

            complete(payload, self.state.get_instance(), step)
        elif report.code == _CHECK_EVALUATION:
            from dagflow.engine.checks import with_target  # imported lazily: few runs have checks

            payload = with_target(self.state, payload)
        record = self.state.log.append_streamed(report.code, report.moment, index, report.attempt, payload)
        if report.code == USER_LINE:
            self.state.show_line(step, report.attempt, *report.payload)
        return record

    def _end(self, report: TaskEnded, running: _RunningTask) -> None:
        state, (step, _) = self.state, report.task
        state.log.unconfirmed.update(id(running.records[position]) for position in report.unconfirmed)
        state.stored.update(dict.fromkeys(report.outputs, state.run.run_id))
        outcome = report.outcome
        if outcome is None:
            self.scheduler.schedule.finish(step.index)
            return
        if isinstance(outcome, Incomplete):
            state.mapping_keys.update(outcome.mapping_keys)
        elif isinstance(outcome, Failed):
            self._log_captured_output(report.task)
            if report.is_interrupt and not self.is_interrupted:
                self.lost.append((running.pid, outcome.info))
            outcome = outcome._replace(ends_run=False)
        elif self.is_interrupted:
            return  # an interrupted run does not retry
        self.scheduler.settle(step, outcome)

    def _lose(self, report: TaskLost, running: _RunningTask) -> None:
        state, (step, attempt) = self.state, report.task
        if self.is_interrupted and running.pid is None:
            return  # no worker accepted the task, so the step did not fail
        error = self._error_of(report, running)
        policy = step.retry_policy
        if policy is not None and state.retries and attempt <= policy.max_retries and not self.is_interrupted:
            seconds = max(0, policy.calculate_delay(attempt, state.options.random))
            state.log.append(_UP_FOR_RETRY, step.index, attempt, StepRetryData(error, seconds))
            self.scheduler.settle(step, Retry(seconds))
            return
        source = ErrorSource.INTERRUPT if self.is_interrupted else ErrorSource.FRAMEWORK_ERROR
        state.log.append(_STEP_FAILURE, step.index, attempt, StepFailureData(error, None, source))
        self._log_captured_output(report.task)
        if not running.is_late and not self.is_interrupted:
            self.lost.append((running.pid, error))
        self.scheduler.settle(step, Failed(error, ends_run=False))

    def _error_of(self, report: TaskLost, running: _RunningTask) -> SerializableErrorInfo:
        """Return the error of a lost task; log it if the executor found it."""
        step = report.task.step
        if self.is_interrupted:
            return SerializableErrorInfo(
                "the step was interrupted, and its process was ended\n",
                [],
                DagflowExecutionInterruptedError.__name__,
            )
        if running.is_late:
            error = DagflowStepTimeoutError(
                f"step '{step.key}' took longer than the {step.timeout:g} seconds that its tag "
                "'dagflow/step_timeout' allows, so that its process was ended"
            )
            return SerializableErrorInfo.from_exception(error)
        if report.description is not None:
            text = f"{_title(self.workers)}: {report.description}"
            payload = EngineMessage(text, EngineEventData(error=report.error))
            self.state.log.append(_ENGINE_EVENT, step.index, payload=payload)
        return report.error

    def _log_captured_output(self, task: Task) -> None:
        """Log the last lines that a failed task wrote to stdout and stderr."""
        output = self.workers.output_of(task)
        if output:
            text = f"step '{task.step.key}' failed. Its process wrote:\n{output}"
            self.state.log.append_line(_ERROR, text, task.step.index, task.attempt)
            self.state.show_line(task.step, task.attempt, _ERROR, text)


def _flush(state: RunState) -> None:
    if state.flush is not None:
        state.flush()


def _title(workers: Workers) -> str:
    return workers.title[0].upper() + workers.title[1:]


def _engine_payload(text: str, facts: Mapping[str, Any]) -> EngineMessage:
    metadata = {key: MetadataValue.text(str(value)) for key, value in facts.items()}
    return EngineMessage(text, EngineEventData(metadata))


def _lost_error(lost: Sequence[tuple[int | None, SerializableErrorInfo]]) -> DagflowSubprocessError:
    listed = "\n".join(f"In process {pid}: {info.to_user_string()}" for pid, info in lost[:_MAX_LISTED])
    if len(lost) > _MAX_LISTED:
        listed += f"\nand {len(lost) - _MAX_LISTED} more"
    return DagflowSubprocessError(
        f"not every worker process reached the end of its step\n{listed}",
        subprocess_error_infos=[info for _, info in lost],
    )
