"""Connections between the parent of a run and the processes of a cluster: who may start what, and what they
say. One end is the `Switchboard`, at the parent; the other is in `executors/dask_task.py`.

A process connects once for a run. Each side proves to the other that it knows the secret of the run, and the
parent sends its briefing. Then the process asks (`ASK`) before each task, and sends messages as the process
of a step does (`executors/worker.py`), with the name of the task behind the kind. It is told the answer
(`ASK`), `INTERRUPT` and `DIE`.
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

from dagflow.executors.wire import MOST, Incoming, receive, send
from dagflow.processes import Process, is_alive, this_host, this_process

ASK, INTERRUPT, DIE = "ask", "interrupt", "die"
BEGAN, LOST = "began", "lost"

_PROOF = 32  # bytes
_MOST_OF_A_STRANGER = 2 * _PROOF
_PATIENCE = 30  # seconds


class Address(NamedTuple):
    """Where the processes of a cluster reach the parent of a run.

    Attributes: `secret`, by which each knows the other.
    """

    host: str
    port: int
    secret: bytes


class Heard(NamedTuple):
    """What was heard of a task: what a process said (`executors/worker.py`), `[BEGAN, process id]` when it
    was told that it may start, `[LOST, who]` when the connection broke before the end.
    """

    name: str
    message: list[Any]


def call(address: Address) -> tuple[socket.socket, bytes]:
    """Connect a process of a cluster to the parent of a run.

    Returns:
        The connection, and what the parent has to say to each process.

    Raises:
        OSError: Nobody is there, or it is not the parent.
        EOFError: The parent did not believe this process.
    """
    try:
        connection = socket.create_connection((address.host, address.port), timeout=_PATIENCE)
    except OSError as error:
        raise ConnectionError(
            f"process {os.getpid()} of '{this_host()}' does not reach the parent of the run at "
            f"{address.host}:{address.port} ({error}); workers have to be able to connect to it"
        ) from error
    try:
        _keep_alive(connection)
        challenge = secrets.token_bytes(_PROOF)
        send(connection, _proof(address.secret, b"process", receive(connection)) + challenge)
        proof, briefing = receive(connection), receive(connection)
        if not hmac.compare_digest(proof, _proof(address.secret, b"parent", challenge + briefing)):
            raise ConnectionRefusedError(f"who answers at {address.host}:{address.port} is not the parent")
        send(connection, json.dumps(this_process()).encode())
        connection.settimeout(None)
    except BaseException:
        connection.close()
        raise
    return connection, briefing


class _Line:
    """The connection to one process.

    Attributes:
        challenge: What it has to answer; None: it did.
        process: Which it is, None as long as it did not say.
        tasks: What it may carry out now.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.incoming = Incoming(connection, _MOST_OF_A_STRANGER)
        self.challenge: bytes | None = secrets.token_bytes(_PROOF)
        self.process: Process | None = None
        self.tasks: set[str] = set()

    def tell(self, *message: Any) -> None:
        """Say something to it. Raises OSError if it does not listen."""
        connection = self.incoming.connection
        connection.settimeout(_PATIENCE)
        try:
            send(connection, json.dumps(message).encode())
        finally:
            connection.setblocking(False)


