"""The executor that carries out each step in a process of its own.

For each module that has jobs there is one fork server (`executors/fork_server.py`), which is started when a
run first needs it and serves all runs of this process from then on: it has imported the module, so that a
step costs a fork. With `start_method: {spawn: {}}` it imports nothing and starts an interpreter for each
step.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

from dagflow.engine.run_state import RunState
from dagflow.engine.worker_loop import Began, BrokenOff, Report, Task, run_in_workers
from dagflow.errors import (
    ChildProcessCrashException,
    DagflowImportError,
)
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.executors.fork_client import Channel, ForkServerFailure, open_channel
from dagflow.executors.step_process import Orders
from dagflow.executors.tasks import last_lines, pickled, tag_limits
from dagflow.executors.wire import Incoming, send_object
from dagflow.executors.worker import assignment_of, errand_of, file_key_of, report_of

_STORE = "dagflow.instance.sql"
_TO_LEAVE = 5.0  # seconds


class StepProcess:
    """The process of one task, as its parent sees it.

    Attributes:
        pid: Known when the fork server has said it.
        incoming: What it says.
        has_ended: Whether it said how its task ended.
    """

    __slots__ = ("connection", "has_ended", "incoming", "pid", "task")

    def __init__(self, task: Task, connection: socket.socket) -> None:
        self.task = task
        self.connection = connection
        self.incoming = Incoming(connection)
        self.pid: int | None = None
        self.has_ended = False

    def reports(self) -> Iterator[Report]:
        """What it said since the last time."""
        for message in self.incoming.messages():
            said = json.loads(message)
            self.has_ended = self.has_ended or said[0] in ("ended", "broken")
            yield report_of(self.task, said)


class StepProcesses:
    """The workers of a run: a process for each task (see `engine.parallel.Workers`).

    Args:
        state: The run.
        limit: How many processes at a time.
        is_spawned: Whether each process is a new interpreter.
        modules: Modules that the fork server imports beside that of the job.

    Raises:
        DagflowImportError: The module of the job could not be imported there.
        DagflowUnmetExecutorRequirementsError: Something cannot be sent to another process.
    """

    title = "multiprocess executor"

    def __init__(self, state: RunState, limit: int, *, is_spawned: bool, modules: Sequence[str] = ()) -> None:
        self.limit = limit
        self._state = state
        self._instance = state.get_instance()
        self._pointer = state.pointer
        self._assignment = pickled(assignment_of(state), "the run")
        sys_path = [entry for entry in sys.path if isinstance(entry, str)]  # Python skips others too
        self._place = (sys_path, os.getcwd(), dict(os.environ))
        self._processes: dict[str, StepProcess] = {}
        self._told: list[Report] = []
        self._selector = selectors.DefaultSelector()
        self._wakeup, self._waker = socket.socketpair()
        for end in (self._wakeup, self._waker):
            end.setblocking(False)
        try:
            self._channel: Channel = self._open_channel(is_spawned, modules)
        except BaseException:
            self._close_own()
            raise
        self._selector.register(self._wakeup, selectors.EVENT_READ, self._woken)
        self._selector.register(self._channel.incoming.connection, selectors.EVENT_READ, self._hear)

    def _open_channel(self, is_spawned: bool, modules: Sequence[str]) -> Channel:
        if self._state.plan.partition_key is not None:  # it may be a dynamic one, which each step looks up
            modules = [*modules, _STORE]
        try:
            return open_channel(self._pointer, list(modules), self._place, forks=not is_spawned)
        except ForkServerFailure as failure:
            cause = "" if failure.info is None else f"\n{failure.info.to_string()}"
            raise DagflowImportError(
                f"the process that is to run the steps of job '{self._state.job.name}' did not come up: "
                f"{failure.reason}. What imports here has to import in a new interpreter too.{cause}"
            ) from failure

    def start(self, task: Task) -> None:
        """Start the process of a task."""
        name = _name_of(task)
        errand = errand_of(self._state, task)
        stdout, stderr = self._instance.captured_log_paths(self._state.run.run_id, errand.file_key)
        content = (self._assignment, pickled(errand, f"step '{task.step.key}'"))
        orders = Orders(*self._place, self._pointer.to_dict(), content, os.fspath(stdout), os.fspath(stderr))
        try:
            connection = self._channel.start(name)
        except ConnectionError:
            self._told.append(_lost(task, "could not be started: the process that starts them is gone"))
            return
        except OSError as error:
            why = f"could not be started: {error}. Let fewer run at a time (max_concurrent)"
            self._told.append(_lost(task, why))
            return
        try:
            connection.settimeout(60)
            send_object(connection, orders)
        except OSError:  # it is gone already, or does not listen: it ends, and that will be reported
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        process = self._processes[name] = StepProcess(task, connection)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._listen(process))

    def reports(self, timeout: float | None) -> Sequence[Report]:
        """What happened since the last time."""
        for key, _ in self._selector.select(0 if self._told else timeout):
            key.data()
        told, self._told = self._told, []
        return told

    def wake(self) -> None:
        """Let `reports` return now."""
        with suppress(OSError):
            self._waker.send(b"!")

    def _woken(self) -> None:
        with suppress(BlockingIOError):
            while self._wakeup.recv(4096):
                pass

    def _listen(self, process: StepProcess) -> None:
        if process.connection.fileno() < 0:
            return  # it was finished just now
        self._told += process.reports()
        if process.incoming.is_over:
            self._selector.unregister(process.connection)

    def _hear(self) -> None:
        incoming = self._channel.incoming
        for message in incoming.messages():
            kind, name, number = json.loads(message)
            process = self._processes[name]
            if kind == "pid":
                process.pid = number
                self._told.append(Began(process.task, number))
            elif kind == "exit":
                self._finish(process, _how(number))
            else:
                self._finish(process, f"could not be started: {number}")
        if incoming.is_over:  # the fork server is gone, and took its processes with it
            self._selector.unregister(incoming.connection)
            for process in list(self._processes.values()):
                self._finish(process, _how(-signal.SIGKILL))

    def _finish(self, process: StepProcess, how: str) -> None:
        """A process has ended: hear what it said last, and whether it said how its task ended."""
        if not process.incoming.is_over:
            self._told += process.reports()
        if process.connection in self._selector.get_map():
            self._selector.unregister(process.connection)
        process.connection.close()
        del self._processes[_name_of(process.task)]
        if not process.has_ended:
            self._told.append(_lost(process.task, how, process.pid))

    def interrupt(self) -> None:
        """Ask all tasks to end."""
        for name in self._processes:
            self._signal(name, signal.SIGINT)

    def kill(self, task: Task) -> None:
        """End the process of a task, and all that it started."""
        self._signal(_name_of(task), signal.SIGKILL)

    def _signal(self, name: str, number: int) -> None:
        with suppress(OSError):  # the fork server is gone: that will be reported
            self._channel.signal(name, number)

    def output_of(self, task: Task) -> str:
        """The last lines of what the process of a task wrote."""
        return last_lines(self._instance.captured_log_paths(self._state.run.run_id, file_key_of(*task)))

    def close(self) -> None:
        """End what is still there. Those that have said all get a moment to leave: they may have things to
        finish (`atexit`).
        """
        end = monotonic() + _TO_LEAVE
        while any(process.has_ended for process in self._processes.values()) and monotonic() < end:
            for key, _ in self._selector.select(end - monotonic()):
                key.data()
        self._channel.close()
        for process in self._processes.values():
            process.connection.close()
        self._close_own()

    def _close_own(self) -> None:
        self._selector.close()
        self._wakeup.close()
        self._waker.close()


def run_in_processes(state: RunState, config: Mapping[str, Any]) -> bool:
    """Run all steps, each in a process of its own.

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
        lambda: StepProcesses(state, limit, is_spawned="spawn" in method, modules=modules),
        tag_limits(config.get("tag_concurrency_limits") or ()),
    )


def _name_of(task: Task) -> str:
    return file_key_of(*task)


def _how(exit_code: int) -> str:
    """How a process ended."""
    if exit_code >= 0:
        return f"unexpectedly exited with code {exit_code}"
    name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else str(-exit_code)
    return f"was ended unexpectedly by signal {-exit_code} ({name})"


def _lost(task: Task, how: str, pid: int | None = None) -> BrokenOff:
    text = f"the process of step '{task.step.key}' {how}"
    crash = ChildProcessCrashException(text, pid=pid)
    return BrokenOff(task, SerializableErrorInfo.from_exception(crash), text)
