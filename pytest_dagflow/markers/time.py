"""The time of runs in tests: waits for retries are skipped, unless `dag_real_time` is set.

The default clock of the process is replaced for the whole protocol of a test, so it holds in its fixtures and
on all threads, but not while tests are collected.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, nullcontext
from typing import Any

import pytest

from pytest_dagflow.options import REAL_TIME
from pytest_dagflow.session import session_of

_SLEEPS = pytest.StashKey[list[float]]()
"""The skipped waits of a test, which its clock adds."""


def skip_waits(item: pytest.Item, stack: ExitStack[bool | None]) -> None:
    """Skip the waits for retries in a test, and show the remaining long ones to the user at once.

    Args:
        item: The test.
        stack: Ends this at the end of the test.
    """
    from dagflow.testing import SkippingClock, SystemClock, default_options

    is_real = session_of(item.config).options.is_time_real or item.get_closest_marker(REAL_TIME) is not None
    clock = SystemClock() if is_real else SkippingClock()
    if isinstance(clock, SkippingClock):
        item.stash[_SLEEPS] = clock.sleeps
        stack.callback(_add_skipped, item.config, clock.sleeps)
    # not a partial: a copy of a context copies its options, and a function is copied as it is
    stack.enter_context(default_options(clock=clock, notify=lambda text: _notify(item.config, text)))


def _add_skipped(config: pytest.Config, sleeps: list[float]) -> None:
    if sleeps:
        session_of(config).skipped_seconds += sum(sleeps)


def skipped_line(item: pytest.Item) -> str:
    """Return the line of a failed test about its skipped waits; empty without one."""
    seconds = _skipped_in(item)
    return f"{_skipped(seconds)} in this test; the marker '{REAL_TIME}' makes it wait" if seconds else ""


def print_skipped(reporter: pytest.TerminalReporter, seconds: float) -> None:
    """Print the seconds that the tests of this session skipped."""
    reporter.write_line(f"dagflow: {_skipped(seconds)}; the marker or ini key '{REAL_TIME}' makes tests wait")


def _skipped(seconds: float) -> str:
    rounded = f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.2g}"
    return f"skipped {rounded} s of waits for retries"


def _skipped_in(item: pytest.Item) -> float:
    sleeps = item.stash.get(_SLEEPS, None)
    return sum(sleeps or ())


def _notify(config: pytest.Config, text: str) -> None:
    """Write a message to the terminal, although pytest captures the output of the test."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    with nullcontext() if capture is None else capture.global_and_fixture_disabled():
        sys.stderr.write(f"\ndagflow: {text}\n")
        sys.stderr.flush()
