"""Imports of the module of a job that take long: the message for the user, and the limit.

The process that imports finds the place of the import; the process that waits shows it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from dagflow.executors.module_location import MAIN, MAIN_OF_WORKER

SHORT_WAIT = 1.0
"""The seconds after which an import is shown to the user."""
_WITHOUT_A_PLACE = 5.0  # seconds: an interpreter that starts, or an import that runs no Python code


def place_of_import(thread: int) -> str:
    """Return the module, file and line of the innermost import on a thread; empty without an import."""
    frame: FrameType | None = sys._current_frames().get(thread)  # noqa: SLF001 - there is no public function
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    if frame is None or "__name__" not in frame.f_globals:
        return ""
    return f"module '{frame.f_globals['__name__']}', file '{frame.f_code.co_filename}', line {frame.f_lineno}"


@contextmanager
def reporting_import(name: str, notify: Callable[[str], None]) -> Iterator[None]:
    """Show the place of an import on this thread, if it takes longer than a second.

    Args:
        name: The module. Nothing is watched if it is imported already.
        notify: Shows a message.
    """
    if (MAIN_OF_WORKER if name == MAIN else name) in sys.modules:
        yield
        return
    thread, started, done = threading.get_ident(), time.time(), threading.Event()

    def report() -> None:
        if not done.wait(SHORT_WAIT):
            notify(import_text(name, started, place_of_import(thread)))

    threading.Thread(target=report, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def import_text(name: str, started: float, place: str) -> str:
    """Return the rest of a sentence about a process that imports a module.

    Args:
        name: The module of a job.
        started: The start of the import, in seconds since the epoch.
        place: The place of the innermost import.
    """
    since = time.strftime("%H:%M:%S", time.localtime(started))
    now_at = f"; it is at {place}" if place else ""
    return f"has been importing module '{name}' since {since}{now_at}"


class ImportWait:
    """The wait of this process for an import in another process.

    Attributes:
        name: The module.
        started: The start of the import, in seconds since the epoch.
        place: The last known place of the import; empty until the other process sends one, which it does
            after almost a second.
    """

    def __init__(self, name: str, notify: Callable[[str], None], limit: float | None) -> None:
        self.name = name
        self.started = time.time()
        self.place = ""
        self._notify = notify
        self._limit = limit
        self._start = time.monotonic()
        self._is_shown = False

    def seconds(self) -> float | None:
        """Return the seconds until the next call of `check`; None for no limit."""
        moments = [] if self._limit is None else [self._limit]
        if not self._is_shown:
            moments.append(self._shown_after())
        return max(0.0, min(moments) - self._passed()) if moments else None

    def check(self) -> None:
        """Show the import if it takes long.

        Raises:
            TimeoutError: It takes longer than the limit.
        """
        if self._limit is not None and self._passed() >= self._limit:
            raise TimeoutError(f"it {self.text()}. The limit 'import_timeout' of {self._limit:g} s is over")
        if not self._is_shown and self._passed() >= self._shown_after():
            self._is_shown = True
            self._notify(f"a process for the steps of the run {self.text()}")

    def text(self) -> str:
        """Return the rest of a sentence about the process that imports."""
        return import_text(self.name, self.started, self.place)

    def _shown_after(self) -> float:
        return SHORT_WAIT if self.place else _WITHOUT_A_PLACE

    def _passed(self) -> float:
        return time.monotonic() - self._start
