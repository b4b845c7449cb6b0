"""The fork servers of this process: one per module with jobs, for all runs until the process ends."""

from __future__ import annotations

import atexit
import json
import os
import selectors
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.stored import from_dict
from dagflow.executors.fork_server import FAILED, IMPORTING, SIGNAL, START, THREADS, ServerSpec, command
from dagflow.executors.import_watch import ImportWait
from dagflow.executors.module_location import ModuleLocation
from dagflow.executors.step_process import ProcessSurroundings
from dagflow.executors.wire import MessageReader, receive, send_object
from dagflow.options import notify_on_stderr

_MAX_SERVERS = 8
_servers: dict[Any, ForkServer] = {}
_lock = threading.Lock()


def open_channel(
    job_module: ModuleLocation,
    modules: Sequence[str],
    surroundings: ProcessSurroundings,
    *,
    is_forking: bool,
    notify: Callable[[str], None] = notify_on_stderr,
    import_timeout: float | None = None,
) -> Channel:
    """Open a channel to the fork server of a module with jobs; start the server if there is none.

    Args:
        job_module: The module.
        modules: Further modules that the server imports.
        surroundings: The surroundings of the server.
        is_forking: Whether tasks are forked; otherwise each gets a new interpreter.
        notify: Shows a message to the user, if the import of the module takes longer than a second.
        import_timeout: The maximum seconds of the import; None for no limit.

    Raises:
        ForkServerFailure: The server did not start, or not in time.
        KeyboardInterrupt: With a message about the import, if the import was interrupted.
    """
    key = _key_of(job_module, modules, surroundings) if is_forking else (tuple(surroundings.sys_path),)
    with _lock:
        server = _servers.pop(key, None)
        if server is not None:
            with suppress(OSError):
                channel = server.open_channel()
                _servers[key] = server  # the last item is the most recently used server
                return channel
            server.close()
        spec = ServerSpec(job_module if is_forking else None, modules, surroundings, is_forking)
        server = ForkServer(spec, ImportWait(job_module.name, notify, import_timeout))
        if is_forking and server.has_threads:
            server.close()
            spec = ServerSpec(None, [], surroundings, is_forking=False)
            server = ForkServer(spec, ImportWait(job_module.name, notify, import_timeout))
        _servers[key] = server
        idle = [key for key, other in _servers.items() if not other.channels and other is not server]
        for key in idle[: max(0, len(_servers) - _MAX_SERVERS)]:
            _servers.pop(key).close()
        return server.open_channel()


def _key_of(job_module: ModuleLocation, modules: Sequence[str], surroundings: ProcessSurroundings) -> Any:
    """Return the key of a fork server: module, state of its file, and surroundings."""
    file = job_module.file
    status = os.stat(file) if file is not None and os.path.exists(file) else None
    version = None if status is None else (status.st_mtime_ns, status.st_size)
    return (
        job_module.name,
        file,
        version,
        tuple(modules),
        tuple(surroundings.sys_path),
        surroundings.directory,
        surroundings.preparations,
    )


@atexit.register
def close_servers() -> None:
    """End all fork servers of this process."""
    with _lock:
        while _servers:
            _servers.popitem()[1].close()


def _forget_servers() -> None:
    """Forget all servers in a forked process: they, and maybe the lock, belong to the original process."""
    global _lock
    _lock = threading.Lock()
    for server in _servers.values():
        server.control.close()
    _servers.clear()


os.register_at_fork(after_in_child=_forget_servers)


class ForkServer:
    """A fork server, as the process that starts it sees it.

    Attributes:
        channels: The open channels. A run needs the server while there are any.
        has_threads: Whether the import of a module started threads, so that a fork is unsafe.

    Raises:
        ForkServerFailure: The server could not import a module.
    """

    control: socket.socket

    def __init__(self, spec: ServerSpec, wait: ImportWait) -> None:
        self.channels: set[Channel] = set()
        self.control, other = socket.socketpair()
        try:
            self.process: subprocess.Popen[bytes] = _start_interpreter(other, spec.surroundings.sys_path)
        finally:
            other.close()
        try:
            send_object(self.control, spec)
            status, info = self._answer(wait)
        except TimeoutError as error:
            self.process.kill()
            self.close()
            raise ForkServerFailure(str(error), None) from None
        except (OSError, EOFError) as error:
            self.close()
            raise ForkServerFailure(f"it ended with status {self.process.returncode}", None) from error
        except BaseException as error:  # an interrupt during its imports
            self.process.kill()
            self.close()
            if isinstance(error, KeyboardInterrupt) and not error.args:
                error.args = (f"a process for its steps {wait.text()}",)
            raise
        if status == FAILED:
            self.close()
            raise ForkServerFailure("an import failed there", from_dict(info, SerializableErrorInfo))
        self.has_threads: bool = status == THREADS

    def _answer(self, wait: ImportWait) -> tuple[str, Any]:
        """Return the type and the content of the first message of the server that is not about an import."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.control, selectors.EVENT_READ)
            while True:
                if selector.select(wait.seconds()):
                    status, content = json.loads(receive(self.control))
                    if status != IMPORTING:
                        return status, content
                    wait.place = content
                wait.check()

    def open_channel(self) -> Channel:
        """Open a channel for one run. Raises OSError if the server is gone."""
        own, other = socket.socketpair()
        try:
            socket.send_fds(self.control, [b"c"], [other.fileno()])
        except OSError:
            own.close()
            raise
        finally:
            other.close()
        return Channel(own, self)

    def close(self) -> None:
        """End the server and all processes that it started."""
        self.control.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # an import there does not end
            self.process.kill()
            self.process.wait()


class ForkServerFailure(Exception):
    """A fork server did not start: the reason, and the error in the server, if there is one."""

    def __init__(self, reason: str, info: SerializableErrorInfo | None) -> None:
        self.reason = reason
        self.info = info
        super().__init__(reason)


class Channel:
    """The connection of a run to a fork server. Attributes: `reader`, which reads the answers."""

    def __init__(self, connection: socket.socket, server: ForkServer) -> None:
        self._connection = connection
        self._server = server
        server.channels.add(self)
        self.reader: MessageReader = MessageReader(connection)

    def start(self, task: str) -> socket.socket:
        """Start the process of a task. Returns a socket that is connected to it."""
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
        """Forward a signal to the process group of a task."""
        self._connection.setblocking(True)
        try:
            self._connection.sendall(_line([SIGNAL, task, number]))
        finally:
            self._connection.setblocking(False)

    def close(self) -> None:
        """Close the channel. The server then kills the remaining processes."""
        self._server.channels.discard(self)
        self._connection.close()


def _line(request: list[Any]) -> bytes:
    return json.dumps(request).encode() + b"\n"


def _start_interpreter(connection: socket.socket, sys_path: Sequence[str]) -> subprocess.Popen[bytes]:
    fd = connection.fileno()
    imports = "import socket; from dagflow.executors.fork_server import serve"
    return subprocess.Popen(
        command(sys_path, f"{imports}; serve(socket.socket(fileno={fd}))"),
        pass_fds=[fd],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
