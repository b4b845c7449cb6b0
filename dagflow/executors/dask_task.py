"""A step as a task of a cluster: the code that runs in a worker, on one of its threads.

A worker process has one connection to the parent of each run, which all its threads use, and builds the
session of a run once. An interrupt is raised in the thread of a task as soon as it runs Python code again,
not before a wait or a computation outside of Python returns.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import pickle
import queue
import signal
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from dagflow.errors import DagflowExecutionInterruptedError
from dagflow.executors.capture import capture_output
from dagflow.executors.parent_server import (
    KILL,
    START_REPLY,
    START_REQUEST,
    ParentAddress,
    connect_to_parent,
)
from dagflow.executors.reconstructable import load_job
from dagflow.executors.wire import LAST_TYPES, NOTICE, MessageSender, receive
from dagflow.executors.worker import TaskSpec, WorkerSession, execute_task, send_error
from dagflow.preparations import prepare_process


def run_task(content: bytes) -> None:
    """Run a task in a worker of the cluster, unless the parent refuses it. Errors are sent to the parent.

    Args:
        content: The pickled name of the task, pickled TaskSpec and address of the parent. The scheduler does
            not read any of it.

    Raises:
        OSError: The parent cannot be reached, so no user code ran.
    """
    task_name, pickled_task_spec, address = pickle.loads(content)
    connection = _connection_to(address)
    sender = connection.request_start(task_name)
    if sender is None:
        return
    try:
        session = connection.session(partial(sender, NOTICE))
        task_spec: TaskSpec = pickle.loads(pickled_task_spec)
        paths = session.instance.captured_log_paths(session.run_spec.run.run_id, task_spec.file_key)
        with capture_output(paths):
            execute_task(session, task_spec, sender)
    except BaseException as error:
        if not sender.is_last_sent:
            send_error(sender, error)
    finally:
        connection.end_task(task_name)


class _TaskSender:
    """The sender of the messages of a task. It interrupts the thread, but not during or after the last one.

    Attributes:
        is_last_sent: Whether the last message is being sent or was sent.
    """

    def __init__(self, task_name: str, sender: MessageSender) -> None:
        self.task_name = task_name
        self._sender = sender
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._is_sending = self._is_interrupt_pending = False
        self.is_last_sent = False

    def __call__(self, message_type: str, *content: Any) -> None:
        with self._lock:
            self._is_sending = True
            self.is_last_sent = self.is_last_sent or message_type in LAST_TYPES
        try:
            self._sender(message_type, self.task_name, *content)
        finally:
            with self._lock:
                self._is_sending = False
                is_pending, self._is_interrupt_pending = self._is_interrupt_pending, False
        if is_pending:
            raise DagflowExecutionInterruptedError

    def interrupt(self) -> None:
        """Raise an interrupt in the thread of the task. Called by another thread."""
        with self._lock:
            if self._is_sending:
                self._is_interrupt_pending = not self.is_last_sent
            elif not self.is_last_sent:
                error = ctypes.py_object(DagflowExecutionInterruptedError)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), error)


class _ParentConnection:
    """The connection of this process to the parent of a run, for all tasks of the run here.

    Attributes:
        senders: The senders of the running tasks, by task name.
        is_closed: Whether the parent has closed the connection.
    """

    def __init__(self, address: ParentAddress) -> None:
        self._address = address
        self._socket, self._setup = connect_to_parent(address)
        self._sender = MessageSender(self._socket)
        self._numbers = itertools.count()
        self._requests: dict[int, tuple[_TaskSender, queue.SimpleQueue[bool]]] = {}
        self.senders: dict[str, _TaskSender] = {}
        self.is_closed = False
        self._lock = threading.Lock()
        self._session: WorkerSession | None = None
        threading.Thread(target=self._read, name="dagflow-parent-connection", daemon=True).start()

    def request_start(self, task_name: str) -> _TaskSender | None:
        """Ask the parent whether this thread may run a task. Returns None if it may not.

        Raises:
            ConnectionError: The parent has closed the connection.
        """
        number, sender = next(self._numbers), _TaskSender(task_name, self._sender)
        replies: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._requests[number] = sender, replies
        if not self.is_closed:
            self._sender(START_REQUEST, task_name, number)
            if replies.get():
                return sender
        if self.is_closed:
            raise ConnectionAbortedError("the run is over")
        return None

    def session(self, notify: Callable[[str], None]) -> WorkerSession:
        """Return the session of the run, built at the first call.

        Args:
            notify: Sends a message for the user to the parent.
        """
        if self._session is None:
            with _import_lock:
                if self._session is None:
                    functions, pointer, pickled_run_spec = pickle.loads(self._setup)
                    prepare_process(functions)
                    # before the run spec is read, which may name objects of the job's module
                    job = load_job(pointer, notify)
                    self._session = WorkerSession(job, pickle.loads(pickled_run_spec))
        return self._session

    def end_task(self, task_name: str) -> None:
        """Forget a task that has ended."""
        with self._lock:
            del self.senders[task_name]
            self._close_session()

    def _close_session(self) -> None:
        if self.is_closed and not self.senders and self._session is not None:
            self._session.close()

    def _read(self) -> None:
        try:
            while True:
                self._handle(*json.loads(receive(self._socket)))
        except (OSError, EOFError):
            self._close()

    def _handle(self, message_type: str, *content: Any) -> None:
        if message_type == START_REPLY:
            number, may_start = content
            sender, replies = self._requests.pop(number)
            if may_start:
                with self._lock:
                    self.senders[sender.task_name] = sender
            replies.put(may_start)
        elif message_type == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            with self._lock:
                interrupted = self.senders.get(content[0])
            if interrupted is not None:
                interrupted.interrupt()

    def _close(self) -> None:
        """Refuse all start requests and interrupt all tasks, because the parent is gone."""
        with _connections_lock:
            _connections.pop(self._address, None)
        with self._lock:
            self.is_closed = True
            self._socket.close()
            senders = list(self.senders.values())
            self._close_session()
        for _, replies in list(self._requests.values()):
            replies.put(False)
        for sender in senders:
            sender.interrupt()


_connections: dict[ParentAddress, _ParentConnection] = {}
_connections_lock = threading.Lock()
_import_lock = threading.Lock()  # for all runs: a module is incomplete while another thread imports it


def _connection_to(address: ParentAddress) -> _ParentConnection:
    with _connections_lock:
        if address not in _connections:
            _connections[address] = _ParentConnection(address)
        return _connections[address]