class Switchboard:
    """The parent's end of all connections.

    Args:
        host: The own address at which the cluster reaches this process.
        briefing: What is said to each process that knows the secret.

    Attributes:
        address: For the processes.
    """

    def __init__(self, host: str, briefing: bytes) -> None:
        self._briefing = briefing
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self._listener.setblocking(False)
        self.address: Address = Address(host, self._listener.getsockname()[1], secrets.token_bytes(_PROOF))
        self._begun: dict[str, _Line | None] = {}
        self._lost: list[Heard] = []
        self._wakeup, self._waker = socket.socketpair()
        for end in (self._wakeup, self._waker):
            end.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wakeup, selectors.EVENT_READ)

    def hear(self, timeout: float | None) -> list[Heard]:
        """What is said; waits for somebody to say something, or for `timeout` seconds."""
        heard: list[Heard] = []
        for key, _ in self._selector.select(0 if self._lost else timeout):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._wakeup:
                self._wakeup.recv(4096)
            else:
                heard += self._listen(key.data)
        heard += self._lost
        self._lost.clear()
        return heard

    def wake(self) -> None:
        """Let `hear` return now."""
        with suppress(OSError):  # it is full, and wakes it already
            self._waker.send(b"!")

    def has_begun(self, name: str) -> bool:
        """Whether a task may run code of the user, or did, or will never."""
        return name in self._begun

    def refuse(self, name: str) -> None:
        """Refuse a task when it asks."""
        self._begun.setdefault(name, None)

    def interrupt(self, name: str) -> None:
        """Ask a task that is under way to end."""
        line = self._begun.get(name)
        if line is not None:
            self._tell(line, INTERRUPT, name)

    def kill(self, name: str) -> None:
        """End the process of a task that is under way."""
        line = self._begun.get(name)
        if line is None:
            return
        process = line.process
        if process is not None and process.host == this_host() and is_alive(process):
            with suppress(OSError):
                os.kill(process.pid, signal.SIGKILL)  # also where no thread of it can run
        else:
            self._tell(line, DIE, name)

    def close(self) -> None:
        """Close all connections."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._waker.close()
        self._selector.close()

    def _accept(self) -> None:
        with suppress(OSError):  # it is gone again
            connection, _ = self._listener.accept()
            line = _Line(connection)
            self._selector.register(connection, selectors.EVENT_READ, line)
            _keep_alive(connection)
            assert line.challenge is not None
            send(connection, line.challenge)

    def _listen(self, line: _Line) -> Iterator[Heard]:
        try:
            for message in line.incoming.messages():
                if line.process is None:
                    self._greet(line, message)
                else:
                    kind, name, *content = json.loads(message)
                    yield from self._take(line, kind, name, content)
        except (OSError, ValueError, TypeError):  # a stranger, or somebody who talks nonsense
            line.incoming.is_over = True
        if line.incoming.is_over:
            self._hang_up(line)

    def _greet(self, line: _Line, message: bytes) -> None:
        """Make sure that who is there knows the secret; then show that this process does."""
        if line.challenge is None:
            line.process = Process(*json.loads(message))
            return
        answer, challenge = message[:_PROOF], message[_PROOF:]
        if not hmac.compare_digest(answer, _proof(self.address.secret, b"process", line.challenge)):
            raise ConnectionRefusedError("a stranger")
        line.challenge, line.incoming.most = None, MOST
        connection = line.incoming.connection
        connection.settimeout(_PATIENCE)
        send(connection, _proof(self.address.secret, b"parent", challenge + self._briefing))
        send(connection, self._briefing)
        connection.setblocking(False)

    def _take(self, line: _Line, kind: str, name: str, content: list[Any]) -> Iterator[Heard]:
        if kind == ASK:
            is_first = name not in self._begun
            if is_first:
                self._begun[name] = line
                line.tasks.add(name)
                assert line.process is not None
                yield Heard(name, [BEGAN, line.process.pid])
            self._tell(line, ASK, *content, is_first)
        elif name in line.tasks:
            if kind in ("ended", "broken"):
                self._begun[name] = None
                line.tasks.remove(name)
            yield Heard(name, [kind, *content])

    def _tell(self, line: _Line, *message: Any) -> None:
        try:
            line.tell(*message)
        except OSError:
            self._hang_up(line)

    def _hang_up(self, line: _Line) -> None:
        connection = line.incoming.connection
        if connection.fileno() < 0:
            return
        self._selector.unregister(connection)
        connection.close()
        process = line.process
        who = "" if process is None else f"process {process.pid} of {process.host}"
        for name in line.tasks:
            self._begun[name] = None
            self._lost.append(Heard(name, [LOST, who]))
        line.tasks.clear()


def _proof(secret: bytes, who: bytes, challenge: bytes) -> bytes:
    return hmac.digest(secret, who + challenge, "sha256")


def _keep_alive(connection: socket.socket) -> None:
    """Send messages at once, and notice within half a minute when the other machine is gone."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # not on every system
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
