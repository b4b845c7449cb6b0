"""The multiprocess executor: each task has its own process.

Each module with jobs has one fork server (`executors/fork_server.py`). The first run that needs it starts it,
and it serves all later runs of this process. It has imported the module, so a step costs a fork. With
`start_method: {spawn: {}}` it imports nothing and starts an interpreter for each task.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

from dagflow.engine.run_state import RunState
from dagflow.engine.worker_loop import run_in_workers
from dagflow.engine.workers import Task, TaskLost, TaskNotice, TaskReport, TaskStarted
from dagflow.errors import (
    ChildProcessCrashException,
    DagflowImportError,
)
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.executors.fork_client import Channel, ForkServerFailure, open_channel
from dagflow.executors.fork_server import EXITED, FORKED
from dagflow.executors.process_exit import LIMIT
from dagflow.executors.step_process import ProcessSpec, ProcessSurroundings
from dagflow.executors.tasks import last_lines, pickled_spec, tag_limits
from dagflow.executors.wire import LAST_TYPES, MessageReader, send_object
from dagflow.executors.worker import read_report, run_spec_of, task_spec_of

_STORE_MODULE = "dagflow.instance.sql"
_EXIT_TIMEOUT = 5.0  # seconds for processes whose task has ended, if the run ends early
_MORE_THAN_LIMIT = 5.0  # seconds after which a process that does not respect the limit of its end is killed
_SEND_TIMEOUT = 60  # seconds for the spec of a process


class StepProcess:
    """The process of one task, as its parent sees it.

    Attributes:
        pid: The process id; None until the fork server sends it.
        reader: Reads the messages of the process.
        has_ended: Whether the last message of the task has arrived.
        deadline: The time at which the process is killed, on the clock of `time.monotonic`; None before the
            end of the task and after the kill.
    """

    __slots__ = ("connection", "deadline", "has_ended", "pid", "reader", "task")

    def __init__(self, task: Task, connection: socket.socket) -> None:
        self.task: Task = task
        self.connection: socket.socket = connection
        self.reader: MessageReader = MessageReader(connection)
        self.pid: int | None = None
        self.has_ended: bool = False
        self.deadline: float | None = None

    def reports(self) -> Iterator[TaskReport]:
        """Yield the reports that have arrived."""
        for content in self.reader.messages():
            message = json.loads(content)
            if message[0] in LAST_TYPES:
                self.has_ended, self.deadline = True, monotonic() + LIMIT + _MORE_THAN_LIMIT
            yield read_report(self.task, message)


class StepProcesses:
    """The workers of a run: a process for each task (implements `engine.workers.Workers`).

    Args:
        state: The run.
        limit: The maximum number of processes at a time.
        is_spawned: Whether each process is a new interpreter.
        modules: Modules that the fork server imports besides the module of the job.
        import_timeout: The maximum seconds of these imports; None for no limit.

    Raises:
        DagflowImportError: The fork server could not import the module of the job.
        DagflowUnmetExecutorRequirementsError: The run cannot be pickled.
    """

    title = "multiprocess executor"

    def __init__(
        self,
        state: RunState,
        limit: int,
        *,
        is_spawned: bool,
        modules: Sequence[str] = (),
        import_timeout: float | None = None,
    ) -> None:
        self.limit = limit
        self._state = state
        self._instance = state.get_instance()
        self._pointer = state.pointer
        self._run_spec = pickled_spec(run_spec_of(state), "the run")
        self._surroundings = ProcessSurroundings.of_this_process()
        self._processes: dict[str, StepProcess] = {}  # by task name
        self._reports: list[TaskReport] = []
        self._selector = selectors.DefaultSelector()
        self._wakeup, self._waker = socket.socketpair()
        for end in (self._wakeup, self._waker):
            end.setblocking(False)
        try:
            self._channel: Channel = self._open_channel(is_spawned, modules, import_timeout)
        except BaseException:
            self._close_sockets()
            raise
        self._selector.register(self._wakeup, selectors.EVENT_READ, self._clear_wakeup)
        self._selector.register(self._channel.reader.connection, selectors.EVENT_READ, self._read_channel)

    def _open_channel(
        self, is_spawned: bool, modules: Sequence[str], import_timeout: float | None
    ) -> Channel:
        if self._state.plan.partitions.keys:  # each step looks up a dynamic partition in the store
            modules = [*modules, _STORE_MODULE]
        try:
            return open_channel(
                self._pointer.location,
                modules,
                self._surroundings,
                is_forking=not is_spawned,
                notify=self._state.options.notify,
                import_timeout=import_timeout,
            )
        except ForkServerFailure as failure:
            cause = "" if failure.info is None else f"\n{failure.info.to_user_string()}"
            raise DagflowImportError(
                f"the process that is to run the steps of {self._state.job.describe_target()} did not start: "
                f"{failure.reason}. A module that imports here must import in a new interpreter too.{cause}"
            ) from failure

    def start(self, task: Task) -> None:
        """Start the process of a task."""
        task_spec = task_spec_of(self._state, task)
        stdout, stderr = self._instance.captured_log_paths(self._state.run.run_id, task_spec.file_key)
        spec = ProcessSpec(
            self._surroundings,
            self._pointer.to_dict(),
            self._run_spec,
            pickled_spec(task_spec, f"step '{task.step.key}'"),
            os.fspath(stdout),
            os.fspath(stderr),
        )
        try:
            connection = self._channel.start(task.name)
        except ConnectionError:
            self._reports.append(_lost(task, "could not be started: the process that starts them is gone"))
            return
        except OSError as error:
            reason = f"could not be started: {error}. Run fewer steps at a time (max_concurrent)"
            self._reports.append(_lost(task, reason))
            return
        try:
            connection.settimeout(_SEND_TIMEOUT)
            send_object(connection, spec)
        except OSError:  # the process has ended or does not read: it ends, and the fork server reports that
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        process = self._processes[task.name] = StepProcess(task, connection)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._read_process(process))

    def reports(self, timeout: float | None) -> Sequence[TaskReport]:
        """Return the reports since the last call; wait for one for at most `timeout` seconds."""
        waits = [] if timeout is None else [timeout]
        waits += self._kill_late_processes()
        for key, _ in self._selector.select(0 if self._reports else min(waits, default=None)):
            key.data()
        reports, self._reports = self._reports, []
        return reports

    @property
    def ending(self) -> Sequence[str]:
        """The keys of the steps that have ended, and whose processes have not."""
        return [process.task.step.key for process in self._processes.values() if process.has_ended]

    def _kill_late_processes(self) -> list[float]:
        """Kill the processes that do not end. Return the seconds that the others still have."""
        seconds = []
        for process in self._processes.values():
            if process.deadline is None:
                continue
            rest = process.deadline - monotonic()
            if rest > 0:
                seconds.append(rest)
                continue
            process.deadline = None
            self._reports.append(TaskNotice(process.task, f"did not end in {LIMIT:g} s and is killed"))
            self._signal(process.task.name, signal.SIGKILL)
        return seconds

    def wake(self) -> None:
        """Make `reports` return now."""
        with suppress(OSError):
            self._waker.send(b"!")

    def _clear_wakeup(self) -> None:
        with suppress(BlockingIOError):
            while self._wakeup.recv(4096):
                pass

    def _read_process(self, process: StepProcess) -> None:
        if process.connection.fileno() < 0:
            return  # the process was just finished
        self._reports += process.reports()
        if process.reader.is_closed:
            self._selector.unregister(process.connection)

    def _read_channel(self) -> None:
        reader = self._channel.reader
        for content in reader.messages():
            answer, task_name, detail = json.loads(content)
            process = self._processes[task_name]
            if answer == FORKED:
                process.pid = detail
                self._reports.append(TaskStarted(process.task, detail))
            elif answer == EXITED:
                self._finish(process, _describe_exit(detail))
            else:
                self._finish(process, f"could not be started: {detail}")
        if reader.is_closed:  # the fork server is gone, and its processes with it
            self._selector.unregister(reader.connection)
            for process in list(self._processes.values()):
                self._finish(process, _describe_exit(-signal.SIGKILL))

    def _finish(self, process: StepProcess, description: str) -> None:
        """Read the last messages of a process that has ended, and report its task if it is lost."""
        if not process.reader.is_closed:
            self._reports += process.reports()
        if process.connection in self._selector.get_map():
            self._selector.unregister(process.connection)
        process.connection.close()
        del self._processes[process.task.name]
        if not process.has_ended:
            self._reports.append(_lost(process.task, description, process.pid))

    def interrupt(self) -> None:
        """Ask all tasks to end, and kill the processes whose task has ended."""
        for task_name, process in self._processes.items():
            self._signal(task_name, signal.SIGKILL if process.has_ended else signal.SIGINT)

    def kill(self, task: Task) -> None:
        """Kill the process of a task, and all processes that it started."""
        self._signal(task.name, signal.SIGKILL)

    def _signal(self, task_name: str, number: int) -> None:
        with suppress(OSError):  # the fork server is gone, which `reports` detects
            self._channel.signal(task_name, number)

    def output_of(self, task: Task) -> str:
        """Return the last lines that the process of a task wrote."""
        return last_lines(self._instance.captured_log_paths(self._state.run.run_id, task.name))

    def close(self) -> None:
        """End all remaining processes. A process whose task has ended may finish its `atexit` functions."""
        end = monotonic() + _EXIT_TIMEOUT
        while any(process.has_ended for process in self._processes.values()) and monotonic() < end:
            for key, _ in self._selector.select(end - monotonic()):
                key.data()
        self._channel.close()
        for process in self._processes.values():
            process.connection.close()
        self._close_sockets()

    def _close_sockets(self) -> None:
        self._selector.close()
        self._wakeup.close()
        self._waker.close()


def run_in_processes(state: RunState, config: Mapping[str, Any]) -> bool:
    """Run all steps, each in its own process.

    Args:
        state: The run.
        config: The checked config of the executor.

    Returns:
        Whether the run succeeded.
    """
    method = config.get("start_method") or {"forkserver": {}}
    modules = (method.get("forkserver") or {}).get("preload_modules") or ()
    limit = config.get("max_concurrent") or os.cpu_count() or 1
    return run_in_workers(
        state,
        lambda: StepProcesses(
            state,
            limit,
            is_spawned="spawn" in method,
            modules=modules,
            import_timeout=config.get("import_timeout"),
        ),
        tag_limits(config.get("tag_concurrency_limits") or ()),
    )


def _describe_exit(exit_code: int) -> str:
    if exit_code >= 0:
        return f"unexpectedly exited with code {exit_code}"
    name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else str(-exit_code)
    return f"was ended unexpectedly by signal {-exit_code} ({name})"


def _lost(task: Task, what: str, pid: int | None = None) -> TaskLost:
    text = f"the process of step '{task.step.key}' {what}"
    crash = ChildProcessCrashException(text, pid=pid)
    return TaskLost(task, SerializableErrorInfo.from_exception(crash), text)
