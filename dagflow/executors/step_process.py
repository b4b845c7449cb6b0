"""The process of one step: where `carry_out` runs, forked by a fork server or started as a new interpreter.

The process leads a process group of its own, so that all that user code starts can be ended with it; it dies
with the process that started it; what it writes to stdout and stderr goes to two files.
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from types import FrameType
from typing import Any, NamedTuple

from dagflow.errors import DagflowExecutionInterruptedError
from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.stored import to_dict
from dagflow.executors.reconstructable import load
from dagflow.executors.wire import Outgoing, receive_object
from dagflow.executors.worker import Workplace, carry_out


class Orders(NamedTuple):
    """What a step's process is told.

    Attributes:
        sys_path, directory, environ: The surroundings of the parent.
        pointer: Where the job is found.
        content: The pickled Assignment and Errand; the module of the job is imported before they are read.
        stdout, stderr: The files for what it writes.
    """

    sys_path: Sequence[str]
    directory: str
    environ: Mapping[str, str]
    pointer: Any
    content: tuple[bytes, bytes]
    stdout: str
    stderr: str


def run_step_process(connection: socket.socket) -> None:
    """Do what the parent orders over a socket, in a process that is for that alone; never returns."""
    status = 1
    try:
        interrupts = _Interrupts()
        orders: Orders = receive_object(connection)
        interrupts.holding(Outgoing(connection))
        _obey(orders, interrupts.say)
        status = 0
    except EOFError:  # the parent is gone
        status = 0
    finally:
        _leave(status)


def _obey(orders: Orders, say: Any) -> None:
    try:
        take_place(orders.sys_path, orders.directory, orders.environ)
        _redirect(orders.stdout, orders.stderr)
        job = load(orders.pointer)
        assignment, errand = map(pickle.loads, orders.content)
        place = Workplace(job, assignment)
    except BaseException as error:
        say("broken", to_dict(SerializableErrorInfo.from_exception(error)))
        return
    carry_out(place, errand, say)


class _Interrupts:
    """Lets SIGINT raise DagflowExecutionInterruptedError, but never in the middle of a message.

    Attributes: `say`, says something to the parent.
    """

    def __init__(self) -> None:
        self._is_saying = self._is_pending = False
        self._outgoing: Outgoing | None = None
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._interrupt)

    def holding(self, outgoing: Outgoing) -> None:
        """Hold interrupts back while something is said there."""
        self._outgoing = outgoing

    def say(self, kind: str, *content: Any) -> None:
        """Say something to the parent."""
        assert self._outgoing is not None
        if kind in ("ended", "broken"):  # it is over: too late for an interrupt
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._is_saying = True
        try:
            self._outgoing(kind, *content)
        finally:
            self._is_saying = False
        if self._is_pending:
            self._is_pending = False
            self._raise()

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        if self._is_saying:
            self._is_pending = True
        else:
            self._raise()

    def _raise(self) -> None:
        raise DagflowExecutionInterruptedError("the step was interrupted from outside")


def take_place(sys_path: Sequence[str], directory: str, environ: Mapping[str, str]) -> None:
    """Take over the surroundings of the parent."""
    sys.path[:] = sys_path
    os.chdir(directory)
    if dict(os.environ) != dict(environ):
        os.environ.clear()
        os.environ.update(environ)


def lead_group(parent: int) -> None:
    """Lead a process group of its own, and die with the process that started this one."""
    os.setsid()
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:  # it is dead already
        os._exit(1)


def _redirect(stdout: str, stderr: str) -> None:
    for stream, path in ((sys.stdout, stdout), (sys.stderr, stderr)):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        stream.flush()
        os.dup2(file, stream.fileno())
        os.close(file)
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # a process that dies keeps nothing back


def _leave(status: int) -> None:
    """End the process, as an interpreter would that has no threads to wait for."""
    try:
        atexit._run_exitfuncs()  # noqa: SLF001 - what a forked process has to do itself
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)
