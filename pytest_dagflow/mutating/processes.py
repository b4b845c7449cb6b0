"""The processes of mutants: a fork of this one where that is safe, otherwise a new pytest.

Each process is the leader of a group, which is killed behind it, so that no process of a test is left.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import pytest

from pytest_dagflow.mutating.running import run_child

_THREADS = Path("/proc/self/task")
"""The threads of this process on Linux, also those of libraries."""
_SAFE_THREADS = ("jemalloc_bg_thd",)
"""The threads that their library stops for a fork and starts again: that of the allocator in pyarrow."""
_WAITING = (("pytest_rerunfailures", "run_server"),)
"""The functions of threads that only wait for workers of xdist. A session with mutants has no workers."""
_PROBE_SECONDS = 5.0


class Ended(NamedTuple):
    """The end of a process.

    Attributes:
        result: What it returned; None if it returned nothing.
        is_timed_out: Whether it was stopped at its time limit.
        error: The reason why it returned nothing.
        is_started: Whether it came as far as the tests.
    """

    result: Any = None
    is_timed_out: bool = False
    error: str = ""
    is_started: bool = True


def why_not_fork() -> str:
    """Return the reason why a fork of this process is not safe; empty if it is."""
    if not hasattr(os, "fork"):
        return "this platform has no os.fork"
    if sys.platform == "darwin":
        return "a fork is not safe on macOS"
    threads = [one for one in threading.enumerate() if one is not threading.main_thread()]
    others = [one.name for one in threads if not _is_waiting(one)]
    if not others and _threads_of_libraries(len(threads)):
        _fork_once()  # some libraries, such as the OpenBLAS of numpy, end their threads before a fork
        others = _threads_of_libraries(len(threads))
    return f"other threads run in this process ({', '.join(others)})" if others else ""


def _is_waiting(thread: threading.Thread) -> bool:
    """Return whether a thread is inside one of the functions of `_WAITING`."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 - there is no public function
    while frame is not None:
        if (frame.f_globals.get("__name__"), frame.f_code.co_name) in _WAITING:
            return True
        frame = frame.f_back
    return False


def _threads_of_libraries(of_python: int) -> list[str]:
    """Return the names of the threads that libraries have started, where the system lists them.

    Args:
        of_python: The number of Python's threads besides the main thread.
    """
    if not _THREADS.is_dir():
        return []
    names = []
    for thread in os.listdir(_THREADS):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            name = (_THREADS / thread / "comm").read_text().strip()
            if int(thread) != os.getpid() and name not in _SAFE_THREADS:
                names.append(name)
    return [f"of a library: {', '.join(sorted(set(names)))}"] if len(names) > of_python else []


def _fork_once() -> None:
    """Fork a child that ends at once, as the handlers of libraries require; end it if they hang in it."""
    process = _fork()
    if not process:
        os._exit(0)
    end = monotonic() + _PROBE_SECONDS
    while not os.waitpid(process, os.WNOHANG)[0]:
        if monotonic() > end:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            break
        sleep(0.001)


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about all threads, also the safe ones
        return os.fork()


@contextmanager
def ending_at_sigterm() -> Iterator[None]:
    """End pytest at a SIGTERM in this block as at a Ctrl-C, so that no process and no folder is left."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        pytest.exit(f"ended by {signal.Signals(number).name}")

    earlier = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


def run_forked(config: pytest.Config, work: Callable[[], Any], seconds: float | None) -> Ended:
    """Call a function in a fork of this process, and return its result.

    Args:
        config: The config of the session.
        work: The function. Its result is plain JSON.
        seconds: The time limit, None for no limit.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    reading, writing = os.pipe()
    process = _fork()
    if not process:
        os.close(reading)
        run_child(config, work, writing)
    os.close(writing)
    try:
        text, is_timed_out = _read(reading, seconds)
    finally:
        os.close(reading)
        _kill_group(process)
        _, status = os.waitpid(process, 0)
    if is_timed_out:
        return Ended(is_timed_out=True)
    if not text:
        return Ended(error=_end_of(os.waitstatus_to_exitcode(status)))
    found = json.loads(text)
    return Ended(found["result"], error=found["error"])


def _read(reading: int, seconds: float | None) -> tuple[str, bool]:
    """Return the text that a process writes, and whether the time was over before its end."""
    end = None if seconds is None else monotonic() + seconds
    parts: list[bytes] = []
    while True:
        left = None if end is None else end - monotonic()
        if left is not None and left <= 0:
            return "", True
        if not select.select([reading], [], [], left)[0]:
            continue
        part = os.read(reading, 65536)
        if not part:
            return b"".join(parts).decode(), False
        parts.append(part)
        if _is_whole(parts):  # a process of a test may hold the pipe open
            return b"".join(parts).decode(), False


def _is_whole(parts: Sequence[bytes]) -> bool:
    if not parts[-1].endswith(b"}"):
        return False
    try:
        json.loads(b"".join(parts))
    except ValueError:
        return False
    return True


def _kill_group(process: int) -> None:
    for kill in (os.killpg, os.kill):  # a process that has just started may not lead its group yet
        with suppress(ProcessLookupError, PermissionError):
            kill(process, signal.SIGKILL)


def _end_of(status: int) -> str:
    if status < 0:
        return f"its process was ended by {signal.Signals(-status).name}"
    return f"its process ended with status {status}"


def run_new(
    config: pytest.Config, arguments: Sequence[str], folder: Path, task: Any, seconds: float | None
) -> Ended:
    """Run a task in a new pytest with the arguments of this session, and return its result.

    Args:
        config: The config of the session.
        arguments: Further arguments of pytest.
        folder: A folder for the files of the task.
        task: The task, as plain JSON. `pytest_dagflow.mutating.mutant` runs it.
        seconds: The time limit, None for no limit.
    """
    file, result, output = (folder / name for name in ("task.json", "result.json", "output.txt"))
    file.write_text(json.dumps({"task": task, "result": str(result)}), encoding="utf-8")
    result.unlink(missing_ok=True)
    given = [str(argument) for argument in config.invocation_params.args]
    command = [sys.executable, "-m", "pytest", *given, *arguments, f"--dag-mutant={file}"]
    with (
        output.open("wb") as stream,
        subprocess.Popen(
            command,
            cwd=config.invocation_params.dir,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            return Ended(is_timed_out=True, is_started=result.exists())
        finally:
            if hasattr(os, "killpg"):
                _kill_group(process.pid)
            process.kill()
    is_started = result.exists()
    text = result.read_text(encoding="utf-8") if is_started else ""
    if text:
        return Ended(json.loads(text))
    lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return Ended(error="\n".join([_end_of(process.returncode), *lines[-20:]]), is_started=is_started)
