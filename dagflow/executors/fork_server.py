"""The fork server: a process that has imported the module of a job and forks the processes of its tasks.

It has one thread and one loop, and two kinds of sockets:

* the *control socket*, which the process that started the server holds. Each message brings the socket of a
  new channel.
* a *channel* for each run. `[START, task]` brings the socket of a new step process. `[SIGNAL, task, number]`
  is forwarded to the process group of a task. The server answers `[FORKED, task, pid]`, later
  `[EXITED, task, status]` (negative: the number of the signal that ended it), or
  `[NOT_FORKED, task, reason]`. Answers are buffered until the run reads them, so the server never waits.

The end of a channel kills its processes, the end of the control socket kills all. So nothing outlives the
process that started the server. On Linux the kernel kills the step processes if the server itself dies.

During its imports the server sends `[IMPORTING, place]` on the control socket once a second. A fork is unsafe
if the module starts threads during its import. The server reports that (`THREADS`), and runs each task in a
new interpreter instead.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.stored import to_dict
from dagflow.executors.import_watch import place_of_import
from dagflow.executors.module_location import ModuleLocation
from dagflow.executors.process_exit import flush_files
from dagflow.executors.step_process import ProcessSurroundings, lead_process_group, run_step_process
from dagflow.executors.wire import framed, receive_object, send

START, SIGNAL = "start", "signal"
FORKED, EXITED, NOT_FORKED = "forked", "exited", "not_forked"
READY, THREADS, FAILED, IMPORTING = "ready", "threads", "failed", "importing"
_REPORT_INTERVAL = 0.8  # seconds
_USED_BY_STEPS = (
    *("ctypes", "logging", "tempfile", "traceback"),
    *("dagflow.context.log", "dagflow.context.op", "dagflow.engine.failure", "dagflow.engine.record"),
    *("dagflow.defs.executors.builtin", "dagflow.defs.loggers.definition", "dagflow.io.builtin"),
    "dagflow.io.filesystem",
)
"""Modules that each step process would import otherwise."""


class ServerSpec(NamedTuple):
    """The description of a fork server.

    Attributes:
        job_module: The module of the job, which the server imports; None if it imports no job.
        modules: Further modules that the server imports.
        is_forking: Whether tasks are forked; otherwise each gets a new interpreter.
    """

    job_module: ModuleLocation | None
    modules: Sequence[str]
    surroundings: ProcessSurroundings
    is_forking: bool


def command(sys_path: Sequence[str], code: str) -> list[str]:
    """Return the command that runs code in an interpreter with the flags of this one."""
    from subprocess import _args_from_interpreter_flags  # type: ignore[attr-defined]

    set_path = f"import sys; sys.path[:] = {list(sys_path)!r}; "
    return [sys.executable, *_args_from_interpreter_flags(), "-c", set_path + code]


def serve(control: socket.socket) -> None:
    """Serve until the process at the other side of the control socket is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the parent, which then signals the tasks
    spec: ServerSpec = receive_object(control)
    spec.surroundings.adopt()
    try:
        with _watched(control):
            for module in [*(_USED_BY_STEPS if spec.is_forking else ()), *spec.modules]:
                import_module(module)
            if spec.job_module is not None:
                spec.job_module.load_for_steps()
    except BaseException as error:
        send(control, json.dumps([FAILED, to_dict(SerializableErrorInfo.from_exception(error))]).encode())
        return
    flush_files()
    gc.collect()
    gc.freeze()  # otherwise the collector of each step process would touch, and so copy, all objects
    has_threads = threading.active_count() > 1
    with suppress(ConnectionError):  # the parent is gone: the loop detects it
        send(control, json.dumps([THREADS if has_threads else READY, None]).encode())
    _Server(control, is_forking=spec.is_forking and not has_threads).loop()


@contextmanager
def _watched(control: socket.socket) -> Iterator[None]:
    """Watch the imports in this block, which may never end.

    Sends the place of the current import once a second. Ends this process if the control socket is closed.
    """
    done, done_end = socket.socketpair()
    importing = threading.get_ident()

    def watch() -> None:
        with selectors.DefaultSelector() as selector:
            for end in (control, done):
                selector.register(end, selectors.EVENT_READ)
            while not (found := selector.select(_REPORT_INTERVAL)):
                with suppress(OSError):  # the parent is gone, which `select` shows
                    send(control, json.dumps([IMPORTING, place_of_import(importing)]).encode())
            if any(key.fileobj is control for key, _ in found):
                os._exit(1)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done_end.close()
        watcher.join()
        done.close()


