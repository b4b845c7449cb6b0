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
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import pytest

from pytest_dagflow.children import end_of, kill_group

_NUMPY_VARIABLE = "OPENBLAS_NUM_THREADS"
_THREADS = Path("/proc/self/task")
"""The threads of this process on Linux, also those of libraries."""
_SAFE_THREADS = ("jemalloc_bg_thd",)
"""The names of threads that their library stops before a fork: that of the allocator in pyarrow."""


class Ended(NamedTuple):
    """The end of a process.

    Attributes:
        result: What it returned; None if it returned nothing.
        is_timed_out: Whether it was stopped at its time limit.
        error: The reason why it returned nothing.
    """

    result: Any = None
    is_timed_out: bool = False
    error: str = ""


def why_not_fork() -> str:
    """Return the reason why a fork of this process is not safe; empty if it is."""
    if not hasattr(os, "fork"):
        return "this platform has no os.fork"
    if sys.platform == "darwin":
        return "a fork is not safe on macOS"
    try:
        found = [(_THREADS / thread / "comm").read_text().strip() for thread in os.listdir(_THREADS)]
        threads = len(found) - sum(map(found.count, _SAFE_THREADS))
    except OSError:  # another Unix, or a thread has just ended
        threads = threading.active_count()
    if threads == 1:
        return ""
    others = [one.name for one in threading.enumerate() if one is not threading.main_thread()]
    shown = ", ".join(others) or f"of a library; {_NUMPY_VARIABLE}=1 prevents those of numpy"
    return f"other threads run in this process ({shown})"


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about all threads, also the safe ones
        process = os.fork()
    if not process:
        os.close(reading)
        _run_child(config, work, writing)
    os.close(writing)
    try:
        text, is_timed_out = _read(reading, seconds)
    finally:
        os.close(reading)
        kill_group(process)
        _, status = os.waitpid(process, 0)
    if is_timed_out:
        return Ended(is_timed_out=True)
    if not text:
        return Ended(error=end_of(os.waitstatus_to_exitcode(status)))
    found = json.loads(text)
    return Ended(found["result"], error=found["error"])


def _run_child(config: pytest.Config, work: Callable[[], Any], writing: int) -> None:
    """Run the function in the child, and end the child without the exit functions of its parent."""
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _silence(config)
        message = {"result": work(), "error": ""}
    except BaseException:
        message = {"result": None, "error": traceback.format_exc()}
    try:
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            json.dump(message, pipe)
    finally:
        os._exit(0)


def _silence(config: pytest.Config) -> None:
    """Send all output to the null device, and give the capture of pytest files of its own."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if capture is not None:
        capture.start_global_capturing()
    debugger = config.pluginmanager.get_plugin("pdbinvoke")
    if debugger is not None:
        config.pluginmanager.unregister(debugger)


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
            return Ended(is_timed_out=True)
        finally:
            if hasattr(os, "killpg"):
                kill_group(process.pid)
            process.kill()
    if result.exists():
        return Ended(json.loads(result.read_text(encoding="utf-8")))
    lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return Ended(error="\n".join([end_of(process.returncode), *lines[-20:]]))
