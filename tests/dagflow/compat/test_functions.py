"""Functions for public packages that were written for Dagster."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow.clock import SystemClock
from dagflow.compat.functions import as_it_is, backoff


class Calls:
    """A function that fails some times."""

    def __init__(self, failures: int) -> None:
        self.failures, self.calls = failures, []

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        self.calls.append((args, kwargs))
        if len(self.calls) <= self.failures:
            raise ValueError(f"failure {len(self.calls)}")
        return "done"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the list of the seconds that were waited; no wait takes time."""
    seconds: list[float] = []
    monkeypatch.setattr(SystemClock, "sleep", lambda self, each: seconds.append(each))
    return seconds


def test_backoff(waits: list[float]) -> None:
    """A function is called again after each failure, with waits that double."""
    calls = Calls(3)

    assert backoff(calls, (ValueError,), [1], {"x": 2}) == "done"
    assert calls.calls == [((1,), {"x": 2})] * 4
    assert waits == [0.1, 0.2, 0.4]


def test_backoff_gives_up(waits: list[float]) -> None:
    """After the last call the error is raised, and an error of another class at once."""
    with pytest.raises(ValueError, match="failure 3"):
        backoff(Calls(9), (ValueError,), max_retries=2, delay_generator=iter([5, 6]))
    with pytest.raises(ValueError, match="failure 1"):
        backoff(Calls(9), (KeyError,))
    assert waits == [5, 6]


def test_the_mark() -> None:
    """A marked I/O manager is unchanged."""
    manager = object()

    assert as_it_is(manager) is manager
