"""Runs with workers in this process, with any order of their reports."""

from __future__ import annotations

import json
import pickle
import signal
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from drawn_pipelines import descriptions
from hypothesis import given
from hypothesis import strategies as st
from pipelines import job_of, observed

import dagflow.runs.by_executor
from dagflow import (
    DagflowEventType,
    DagflowInstance,
    RetryPolicy,
    build_reconstructable_job,
    execute_job,
    instance_for_test,
)
from dagflow.defs.executors.builtin import MultiprocessExecutor
from dagflow.engine.worker_loop import run_in_workers
from dagflow.engine.workers import Task, TaskLost, TaskReport
from dagflow.errors import DagflowExecutionInterruptedError, DagflowSubprocessError
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.executors.wire import LAST_TYPES
from dagflow.executors.worker import WorkerSession, execute_task, read_report, run_spec_of, task_spec_of
from dagflow.testing import SkippingClock, SystemClock, VirtualClock, default_options, observe, run_options

FOLDER = str(Path(__file__).parents[1] / "executors")
T = DagflowEventType


class LocalWorkers:
    """Workers that run a task at once in this process, and report it message by message.

    Args:
        state: The run.
        limit: The maximum number of tasks at a time.
        choose: Selects the task whose message is reported next.
        lost: The step keys and attempts that are lost before their first message.
    """

    title = "executor of a test"
    ending = ()

    def __init__(
        self,
        state: Any,
        limit: int = 3,
        choose: Callable[[Sequence[Any]], Any] = lambda names: names[0],
        lost: Sequence[tuple[str, int]] = (),
    ) -> None:
        self.state = state
        self.limit = limit
        self.choose = choose
        self.lost = lost
        self.messages: dict[Task, deque[list[Any]]] = {}
        self.most = 0
        self.closed = 0

    def start(self, task: Task) -> None:
        messages = self.messages[task] = deque()
        self.most = max(self.most, len(self.messages))
        if (task.step.key, task.attempt) in self.lost:
            return
        specs = pickle.dumps((run_spec_of(self.state), task_spec_of(self.state, task)))
        run_spec, task_spec = pickle.loads(specs)
        session = WorkerSession(self.state.job, run_spec)
        execute_task(session, task_spec, lambda *message: messages.append(json.loads(json.dumps(message))))
        session.close()

    def reports(self, timeout: float | None) -> list[TaskReport]:
        task = self.choose(list(self.messages))
        messages = self.messages[task]
        if not messages:
            del self.messages[task]
            info = SerializableErrorInfo("lost\n", [], "ChildProcessCrashException")
            return [TaskLost(task, info, f"step '{task.step.key}' was lost")]
        message = messages.popleft()
        if message[0] in LAST_TYPES:
            del self.messages[task]
        return [read_report(task, message)]

    def wake(self) -> None:
        """Do nothing: `reports` never waits."""

    def interrupt(self) -> None:
        """Do nothing: no task is running between two calls."""

    def kill(self, task: Task) -> None:
        """Do nothing: no task is running between two calls."""

    def output_of(self, task: Task) -> str:
        return "some words" if (task.step.key, task.attempt) in self.lost else ""

    def close(self) -> None:
        self.closed += 1


@pytest.fixture(scope="module", name="instance")
def _instance():
    with instance_for_test() as instance:
        yield instance


