"""Fixtures for tests of executors."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dagflow import DagflowExecutionInterruptedError
from dagflow.testing import observe_runs


@pytest.fixture(autouse=True)
def _signals_interrupt() -> Iterator[None]:
    """SIGINT and SIGTERM have Python's handlers, and are not ignored by programs that a test starts.

    A shell starts background jobs with SIGINT ignored, and dagflow leaves an ignored signal alone. Without
    this fixture the tests of interrupts would wait for interrupts that never come.
    """
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    yield
    for number, handler in previous.items():
        signal.signal(number, handler)


@pytest.fixture(name="interrupted")
def _interrupted() -> Callable[[Callable[[], Any]], Any]:
    """Return a function that returns the result of a run that is interrupted, and raises that to its caller.

    The error must be caught: a run that does not raise it would end the whole session of pytest.
    """

    def interrupted(start_run: Callable[[], Any]) -> Any:
        results: list[Any] = []
        with observe_runs(results.append), pytest.raises(DagflowExecutionInterruptedError):
            start_run()
        return results[0]

    return interrupted