class _Server:
    """The loop of the server.

    Attributes:
        channels: The open channels, each with the process ids of its tasks.
        unsent: The answers of each open channel that are not sent yet.
        tasks: Channel and task by process id. Always: every process that was started and not reaped.
    """

    def __init__(self, control: socket.socket, *, is_forking: bool) -> None:
        self.control = control
        self.is_forking = is_forking
        self.channels: dict[socket.socket, dict[str, int]] = {}
        self.unsent: dict[socket.socket, bytearray] = {}
        self.tasks: dict[int, tuple[socket.socket, str]] = {}
        self.selector = selectors.DefaultSelector()
        self.wakeup, wakeup_end = socket.socketpair()
        for end in (self.wakeup, wakeup_end):
            end.setblocking(False)
        self._wakeup_end = wakeup_end  # kept open
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(wakeup_end.fileno())
        self._watch(control, self._open_channel)
        self._watch(self.wakeup, self._reap)

    def _watch(self, source: socket.socket, handle: Callable[[], Any]) -> None:
        self.selector.register(source, selectors.EVENT_READ, handle)

    def loop(self) -> None:
        """Handle requests until the control socket is closed."""
        while self.control.fileno() >= 0:
            for key, events in self.selector.select():
                source: Any = key.fileobj
                if events & selectors.EVENT_WRITE and source in self.unsent:
                    self._write(source)
                if events & selectors.EVENT_READ and source.fileno() >= 0:  # otherwise it was just closed
                    key.data()
        for channel in list(self.channels):
            self._close(channel)
        self.selector.close()
        signal.set_wakeup_fd(-1)
        for end in (self.wakeup, self._wakeup_end):
            end.close()

    def _open_channel(self) -> None:
        _, fds = _receive_fds(self.control, 1)
        if not fds:
            self.selector.unregister(self.control)
            self.control.close()
            return
        channel = socket.socket(fileno=fds[0])
        channel.setblocking(False)
        self.channels[channel], self.unsent[channel] = {}, bytearray()
        incomplete = bytearray()
        self._watch(channel, lambda: self._read(channel, incomplete))

    def _read(self, channel: socket.socket, incomplete: bytearray) -> None:
        content, fds = _receive_fds(channel, 1 << 16)
        if not content:
            self._close(channel)
            return
        *lines, rest = (incomplete + content).split(b"\n")
        incomplete[:] = rest
        for line in lines:
            request_type, task, *number = json.loads(line)
            if request_type == START:
                self._start(channel, task, fds.pop(0) if fds else None)
            elif task in self.channels.get(channel, ()):
                _signal_group(self.channels[channel][task], number[0])

    def _start(self, channel: socket.socket, task: str, fd: int | None) -> None:
        if fd is None:
            self._answer(channel, [NOT_FORKED, task, "the fork server has no file descriptor left for it"])
            return
        connection = socket.socket(fileno=fd)
        server = os.getpid()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
            pid = os.fork()
        except OSError as error:  # the system allows no further process
            connection.close()
            self._answer(channel, [NOT_FORKED, task, str(error)])
            return
        if pid == 0:
            self._run_step_process(connection, server)
        connection.close()
        self.channels[channel][task] = pid
        self.tasks[pid] = channel, task
        self._answer(channel, [FORKED, task, pid])

    def _run_step_process(self, connection: socket.socket, server: int) -> NoReturn:
        """Release the resources of the server in the new process, and run the task there."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            lead_process_group(server)
            self.selector.close()
            for end in (self.control, self.wakeup, self._wakeup_end, *self.channels):
                end.close()
            if self.is_forking:
                run_step_process(connection)  # SystemExit lets the interpreter end this process
            connection.set_inheritable(True)
            imports = "import socket; from dagflow.executors.step_process import run_step_process"
            call = f"run_step_process(socket.socket(fileno={connection.fileno()}))"
            os.execv(sys.executable, command(sys.path, f"{imports}; {call}"))
        except SystemExit:
            raise
        except BaseException:
            os._exit(1)

    def _reap(self) -> None:
        with suppress(BlockingIOError):
            while self.wakeup.recv(4096):
                pass
        while self.tasks:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            channel, task = self.tasks.pop(pid, (None, ""))
            if channel is None:
                continue
            exit_code = os.waitstatus_to_exitcode(status)
            if exit_code:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)  # the processes that it started
            if channel in self.channels:
                del self.channels[channel][task]
                self._answer(channel, [EXITED, task, exit_code])

    def _answer(self, channel: socket.socket, message: list[Any]) -> None:
        if channel in self.unsent:
            self.unsent[channel] += framed(json.dumps(message).encode())
            self._write(channel)

    def _write(self, channel: socket.socket) -> None:
        unsent = self.unsent[channel]
        try:
            while unsent:
                del unsent[: channel.send(unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self._close(channel)
            return
        more = selectors.EVENT_WRITE if unsent else 0
        self.selector.modify(channel, selectors.EVENT_READ | more, self.selector.get_key(channel).data)

    def _close(self, channel: socket.socket) -> None:
        self.unsent.pop(channel, None)
        for pid in self.channels.pop(channel, {}).values():
            _signal_group(pid, signal.SIGKILL)
        if channel.fileno() >= 0:
            self.selector.unregister(channel)
            channel.close()


def _receive_fds(connection: socket.socket, max_length: int) -> tuple[bytes, list[int]]:
    """Return bytes and file descriptors from a socket; no bytes if the other side is gone."""
    try:
        content, fds, _, _ = socket.recv_fds(connection, max_length, 64)
    except ConnectionError:
        return b"", []
    return content, fds


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:  # it does not lead its group yet
        with suppress(ProcessLookupError):
            os.kill(pid, number)