def run(
    description: str,
    instance: DagflowInstance,
    raise_on_error: bool = False,
    workers: type[LocalWorkers] = LocalWorkers,
    **options: Any,
) -> tuple[Any, LocalWorkers]:
    """Return the result of a pipeline that ran in local workers, and the workers."""
    made: list[LocalWorkers] = []

    def in_workers(state: Any, _: Any) -> bool:
        return run_in_workers(state, lambda: made.append(workers(state, **options)) or made[0])

    job = build_reconstructable_job(
        "pipelines", "job_of", (description,), reconstructor_working_directory=FOLDER
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(dagflow.runs.by_executor._RUNS, MultiprocessExecutor, in_workers)  # type: ignore[arg-type] # noqa: SLF001
        result = execute_job(job, instance, raise_on_error=raise_on_error)
    return result, made[0]


def pipeline(*names: str, **changes: Any) -> str:
    """Return the description of a chain of ops."""
    rows = [
        {
            "name": name,
            "reads": [["value", names[place - 1], "result"]] if place else [],
            "outs": [["result", "required"]],
            "yields": [["result", None]],
            "retries": None,
            "fault": None,
            **changes,
        }
        for place, name in enumerate(names)
    ]
    return json.dumps({"rows": rows, "hooks": [], "retries": None})


@given(descriptions(), st.integers(1, 4), st.integers())
def test_the_order_of_reports_changes_nothing(
    instance: DagflowInstance, description: str, limit: int, seed: int
) -> None:
    """Law: for any order of reports, events and outputs are those of a run in one process."""
    here = job_of(description).execute_in_process(raise_on_error=False)

    result, workers = run(description, instance, limit=limit, choose=Random(seed).choice)

    with result:
        assert observed(result) == observed(here)
    assert workers.most <= limit
    assert workers.closed == 1


@given(descriptions(), st.integers())
def test_events_of_a_worker_keep_their_order(instance: DagflowInstance, description: str, seed: int) -> None:
    """Law: the events of each step are in the log in the order in which the worker sent them."""
    result, _ = run(description, instance, choose=Random(seed).choice)

    for key in {event.step_key for event in result.all_events if event.step_key}:
        own = [event for event in result.all_events if event.step_key == key]
        if own[0].event_type is not T.STEP_SKIPPED:
            assert own[0].event_type is T.STEP_WORKER_STARTING
            moments = [event.timestamp for event in own if event.event_type is not T.STEP_WORKER_STARTING]
            assert moments == sorted(moments)


def test_a_lost_worker_is_a_failure_of_its_step(instance: DagflowInstance) -> None:
    """The executor logs the loss, the step fails, and the run fails with DagflowSubprocessError."""
    result, _ = run(pipeline("a", "b"), instance, lost=[("a", 1)])

    own = [event.event_type for event in result.all_events if event.step_key == "a"]
    assert own == [T.STEP_WORKER_STARTING, T.ENGINE_EVENT, T.STEP_FAILURE]
    assert result.is_node_untouched("b")
    assert result.get_run_failure_event().job_failure_data.error.cls_name == "DagflowSubprocessError"
    assert any("some words" in entry.message for entry in instance.all_logs(result.run_id))


def test_a_lost_worker_is_replaced_if_the_policy_allows(instance: DagflowInstance) -> None:
    """The attempt counts, and the next attempt is a restart."""
    result, _ = run(pipeline("a", retries=1), instance, lost=[("a", 1)])

    assert result.success
    assert result.retry_attempts_for_node("a") == 1
    assert [event.attempt for event in result.all_events if event.event_type is T.STEP_WORKER_STARTING] == [
        1,
        2,
    ]


def test_retries_wait_on_the_clock_of_the_run(instance: DagflowInstance) -> None:
    """With a virtual clock the delay of a policy passes at once, and is recorded."""
    clock = VirtualClock(0.0)
    with run_options(clock=clock), pytest.MonkeyPatch.context() as patch:
        patch.setattr(RetryPolicy, "calculate_delay", lambda self, attempt, random=None: 60)
        result, _ = run(pipeline("a", retries=1), instance, lost=[("a", 1)])

    assert result.success
    assert clock.sleeps == [60]


def one_minute(patch: pytest.MonkeyPatch) -> None:
    """Make each retry wait for a minute."""
    patch.setattr(RetryPolicy, "calculate_delay", lambda self, attempt, random=None: 60)


def test_a_skipping_clock_skips_the_wait_if_no_task_runs(instance: DagflowInstance) -> None:
    """The delay of a policy passes at once, and the timestamps are real."""
    clock = SkippingClock()
    with run_options(clock=clock), pytest.MonkeyPatch.context() as patch:
        one_minute(patch)
        result, _ = run(pipeline("a", retries=1), instance, lost=[("a", 1)])

    assert result.success
    assert [round(seconds) for seconds in clock.sleeps] == [60]
    assert result.all_events[-1].timestamp - result.all_events[0].timestamp < 30


@pytest.mark.not_in_wasm("it has no signals")
def test_a_real_wait_is_shown_and_an_interrupt_names_it(instance: DagflowInstance) -> None:
    """A wait is shown once; an interrupt during the wait ends the run with the same words."""
    told: list[str] = []

    class Waiting(LocalWorkers):
        def reports(self, timeout: float | None) -> list[TaskReport]:
            if self.messages:
                return super().reports(timeout)
            assert timeout is not None
            assert 50 < timeout <= 60
            signal.raise_signal(signal.SIGINT)
            return []

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with run_options(clock=SystemClock()), pytest.MonkeyPatch.context() as patch:
            one_minute(patch)
            with (
                default_options(notify=told.append),
                pytest.raises(DagflowExecutionInterruptedError) as caught,
            ):
                run(pipeline("a", retries=1), instance, True, Waiting, lost=[("a", 1)])
    finally:
        signal.signal(signal.SIGINT, before)

    assert told == ["step 'a' waits 60 s for its attempt 2, after lost"]
    assert str(caught.value).endswith("from outside while step 'a' waited 60 s for its attempt 2, after lost")


def test_what_an_observer_raises_ends_the_run(instance: DagflowInstance) -> None:
    """The exception of an observer is raised, and the workers are closed."""

    def refuse(event: Any) -> None:
        if event.event_type is T.STEP_START:
            raise LookupError("no more")

    with observe(refuse), pytest.raises(LookupError, match="no more"):
        run(pipeline("a"), instance)


def test_losses_are_raised_with_raise_on_error(instance: DagflowInstance) -> None:
    """The caller gets the errors of the workers."""
    with pytest.raises(DagflowSubprocessError, match="lost"):
        run(pipeline("a"), instance, lost=[("a", 1)], raise_on_error=True)
