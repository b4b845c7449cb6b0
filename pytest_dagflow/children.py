"""The processes that a session starts: how one ended, and the end of all of them with the session."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest


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


def kill_group(process: int) -> None:
    """Kill a process that leads a group, and all processes that it started."""
    for kill in (os.killpg, os.kill):  # a process that has just started may not lead its group yet
        with suppress(ProcessLookupError, PermissionError):
            kill(process, signal.SIGKILL)


def end_of(status: int) -> str:
    """Return how a process ended, from its exit status."""
    if status < 0:
        return f"its process was ended by {signal.Signals(-status).name}"
    return f"its process ended with status {status}"
