"""The fork server: a process that has imported the module of a job and forks the processes of its steps.

One thread, one loop. It is spoken to over two kinds of sockets:

* the *door*, which the process that started it holds: each message brings a socket, the channel of a run;
* a *channel*: `START task` brings the socket of a new step process, `SIGNAL task number` is passed on to the
  process group of a step; back come `["pid", task, pid]` and, when the process has ended,
  `["exit", task, status]` (negative: the number of the signal that ended it), or `["none", task, why]` where
  there could be no process. What nobody reads yet is kept: the server never waits for the other side, which
  may be waiting for it.

A channel that closes takes its processes with it, the door that closes takes everything. So nothing outlives
the process that started the server, however that ends; and if the server ends, its processes do (on Linux the
kernel sees to it).

Code of the user's that starts threads when it is imported makes forking unsafe: then the server says so, and
lets new interpreters carry out the steps.
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
from typing import Any, NoReturn

from dagflow.events.error_info import SerializableErrorInfo
from dagflow.events.stored import to_dict
from dagflow.executors.reconstructable import preload
from dagflow.executors.step_process import lead_group, run_step_process, take_place
from dagflow.executors.wire import framed, receive_object, send

START, SIGNAL = "start", "signal"
READY, THREADS, FAILED = "ready", "threads", "failed"
_USED_BY_STEPS = (
    *("ctypes", "logging", "tempfile", "traceback"),
    *("dagflow.context.log", "dagflow.context.op", "dagflow.engine.failure", "dagflow.engine.record"),
    "dagflow.io.filesystem",
)
"""What the process of a step would import itself, each time."""


def command(sys_path: Sequence[str], code: str) -> list[str]:
    """The command of an interpreter with the flags of this one, that carries out some code."""
    from subprocess import _args_from_interpreter_flags  # type: ignore[attr-defined]

    begin = f"import sys; sys.path[:] = {list(sys_path)!r}; "
    return [sys.executable, *_args_from_interpreter_flags(), "-c", begin + code]


def serve(door: socket.socket) -> None:
    """Serve until the process at the other side of the door is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is meant for the parent, who tells what to do
    pointer, modules, place, forks = receive_object(door)
    take_place(*place)
    try:
        with _ending_with(door):
            for module in [*(_USED_BY_STEPS if forks else ()), *modules]:
                import_module(module)
            if pointer is not None:
                preload(pointer)
    except BaseException as error:
        send(door, json.dumps([FAILED, to_dict(SerializableErrorInfo.from_exception(error))]).encode())
        return
    gc.collect()
    gc.freeze()  # else the collector of each step's process would touch, and so copy, all that is there
    has_threads = threading.active_count() > 1
    with suppress(ConnectionError):  # who asked is gone: the loop will see that the door is closed
        send(door, json.dumps([THREADS if has_threads else READY, None]).encode())
    _Server(door, forks=forks and not has_threads).loop()


