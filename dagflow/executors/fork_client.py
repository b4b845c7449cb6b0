"""Fork servers, as the process sees them that starts them: one for each module with jobs, kept for all runs
of this process, and ended with it.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.stored import from_dict
from dagflow.executors.fork_server import FAILED, SIGNAL, START, THREADS, command
from dagflow.executors.wire import Incoming, receive, send_object

_MOST_SERVERS = 8
_servers: dict[Any, ForkServer] = {}
_starting = threading.Lock()


def open_channel(pointer: Any, modules: list[str], place: tuple[Any, ...], *, forks: bool) -> Channel:
    """A channel to the fork server for a job, which is started if there is none yet.

    Raises:
        ForkServerFailure: It did not come up.
    """
    key = _key_of(pointer, modules, place) if forks else (tuple(place[0]),)
    with _starting:
        server = _servers.pop(key, None)
        if server is not None:
            with suppress(OSError):
                channel = server.open_channel()
                _servers[key] = server  # the last used is the last in the row
                return channel
            server.close()
        server = ForkServer(pointer.to_dict() if forks else None, modules, place, forks=forks)
        if forks and server.has_threads:
            server.close()
            server = ForkServer(None, [], place, forks=False)
        _servers[key] = server
        idle = [key for key, other in _servers.items() if not other.channels and other is not server]
        for key in idle[: max(0, len(_servers) - _MOST_SERVERS)]:
            _servers.pop(key).close()
        return server.open_channel()


def _key_of(pointer: Any, modules: list[str], place: tuple[Any, ...]) -> Any:
    """What a fork server serves: a module, as its file is now, in these surroundings."""
    file = pointer.file
    state = os.stat(file) if file is not None and os.path.exists(file) else None
    changed = None if state is None else (state.st_mtime_ns, state.st_size)
    return pointer.module, file, changed, tuple(modules), tuple(place[0]), place[1]


@atexit.register
def close_servers() -> None:
    """End all fork servers of this process."""
    with _starting:
        while _servers:
            _servers.popitem()[1].close()


def _forget_servers() -> None:
    """In a forked process: the servers belong to the one that forked, and so may the lock."""
    global _starting
    _starting = threading.Lock()
    for server in _servers.values():
        server.door.close()
    _servers.clear()


os.register_at_fork(after_in_child=_forget_servers)


class ForkServer:
    """The side of the process that starts a fork server.

    Attributes: `channels`, those that are open: as long as there are some, a run needs it.

    Args:
        pointer: The job whose module is imported beforehand; None: none.
        modules: Further modules that are imported beforehand.
        place: `sys.path`, working directory and environment.
        forks: Whether steps are forked; else each gets a new interpreter.

    Raises:
        ForkServerFailure: A module could not be imported there.
    """

    def __init__(self, pointer: Any, modules: list[str], place: tuple[Any, ...], *, forks: bool) -> None:
        self.channels: set[Channel] = set()
        self.door, other = socket.socketpair()
        try:
            self.process = _start_interpreter(other, place[0])
        finally:
            other.close()
        try:
            send_object(self.door, (pointer, modules, place, forks))
            kind, info = json.loads(receive(self.door))
        except (OSError, EOFError) as error:
            self.close()
            raise ForkServerFailure(f"it ended with status {self.process.returncode}", None) from error
        except BaseException:  # an interrupt, while it imports
            self.process.kill()
            self.close()
            raise
        if kind == FAILED:
            self.close()
            raise ForkServerFailure(
                "it could not import what it should", from_dict(info, SerializableErrorInfo)
            )
        self.has_threads = kind == THREADS

    def open_channel(self) -> Channel:
        """A channel for one run. Raises OSError if the server is gone."""
        own, other = socket.socketpair()
        try:
            socket.send_fds(self.door, [b"c"], [other.fileno()])
        except OSError:
            own.close()
            raise
        finally:
            other.close()
        return Channel(own, self)

    def close(self) -> None:
        """End the server and all that it started."""
        self.door.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # it does not come out of an import
            self.process.kill()
            self.process.wait()


class ForkServerFailure(Exception):
    """A fork server did not come up: why, and what it said itself."""

    def __init__(self, reason: str, info: SerializableErrorInfo | None) -> None:
        self.reason = reason
        self.info = info
        super().__init__(reason)


class Channel:
    """What a run says to a fork server, and hears of it. `incoming` has the messages."""

    def __init__(self, connection: socket.socket, server: ForkServer) -> None:
        self._connection = connection
        self._server = server
        server.channels.add(self)
        self.incoming = Incoming(connection)

    def start(self, task: str) -> socket.socket:
        """Start the process of a task. Returns the socket to it."""
        own, other = socket.socketpair()
        try:
            self._connection.setblocking(True)
            socket.send_fds(self._connection, [_line([START, task])], [other.fileno()])
        except OSError:
            own.close()
            raise
        finally:
            self._connection.setblocking(False)
            other.close()
        return own

    def signal(self, task: str, number: int) -> None:
        """Pass a signal on to the processes of a task."""
        self._connection.setblocking(True)
        try:
            self._connection.sendall(_line([SIGNAL, task, number]))
        finally:
            self._connection.setblocking(False)

    def close(self) -> None:
        """Have all processes ended that are left."""
        self._server.channels.discard(self)
        self._connection.close()


def _line(message: list[Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _start_interpreter(connection: socket.socket, sys_path: Sequence[str]) -> subprocess.Popen[bytes]:
    fd = connection.fileno()
    found = "import socket; from dagflow.executors.fork_server import serve"
    return subprocess.Popen(
        command(sys_path, f"{found}; serve(socket.socket(fileno={fd}))"),
        pass_fds=[fd],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
