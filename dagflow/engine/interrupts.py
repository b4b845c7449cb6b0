"""What Ctrl-C and SIGTERM do while a run lasts."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Interrupts:
    """How often the run was interrupted so far."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count: int = 0


@contextmanager
def raised_interrupts() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does, where nobody else handles it."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(f"the process was asked to end by {signal.Signals(signum).name}")

    with _handled(interrupt, signal.SIGTERM):
        yield


@contextmanager
def counted_interrupts(on_interrupt: Callable[[], None]) -> Iterator[Interrupts]:
    """Let Ctrl-C and SIGTERM raise nothing, but be counted, where nobody else handles them.

    Args:
        on_interrupt: Called by the signal handler, in the middle of anything.
    """
    interrupts = Interrupts()

    def interrupt(signum: int, frame: FrameType | None) -> None:
        interrupts.count += 1
        on_interrupt()

    with _handled(interrupt, signal.SIGINT, signal.SIGTERM):
        yield interrupts


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None], *signals: signal.Signals) -> Iterator[None]:
    """Put a handler in the place of Python's own; only the main thread can."""
    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        own = (signal.SIG_DFL, signal.default_int_handler)
        before = {number: signal.getsignal(number) for number in signals if signal.getsignal(number) in own}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
