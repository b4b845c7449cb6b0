"""The parent's end of the connections to workers on a cluster: who may start what, and what they say.

A process of a worker connects once, and proves that it knows the secret of the run. Then it sends messages as
the process of a step does (`executors/worker.py`), with the name of the task behind the kind; and it asks
(`ASK`) before each task. It is told `ASK` with yes or no, `INTERRUPT` and `DIE`.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from dagflow.engine.parallel import Task
from dagflow.executors.wire import receive, send

ASK, INTERRUPT, DIE = "ask", "interrupt", "die"


class Switchboard:
    """The parent's end of the connections to workers.

    Attributes:
        address: Host, port and secret, for the workers.
        tasks: The tasks that were handed out, by name.
    """

    def __init__(self, host: str, hear: Callable[[Task, list[Any] | None, str], None]) -> None:
        self._secret = secrets.token_bytes(32)
        self._listener = socket.create_server((host, 0))
        self.address = (host, self._listener.getsockname()[1], self._secret)
        self.tasks: dict[str, Task] = {}
        self._hear = hear
        self._lock = threading.Lock()
        self._begun: dict[str, socket.socket | None] = {}
        self._connections: dict[socket.socket, str] = {}
        self._pids: dict[str, tuple[str, int]] = {}
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def has_begun(self, name: str) -> bool:
        """Whether a task may run code of the user, or did."""
        return name in self._begun

    def refuse(self, name: str) -> None:
        """Refuse a task when it asks."""
        with self._lock:
            self._begun.setdefault(name, None)

    def tell(self, name: str, what: str) -> None:
        """Let the worker of a task know something."""
        connection = self._begun.get(name)
        host, pid = self._pids.get(name, ("", 0))
        if what == DIE and host == socket.gethostname():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)  # also where no thread of it can run
        elif connection is not None:
            with suppress(OSError):
                send(connection, json.dumps([what, name]).encode())

    def close(self) -> None:
        """Close all connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # closing it alone would wake nobody
        self._listener.close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                worker = self._introduced(connection)
            except (OSError, EOFError, ValueError):
                return
            try:
                while True:
                    self._take(connection, json.loads(receive(connection)))
            except (OSError, EOFError):
                self._lose(connection, worker)

    def _introduced(self, connection: socket.socket) -> str:
        """Make sure that who is there knows the secret. Returns what it calls itself."""
        connection.settimeout(30)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        challenge = secrets.token_bytes(32)
        send(connection, challenge)
        answer = receive(connection)
        if not hmac.compare_digest(answer, hmac.digest(self._secret, challenge, "sha256")):
            raise ValueError("a stranger")
        worker = receive(connection).decode()
        connection.settimeout(None)
        with self._lock:
            self._connections[connection] = worker
        return worker

    def _take(self, connection: socket.socket, message: list[Any]) -> None:
        kind, name, *content = message
        task = self.tasks[name]
        if kind == ASK:
            with self._lock:
                is_first = name not in self._begun
                if is_first:
                    self._begun[name] = connection
                    self._pids[name] = content[0], content[1]
            send(connection, json.dumps([ASK, name, is_first]).encode())
            return
        if self._begun.get(name) is connection:
            if kind in ("ended", "broken"):
                self._begun[name] = None
            self._hear(task, [kind, *content], self._connections[connection])

    def _lose(self, connection: socket.socket, worker: str) -> None:
        with self._lock:
            lost = [name for name, own in self._begun.items() if own is connection]
            for name in lost:
                self._begun[name] = None
            del self._connections[connection]
        for name in lost:
            self._hear(self.tasks[name], None, worker)
