"""The effect of Ctrl-C and SIGTERM on a run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class InterruptCount:
    """The number of interrupts so far."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count: int = 0


@contextmanager
def raise_on_sigterm() -> Iterator[None]:
    """Make SIGTERM raise KeyboardInterrupt, as Ctrl-C does, unless the program has its own handler."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(f"the process was asked to end by {signal.Signals(signum).name}")

    with _handle(interrupt, signal.SIGTERM):
        yield


@contextmanager
def count_interrupts(on_interrupt: Callable[[], None]) -> Iterator[InterruptCount]:
    """Count Ctrl-C and SIGTERM instead of raising, unless the program has its own handlers.

    Args:
        on_interrupt: Called by the signal handler, between any two instructions of the main thread.
    """
    interrupts = InterruptCount()

    def interrupt(signum: int, frame: FrameType | None) -> None:
        interrupts.count += 1
        on_interrupt()

    with _handle(interrupt, signal.SIGINT, signal.SIGTERM):
        yield interrupts


@contextmanager
def _handle(handler: Callable[[int, FrameType | None], None], *signals: signal.Signals) -> Iterator[None]:
    """Replace Python's default handlers for a while; in the main thread only, as Python requires."""
    previous: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        defaults = (signal.SIG_DFL, signal.default_int_handler)
        previous = {
            number: signal.getsignal(number) for number in signals if signal.getsignal(number) in defaults
        }
    for number in previous:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, default in previous.items():
            signal.signal(number, default)
