"""A step as a task of a cluster: what runs in a worker, on one of its threads."""

from __future__ import annotations

import ctypes
import hmac
import io
import json
import os
import pickle
import queue
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from typing import Any

from dagflow.errors import DagflowExecutionInterruptedError
from dagflow.events.data import SerializableErrorInfo
from dagflow.events.stored import to_dict
from dagflow.executors.pointer import load
from dagflow.executors.switchboard import ASK, DIE
from dagflow.executors.wire import Outgoing, receive, send
from dagflow.executors.worker import carry_out


def run_task(
    name: str,
    host: str,
    port: int,
    secret: bytes,
    pointer: Mapping[str, Any],
    assignment: bytes,
    errand: bytes,
    paths: tuple[str, str],
) -> None:
    """Carry out a task, in a worker of the cluster.

    Args:
        name: The task.
        host, port, secret: How the parent is reached.
        pointer: Where the job is found.
        assignment, errand: What there is to do, pickled.
        paths: The files for what it writes to stdout and stderr.
    """
    link = _link_to(host, port, secret)
    if not link.may_start(name):
        return
    try:
        with _captured(paths):
            _obey(name, link, pointer, assignment, errand)
    finally:
        link.forget(name)


def _obey(name: str, link: _Link, pointer: Mapping[str, Any], assignment: bytes, errand: bytes) -> None:
    def say(kind: str, *content: Any) -> None:
        link.say(kind, name, *content)

    try:
        job = load(pointer)
        told = pickle.loads(assignment), pickle.loads(errand)
    except Exception as error:
        say("broken", to_dict(SerializableErrorInfo.from_exception(error)))
        return
    carry_out(job, *told, say)


class _Link:
    """A worker's end of its connection to the parent of a run."""

    def __init__(self, host: str, port: int, secret: bytes) -> None:
        self._connection = socket.create_connection((host, port), timeout=30)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        send(self._connection, hmac.digest(secret, receive(self._connection), "sha256"))
        send(self._connection, f"process {os.getpid()} of {socket.gethostname()}".encode())
        self._connection.settimeout(None)
        self.say = Outgoing(self._connection)
        self.is_over = False
        self._answers: dict[str, queue.SimpleQueue[bool]] = {}
        self._threads: dict[str, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def may_start(self, name: str) -> bool:
        """Ask the parent whether this thread may carry out a task."""
        answers = self._answers[name] = queue.SimpleQueue()
        self._threads[name] = threading.get_ident()
        try:
            self.say(ASK, name, socket.gethostname(), os.getpid())
        except OSError:
            return False
        return answers.get()

    def forget(self, name: str) -> None:
        """A task is over."""
        self._threads.pop(name, None)

    def _listen(self) -> None:
        try:
            while True:
                what, name, *content = json.loads(receive(self._connection))
                if what == ASK:
                    self._answers.pop(name).put(content[0])
                elif what == DIE:
                    os.kill(os.getpid(), signal.SIGKILL)
                elif name in self._threads:
                    raised = ctypes.py_object(DagflowExecutionInterruptedError)
                    thread = ctypes.c_ulong(self._threads[name])
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, raised)
        except (OSError, EOFError):
            self.is_over = True
            self._connection.close()
            for answers in list(self._answers.values()):
                answers.put(False)


_links: dict[tuple[str, int], _Link] = {}
_linking = threading.Lock()


def _link_to(host: str, port: int, secret: bytes) -> _Link:
    with _linking:
        for address in [address for address, link in _links.items() if link.is_over]:
            del _links[address]
        if (host, port) not in _links:
            _links[host, port] = _Link(host, port, secret)
        return _links[host, port]


class _captured:
    """What this thread writes to stdout and stderr goes to two files."""

    def __init__(self, paths: tuple[str, str]) -> None:
        self._paths = paths

    def __enter__(self) -> None:
        _Forked.install()
        for path in self._paths:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        how: dict[str, Any] = {"mode": "a", "buffering": 1, "encoding": "utf-8", "errors": "replace"}
        _files.streams = [open(path, **how) for path in self._paths]  # noqa: SIM115 - closed at the exit

    def __exit__(self, *_: object) -> None:
        streams, _files.streams = _files.streams, None
        for stream in streams:
            stream.close()


_files = threading.local()


class _Forked(io.TextIOBase):
    """Stands for stdout or stderr, and is another file for each thread that has one."""

    def __init__(self, position: int, usual: Any) -> None:
        self._position = position
        self._usual = usual

    @staticmethod
    def install() -> None:
        """Put itself in the place of both."""
        if not isinstance(sys.stdout, _Forked):
            sys.stdout, sys.stderr = _Forked(0, sys.stdout), _Forked(1, sys.stderr)

    def _stream(self) -> Any:
        streams = getattr(_files, "streams", None)
        return self._usual if streams is None else streams[self._position]

    def write(self, text: str) -> int:
        """Write to the file of this thread."""
        written: int = self._stream().write(text)
        return written

    def flush(self) -> None:
        """Flush the file of this thread."""
        self._stream().flush()

    def fileno(self) -> int:
        """That of the usual stream."""
        number: int = self._usual.fileno()
        return number
