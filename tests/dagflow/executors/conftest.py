"""Fixtures for tests of executors."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _sigint_raises() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, and is not ignored by programs that a test starts.

    A shell starts background jobs with SIGINT ignored, and dagflow leaves an ignored signal alone. Without
    this fixture the tests of interrupts would wait for interrupts that never come.
    """
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)
