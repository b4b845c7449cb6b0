"""The TCP connections between the parent of a run and the processes of a cluster.

The parent has a `ParentServer`. Each worker process connects once per run (`connect_to_parent`), and its side
is in `executors/dask_task.py`. Both sides prove that they have the secret of the run, then the parent sends
the setup of the run. Before each task the worker sends `START_REQUEST`, and the parent answers with
`START_REPLY`: a task starts once, even if the scheduler submits it again. Then the worker sends the messages
of `executors/wire.py`, with the name of the task as the second item. The parent may send `INTERRUPT` and
`KILL`.

The event stream of `distributed` (`Worker.log_event`, `Client.subscribe_topic`) was measured and is not used.
A worker queues such events, so a process that dies loses its last ones: of 200 events before `os._exit`, 48
and 94 arrived; over TCP all 200 did. Events pass through the scheduler, which made 1,000 steps 1.7 times as
slow side by side and 1.4 times in a chain. The scheduler also keeps them in memory, where each client can
read them.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import selectors
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from dagflow.executors.wire import LAST_TYPES, MAX_LENGTH, MessageReader, receive, send
from dagflow.processes import Process, is_alive, this_host, this_process

START_REQUEST, START_REPLY, INTERRUPT, KILL = "start_request", "start_reply", "interrupt", "kill"
STARTED, DISCONNECTED = "started", "disconnected"

_PROOF_LENGTH = 32  # bytes
_MAX_UNPROVEN_LENGTH = 2 * _PROOF_LENGTH  # of a message before the proof
_TIMEOUT = 30  # seconds


class ParentAddress(NamedTuple):
    """The address at which worker processes reach the parent of a run.

    Attributes: `secret`, which only the processes of the run have.
    """

    host: str
    port: int
    secret: bytes


class TaskMessage(NamedTuple):
    """A message about a task: one that its worker sent (`executors/wire.py`), or one that the server adds.

    The server adds `[STARTED, process id]` when a worker starts the task, and `[DISCONNECTED, process]` when
    the connection broke before the end of the task.
    """

    task_name: str
    content: list[Any]


def connect_to_parent(address: ParentAddress) -> tuple[socket.socket, bytes]:
    """Connect this worker process to the parent of a run.

    Returns:
        The connection, and the setup of the run.

    Raises:
        OSError: The parent cannot be reached, or another process answers.
        EOFError: The parent rejected this process.
    """
    try:
        connection = socket.create_connection((address.host, address.port), timeout=_TIMEOUT)
    except OSError as error:
        raise ConnectionError(
            f"process {os.getpid()} of '{this_host()}' does not reach the parent of the run at "
            f"{address.host}:{address.port} ({error}); workers have to be able to connect to it"
        ) from error
    try:
        _set_options(connection)
        challenge = secrets.token_bytes(_PROOF_LENGTH)
        send(connection, _proof(address.secret, b"process", receive(connection)) + challenge)
        proof, setup = receive(connection), receive(connection)
        if not hmac.compare_digest(proof, _proof(address.secret, b"parent", challenge + setup)):
            raise ConnectionRefusedError(
                f"the process that answers at {address.host}:{address.port} is not the parent of the run"
            )
        send(connection, json.dumps(this_process()).encode())
        connection.settimeout(None)
    except BaseException:
        connection.close()
        raise
    return connection, setup


class _WorkerConnection:
    """The connection to one worker process.

    Attributes:
        challenge: The bytes that the process has to sign; None once it has.
        process: The process; None until it sends its identity.
        tasks: The names of the tasks that it runs now.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.reader = MessageReader(connection, _MAX_UNPROVEN_LENGTH)
        self.challenge: bytes | None = secrets.token_bytes(_PROOF_LENGTH)
        self.process: Process | None = None
        self.tasks: set[str] = set()

    def send(self, *message: Any) -> None:
        """Send a message to the process. Raises OSError if it does not read."""
        connection = self.reader.connection
        connection.settimeout(_TIMEOUT)
        try:
            send(connection, json.dumps(message).encode())
        finally:
            connection.setblocking(False)


