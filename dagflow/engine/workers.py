"""`Workers`: the interface between the loop of a run and the place where its steps run.

The vocabulary of all executors that run steps in other processes:

* parent: the process that controls a run. Only the parent chooses steps and appends to the log.
* worker: a process that runs tasks. It belongs to one task (multiprocess) or serves many (dask).
* task: one attempt at one step. Its name is the step key and the attempt, as in "brew.1".
* spec: the picklable description that the parent sends. `RunSpec` describes the run, `TaskSpec` one task,
  `ProcessSpec` the process of one task.
* session: the job, plan and instance that a worker builds once from a RunSpec (`WorkerSession`).
* message: a list that crosses a socket as JSON. Its first item is the message type.
* report: a message or the loss of a worker, as the loop of the run sees it. The classes are below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from dagflow.engine.outcome import Outcome
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.plan.step import OutputKey, Step


class Task(NamedTuple):
    """One attempt at a step."""

    step: Step
    attempt: int

    @property
    def name(self) -> str:
        """The name of the task in messages, and of the files that capture its stdout and stderr."""
        return task_name(self.step, self.attempt)


def task_name(step: Step, attempt: int) -> str:
    """Return the name of a task."""
    return f"{step.key}.{attempt}"


class TaskStarted(NamedTuple):
    """The report that a worker accepted a task. The time limit of the step counts from here."""

    task: Task
    pid: int


class TaskRecord(NamedTuple):
    """The report of one event or log line of a task.

    Attributes:
        code: The code of the event type, or `USER_LINE` for a log line.
        moment: Seconds since the epoch.
        attempt: The attempt of the record; 0 if the record does not belong to the attempt itself.
        has_step: Whether the record has the key of the step.
        payload: The event as JSON, or the level and message of a log line.
    """

    task: Task
    code: int
    moment: float
    attempt: int
    has_step: bool
    payload: Any


class TaskEnded(NamedTuple):
    """The report that an attempt reached its end in its worker.

    Attributes:
        outcome: The return value of `run_step`.
        outputs: The stored outputs.
        unconfirmed: The positions of the task's records that no longer count.
        is_interrupt: Whether user code raised an interrupt.
    """

    task: Task
    outcome: Outcome | None
    outputs: Sequence[OutputKey]
    unconfirmed: Sequence[int]
    is_interrupt: bool


class TaskLost(NamedTuple):
    """The report that a task did not reach its end.

    Attributes:
        error: The reason.
        description: The message of the executor's own event; None if the worker itself sent the error.
    """

    task: Task
    error: SerializableErrorInfo
    description: str | None


class TaskNotice(NamedTuple):
    """The report of something that the user should know about the process of a task, also after its end.

    Attributes:
        text: The rest of a sentence about the process.
    """

    task: Task
    text: str


TaskReport = TaskStarted | TaskRecord | TaskEnded | TaskLost | TaskNotice


class Workers(Protocol):
    """The workers of one run.

    Attributes: `limit`, the maximum number of tasks at a time; `title`, the name of the executor in events;
    `ending`, the keys of steps that have ended, and whose processes still finish their threads and files.
    """

    @property
    def limit(self) -> int: ...

    @property
    def title(self) -> str: ...

    @property
    def ending(self) -> Sequence[str]: ...

    def start(self, task: Task) -> None:
        """Start a task. Its reports follow."""

    def reports(self, timeout: float | None) -> Sequence[TaskReport]:
        """Return the reports since the last call; wait for one for at most `timeout` seconds."""

    def wake(self) -> None:
        """Make `reports` return now. Signal handlers call this."""

    def interrupt(self) -> None:
        """Ask all tasks to end."""

    def kill(self, task: Task) -> None:
        """Kill the worker of a task. The task is then reported as lost."""

    def output_of(self, task: Task) -> str:
        """Return the last lines that a task wrote to stdout and stderr, if they were captured."""

    def close(self) -> None:
        """End all remaining tasks and release all resources."""


class TagLimit(NamedTuple):
    """The maximum number of steps with a tag that run at a time.

    Attributes:
        value: The value of the tag; None for any value.
        is_each: Whether the limit counts for each value separately.
    """

    key: str
    value: str | None
    is_each: bool
    limit: int
