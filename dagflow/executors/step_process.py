"""The process of one task: `execute_task` in a process that a fork server forked or started.

The process leads its own process group, so that everything that user code starts can be ended with it. It
dies with the process that started it. Its stdout and stderr go to two files.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from types import FrameType
from typing import Any, NamedTuple

from dagflow.errors import DagflowExecutionInterruptedError
from dagflow.executors.process_exit import end_process
from dagflow.executors.reconstructable import load_job
from dagflow.executors.wire import LAST_TYPES, NOTICE, MessageSender, receive_object
from dagflow.executors.worker import Send, WorkerSession, execute_task, send_error
from dagflow.preparations import preparations, prepare_process


class ProcessSurroundings(NamedTuple):
    """The settings of the parent process that its child processes adopt."""

    sys_path: Sequence[str]
    directory: str
    environ: Mapping[str, str]
    preparations: Sequence[str] = ()

    @staticmethod
    def of_this_process() -> ProcessSurroundings:
        """Return the surroundings of this process."""
        sys_path = [entry for entry in sys.path if isinstance(entry, str)]  # Python ignores other entries
        return ProcessSurroundings(sys_path, os.getcwd(), dict(os.environ), tuple(preparations))

    def adopt(self) -> None:
        """Set the surroundings of this process."""
        sys.path[:] = self.sys_path
        os.chdir(self.directory)
        if dict(os.environ) != dict(self.environ):
            os.environ.clear()
            os.environ.update(self.environ)
        prepare_process(self.preparations)


class ProcessSpec(NamedTuple):
    """The description of the process of one task.

    Attributes:
        pointer: A ReconstructableJob as a dict.
        run_spec, task_spec: The pickled specs. They are unpickled after the import of the job's module.
        stdout, stderr: The files that capture output.
    """

    surroundings: ProcessSurroundings
    pointer: Any
    run_spec: bytes
    task_spec: bytes
    stdout: str
    stderr: str


def run_step_process(connection: socket.socket) -> None:
    """Run the task whose ProcessSpec arrives on a socket, then end this process. Never returns.

    Raises:
        SystemExit: The interpreter has to end the process, because files are not flushed.
    """
    status = 1
    sender = _InterruptibleSender()
    try:
        spec: ProcessSpec = receive_object(connection)
        sender.connect(MessageSender(connection))
        _run(spec, sender)
        status = 0
    except EOFError:  # the parent is gone
        status = 0
    finally:
        end_process(status, partial(sender, NOTICE))


def _run(spec: ProcessSpec, send: Send) -> None:
    try:
        spec.surroundings.adopt()
        _redirect_output(spec.stdout, spec.stderr)
        job = load_job(spec.pointer, partial(send, NOTICE))
        session = WorkerSession(job, pickle.loads(spec.run_spec))
        task_spec = pickle.loads(spec.task_spec)
    except BaseException as error:
        send_error(send, error)
        return
    try:
        execute_task(session, task_spec, send)
    finally:
        with suppress(Exception):  # the task has ended
            session.close()


class _InterruptibleSender:
    """A sender of messages to the parent that raises an error at SIGINT and SIGTERM.

    A signal never interrupts a message. After the last message signals are ignored.
    """

    def __init__(self) -> None:
        self._is_sending = self._is_interrupt_pending = False
        self._sender: MessageSender | None = None
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._interrupt)

    def connect(self, sender: MessageSender) -> None:
        """Set the sender of the messages."""
        self._sender = sender

    def __call__(self, message_type: str, *content: Any) -> None:
        if self._sender is None:
            return  # the process ended before its task was known
        if message_type in LAST_TYPES:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._is_sending = True
        try:
            self._sender(message_type, *content)
        finally:
            self._is_sending = False
        if self._is_interrupt_pending:
            self._is_interrupt_pending = False
            self._raise()

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        if self._is_sending:
            self._is_interrupt_pending = True
        else:
            self._raise()

    def _raise(self) -> None:
        raise DagflowExecutionInterruptedError("the step was interrupted from outside")


def lead_process_group(parent: int) -> None:
    """Start a process group, and make this process die with the process that started it."""
    os.setsid()
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call above
        os._exit(1)


def _redirect_output(stdout: str, stderr: str) -> None:
    for stream, path in ((sys.stdout, stdout), (sys.stderr, stderr)):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        stream.flush()
        os.dup2(file, stream.fileno())
        os.close(file)
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # a process that dies loses no whole line