class ParentServer:
    """The parent's side of all connections of a run.

    Args:
        host: The address of this host, as the workers reach it.
        setup: Sent to each process that has proved that it has the secret.

    Attributes:
        address: The address for the workers.
    """

    def __init__(self, host: str, setup: bytes) -> None:
        self._setup = setup
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self._listener.setblocking(False)
        self.address: ParentAddress = ParentAddress(
            host, self._listener.getsockname()[1], secrets.token_bytes(_PROOF_LENGTH)
        )
        # by task name: the connection of its worker; None if the task has ended, was lost or is refused
        self._tasks: dict[str, _WorkerConnection | None] = {}
        self._lost: list[TaskMessage] = []
        self._wakeup, self._waker = socket.socketpair()
        for end in (self._wakeup, self._waker):
            end.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wakeup, selectors.EVENT_READ)

    def receive(self, timeout: float | None) -> list[TaskMessage]:
        """Return the messages that have arrived; wait for one for at most `timeout` seconds."""
        received: list[TaskMessage] = []
        for key, _ in self._selector.select(0 if self._lost else timeout):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._wakeup:
                self._wakeup.recv(4096)
            else:
                received += self._read(key.data)
        received += self._lost
        self._lost.clear()
        return received

    def wake(self) -> None:
        """Make `receive` return now."""
        with suppress(OSError):  # the buffer is full, so `receive` returns anyway
            self._waker.send(b"!")

    def is_decided(self, task_name: str) -> bool:
        """Return whether a task was started or refused. It cannot start again."""
        return task_name in self._tasks

    def refuse(self, task_name: str) -> None:
        """Refuse a later start request of a task."""
        self._tasks.setdefault(task_name, None)

    def interrupt(self, task_name: str) -> None:
        """Ask a running task to end."""
        worker = self._tasks.get(task_name)
        if worker is not None:
            self._send(worker, INTERRUPT, task_name)

    def kill(self, task_name: str) -> None:
        """Kill the process of a running task."""
        worker = self._tasks.get(task_name)
        if worker is None:
            return
        process = worker.process
        if process is not None and process.host == this_host() and is_alive(process):
            with suppress(OSError):
                os.kill(process.pid, signal.SIGKILL)  # works even if no thread of the process can run
        else:
            self._send(worker, KILL, task_name)

    def close(self) -> None:
        """Close all connections."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._waker.close()
        self._selector.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the other side has closed the connection again
            connection, _ = self._listener.accept()
            worker = _WorkerConnection(connection)
            self._selector.register(connection, selectors.EVENT_READ, worker)
            _set_options(connection)
            assert worker.challenge is not None
            send(connection, worker.challenge)

    def _read(self, worker: _WorkerConnection) -> Iterator[TaskMessage]:
        try:
            for message in worker.reader.messages():
                if worker.process is None:
                    self._authenticate(worker, message)
                else:
                    message_type, task_name, *content = json.loads(message)
                    yield from self._handle(worker, message_type, task_name, content)
        except (OSError, ValueError, TypeError):  # a failed proof, or an invalid message
            worker.reader.is_closed = True
        if worker.reader.is_closed:
            self._disconnect(worker)

    def _authenticate(self, worker: _WorkerConnection, message: bytes) -> None:
        """Check the proof of a process and send this side's proof; then read the identity of the process."""
        if worker.challenge is None:
            worker.process = Process(*json.loads(message))
            return
        proof, challenge = message[:_PROOF_LENGTH], message[_PROOF_LENGTH:]
        if not hmac.compare_digest(proof, _proof(self.address.secret, b"process", worker.challenge)):
            raise ConnectionRefusedError("the process does not have the secret of the run")
        worker.challenge, worker.reader.max_length = None, MAX_LENGTH
        connection = worker.reader.connection
        connection.settimeout(_TIMEOUT)
        send(connection, _proof(self.address.secret, b"parent", challenge + self._setup))
        send(connection, self._setup)
        connection.setblocking(False)

    def _handle(
        self, worker: _WorkerConnection, message_type: str, task_name: str, content: list[Any]
    ) -> Iterator[TaskMessage]:
        if message_type == START_REQUEST:
            may_start = task_name not in self._tasks
            if may_start:
                self._tasks[task_name] = worker
                worker.tasks.add(task_name)
                assert worker.process is not None
                yield TaskMessage(task_name, [STARTED, worker.process.pid])
            self._send(worker, START_REPLY, *content, may_start)
        elif task_name in worker.tasks:
            if message_type in LAST_TYPES:
                self._tasks[task_name] = None
                worker.tasks.remove(task_name)
            yield TaskMessage(task_name, [message_type, *content])

    def _send(self, worker: _WorkerConnection, *message: Any) -> None:
        try:
            worker.send(*message)
        except OSError:
            self._disconnect(worker)

    def _disconnect(self, worker: _WorkerConnection) -> None:
        connection = worker.reader.connection
        if connection.fileno() < 0:
            return
        self._selector.unregister(connection)
        connection.close()
        process = worker.process
        text = "" if process is None else f"process {process.pid} of {process.host}"
        for task_name in worker.tasks:
            self._tasks[task_name] = None
            self._lost.append(TaskMessage(task_name, [DISCONNECTED, text]))
        worker.tasks.clear()


def _proof(secret: bytes, side: bytes, challenge: bytes) -> bytes:
    return hmac.digest(secret, side + challenge, "sha256")


def _set_options(connection: socket.socket) -> None:
    """Send messages at once, and detect within half a minute that the other host is gone."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # not on every system
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
