"""Functions for public packages that were written for Dagster."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from dagflow.clock import SystemClock
from dagflow.compat.functions import (
    backoff,
    cached_method,
    coerce_valid_log_level,
    deep_merge_dicts,
    merge_dicts,
    parse_env_var,
    serializable_error_info_from_exc_info,
)
from dagflow.errors import CheckError


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
    """Only a marked I/O manager counts as one of Dagster."""
    code = """
import dagflow.compat
dg = dagflow.compat.install()
from dagster._core.storage.io_manager import dagster_maintained_io_manager
@dg.io_manager
def own(): pass
@dagster_maintained_io_manager
@dg.io_manager
def theirs(): pass
print(own._is_dagster_maintained(), theirs._is_dagster_maintained())
print(dg.ConfigurableIOManager._is_dagster_maintained())
"""
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert made.stdout.split() == ["False", "True", "False"]


def test_cached_methods() -> None:
    """Each object keeps the result for its arguments, given by position or name."""

    class Cup:
        calls = 0

        @cached_method
        def fill(self, a: int, b: int = 1) -> int:
            Cup.calls += 1
            return a + b

    cup = Cup()
    assert [cup.fill(1), cup.fill(1, 1), cup.fill(a=1), Cup().fill(1)] == [2] * 4
    assert Cup.calls == 2


def test_dicts() -> None:
    """Dicts are merged, also inside, and without some keys."""
    assert deep_merge_dicts({"a": {"x": 1}, "b": 2}, {"a": {"y": 2}, "b": {}}) == {
        "a": {"x": 1, "y": 2},
        "b": {},
    }
    with pytest.raises(CheckError):
        merge_dicts()


def test_names_and_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables are read from the environment, and levels have names."""
    monkeypatch.setenv("CUP", "blue")
    monkeypatch.delenv("POT", raising=False)

    assert parse_env_var("CUP") == ("CUP", "blue")
    assert coerce_valid_log_level(15) == 15
    with pytest.raises(CheckError, match="POT is not set"):
        parse_env_var("POT")
    with pytest.raises(CheckError, match="unknown log level 'loud'"):
        coerce_valid_log_level("loud")
    with pytest.raises(CheckError, match="without an exception"):
        serializable_error_info_from_exc_info((None, None, None))
