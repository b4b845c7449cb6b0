"""The progress of long runs, on the terminal of a session with `-v`.

A run that takes 5 seconds prints a line, and again after 10, 20, 40... seconds. The lines go to a copy of the
file of the terminal, because pytest redirects the file itself while a test runs.

A thread waits during each run, and ends with it. It also ends before each fork of this process, because
Python warns about a fork of a process with threads; the next event of the run starts it again.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.imports import when_loaded
from pytest_dagflow.report_files import visible
from pytest_dagflow.session import session_of, worker_input_of

if TYPE_CHECKING:
    from dagflow import DagflowEvent

FIRST_SECONDS = 5.0
_MAX_NAMES = 3
_STARTS = ("STEP_START", "STEP_RESTARTED")
_ENDS = ("STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED")
_RUN_ENDS = ("RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED")


def shows_progress(config: pytest.Config) -> bool:
    """Return whether the session has a terminal, and its user asked for details."""
    options = session_of(config).options
    is_apart = bool(worker_input_of(config)) or options.mutates or options.mutant is not None
    return config.get_verbosity() > 0 and not is_apart and sys.stdout is not None and sys.stdout.isatty()


class Progress:
    """A plugin that shows the progress of the runs of each test.

    Args:
        descriptor: The file of the terminal. It is copied.
        encoding: Its encoding.
    """

    def __init__(self, descriptor: int, encoding: str) -> None:
        self._descriptor = os.dup(descriptor)
        self._encoding = encoding
        self._watches: dict[str, _Watch] = {}
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self.end_threads)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Observe the runs of a test."""
        with ExitStack() as stack:

            def observe_events() -> None:
                from dagflow.testing import observe

                stack.enter_context(observe(self.receive))

            stack.callback(self.end_threads)
            with when_loaded(observe_events):
                return (yield)

    def pytest_unconfigure(self) -> None:
        """Close the copy of the file."""
        self.end_threads()
        os.close(self._descriptor)

    def receive(self, event: DagflowEvent) -> None:
        """Note an event of a run."""
        name, run_id = event.event_type.name, event.run_id
        if name == "RUN_START":
            from dagflow.testing import with_plans

            plan = with_plans([event]).plans.get(run_id)
            steps = 0 if plan is None else len(plan.step_keys)
            self._watches[run_id] = _Watch(self, event.job_name, steps)
        watch = self._watches.get(run_id)
        if watch is None:
            return
        watch.note(name, event.step_key)
        if name in _RUN_ENDS:
            del self._watches[run_id]
            watch.end()
        else:
            watch.start()

    def end_threads(self) -> None:
        """End all threads."""
        for watch in list(self._watches.values()):
            watch.end()

    def write(self, text: str, *, is_first: bool) -> None:
        """Write a line to the terminal.

        Args:
            text: The line.
            is_first: Whether it is the first line of a run: pytest is then in the line of the test.
        """
        columns = shutil.get_terminal_size().columns
        line = text if len(text) < columns else f"{text[: columns - 4]}..."
        newline = "\n" if is_first else ""
        os.write(self._descriptor, f"{newline}{line}\n".encode(self._encoding, errors="replace"))


class _Watch:
    """A run that may become a long one."""

    def __init__(self, progress: Progress, job_name: str, steps: int) -> None:
        self._progress = progress
        self._what = "assets" if job_name.startswith("__") else f"'{visible(job_name)}'"
        self._steps = steps
        self._ended: set[str] = set()
        self._running: dict[str, None] = {}
        self._seconds = 0.0  # waited so far: user code may move the clocks
        self._next = FIRST_SECONDS
        self._thread: tuple[threading.Thread, threading.Event] | None = None

    def note(self, event_type: str, step_key: str | None) -> None:
        """Note the start or the end of a step."""
        if step_key is None:
            return
        if event_type in _STARTS:
            self._running[step_key] = None
        elif event_type in _ENDS or event_type == "STEP_UP_FOR_RETRY":
            self._running.pop(step_key, None)
            if event_type in _ENDS:
                self._ended.add(step_key)

    def start(self) -> None:
        """Start the thread, unless it waits already."""
        if self._thread is None:
            stop = threading.Event()
            thread = threading.Thread(target=self._wait, args=[stop], name="dagflow progress", daemon=True)
            self._thread = thread, stop
            thread.start()

    def end(self) -> None:
        """End the thread."""
        started, self._thread = self._thread, None
        if started is not None:
            thread, stop = started
            stop.set()
            thread.join()

    def _wait(self, stop: threading.Event) -> None:
        while not stop.wait(self._next - self._seconds):
            self._seconds, self._next = self._next, self._next * 2
            try:
                self._progress.write(self._line(), is_first=self._seconds == FIRST_SECONDS)
            except OSError:  # the terminal is closed, so the other lines have no reader
                return

    def _line(self) -> str:
        running = list(dict(self._running))
        more = f" and {len(running) - _MAX_NAMES} more" if len(running) > _MAX_NAMES else ""
        now = f", now {', '.join(map(visible, running[:_MAX_NAMES]))}{more}" if running else ""
        ended = len(self._ended)
        steps = f"{ended} of {max(self._steps, ended)} steps ended"
        return f"dagflow: run of {self._what}: {self._seconds:g} s, {steps}{now}"