@contextmanager
def _ending_with(door: socket.socket) -> Iterator[None]:
    """End this process if the door closes meanwhile: what is imported may never come to its end."""
    done, done_end = socket.socketpair()

    def watch() -> None:
        with selectors.DefaultSelector() as selector:
            for end in (door, done):
                selector.register(end, selectors.EVENT_READ)
            if any(key.fileobj is door for key, _ in selector.select()):
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
    """The loop.

    Attributes:
        channels: The open channels, each with its tasks and their processes.
        unsaid: What could not yet be written to each open channel.
        tasks: Channel and task by process. Always: every process that was started and has not been reaped.
    """

    def __init__(self, door: socket.socket, *, forks: bool) -> None:
        self.door = door
        self.forks = forks
        self.channels: dict[socket.socket, dict[str, int]] = {}
        self.unsaid: dict[socket.socket, bytearray] = {}
        self.tasks: dict[int, tuple[socket.socket, str]] = {}
        self.selector = selectors.DefaultSelector()
        self.wakeup, wakeup_end = socket.socketpair()
        for end in (self.wakeup, wakeup_end):
            end.setblocking(False)
        self._wakeup_end = wakeup_end  # kept open
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(wakeup_end.fileno())
        self._watch(door, self._open_channel)
        self._watch(self.wakeup, self._reap)

    def _watch(self, source: socket.socket, handle: Callable[[], Any]) -> None:
        self.selector.register(source, selectors.EVENT_READ, handle)

    def loop(self) -> None:
        """Handle what comes in, until the door closes."""
        while self.door.fileno() >= 0:
            for key, events in self.selector.select():
                source: Any = key.fileobj
                if events & selectors.EVENT_WRITE and source in self.unsaid:
                    self._write(source)
                if events & selectors.EVENT_READ and source.fileno() >= 0:  # else it was closed a moment ago
                    key.data()
        for channel in list(self.channels):
            self._close(channel)
        self.selector.close()
        signal.set_wakeup_fd(-1)
        for end in (self.wakeup, self._wakeup_end):
            end.close()

    def _open_channel(self) -> None:
        _, fds = _received(self.door, 1)
        if not fds:
            self.selector.unregister(self.door)
            self.door.close()
            return
        channel = socket.socket(fileno=fds[0])
        channel.setblocking(False)
        self.channels[channel], self.unsaid[channel] = {}, bytearray()
        heard = bytearray()
        self._watch(channel, lambda: self._hear(channel, heard))

    def _hear(self, channel: socket.socket, heard: bytearray) -> None:
        content, fds = _received(channel, 1 << 16)
        if not content:
            self._close(channel)
            return
        *lines, rest = (heard + content).split(b"\n")
        heard[:] = rest
        for line in lines:
            kind, task, *number = json.loads(line)
            if kind == START:
                self._start(channel, task, fds.pop(0) if fds else None)
            elif task in self.channels.get(channel, ()):
                _signal_group(self.channels[channel][task], number[0])

    def _start(self, channel: socket.socket, task: str, fd: int | None) -> None:
        if fd is None:
            self._tell(channel, ["none", task, "the fork server has no file descriptor left for it"])
            return
        connection = socket.socket(fileno=fd)
        server = os.getpid()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
            pid = os.fork()
        except OSError as error:  # no room for another process
            connection.close()
            self._tell(channel, ["none", task, str(error)])
            return
        if pid == 0:
            self._become_step(connection, server)
        connection.close()
        self.channels[channel][task] = pid
        self.tasks[pid] = channel, task
        self._tell(channel, ["pid", task, pid])

    def _become_step(self, connection: socket.socket, server: int) -> NoReturn:
        """In the new process: leave behind what belongs to the server, and do the work of a step."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            lead_group(server)
            self.selector.close()
            for end in (self.door, self.wakeup, self._wakeup_end, *self.channels):
                end.close()
            if self.forks:
                run_step_process(connection)
            connection.set_inheritable(True)
            found = "import socket; from dagflow.executors.step_process import run_step_process"
            run = f"run_step_process(socket.socket(fileno={connection.fileno()}))"
            os.execv(sys.executable, command(sys.path, f"{found}; {run}"))
        finally:
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
                    os.killpg(pid, signal.SIGKILL)  # what it had started
            if channel in self.channels:
                del self.channels[channel][task]
                self._tell(channel, ["exit", task, exit_code])

    def _tell(self, channel: socket.socket, message: list[Any]) -> None:
        if channel in self.unsaid:
            self.unsaid[channel] += framed(json.dumps(message).encode())
            self._write(channel)

    def _write(self, channel: socket.socket) -> None:
        unsaid = self.unsaid[channel]
        try:
            while unsaid:
                del unsaid[: channel.send(unsaid)]
        except BlockingIOError:
            pass
        except OSError:
            self._close(channel)
            return
        more = selectors.EVENT_WRITE if unsaid else 0
        self.selector.modify(channel, selectors.EVENT_READ | more, self.selector.get_key(channel).data)

    def _close(self, channel: socket.socket) -> None:
        self.unsaid.pop(channel, None)
        for pid in self.channels.pop(channel, {}).values():
            _signal_group(pid, signal.SIGKILL)
        if channel.fileno() >= 0:
            self.selector.unregister(channel)
            channel.close()


def _received(connection: socket.socket, most: int) -> tuple[bytes, list[int]]:
    """What came in on a socket; nothing where the other side is gone."""
    try:
        content, fds, _, _ = socket.recv_fds(connection, most, 64)
    except ConnectionError:
        return b"", []
    return content, fds


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:  # it has not come to lead a group yet
        with suppress(ProcessLookupError):
            os.kill(pid, number)
