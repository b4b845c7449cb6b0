"""Benchmarks of the search for patterns: 50 patterns in 10,000 events in the mode "causal"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dagflow import job, op
from pytest_dagflow import assert_event_sequence, ev

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 50


@op
def one(x=None):
    """Return a value."""
    return x


@job
def chains():
    """Run 34 chains of 50 steps."""
    for number in range(34):
        last = one.alias(f"c{number}_0")()
        for step in range(1, COUNT):
            last = one.alias(f"c{number}_{step}")(last)


@pytest.fixture(scope="module")
def result() -> Any:
    """Return the result of a run of 10,000 events."""
    found = chains.execute_in_process()
    assert len(found.all_events) > 10_000
    return found


def test_named_patterns(measure: Callable[..., Any], result: Any) -> None:
    """Measure 50 patterns with the steps of one chain."""
    patterns = [ev.step_success(f"c3_{step}") for step in range(COUNT)]

    measure("causal", "dagflow", lambda: assert_event_sequence(result, patterns))


def test_unnamed_patterns(measure: Callable[..., Any], result: Any) -> None:
    """Measure 50 patterns without steps, which match the steps of any chain."""
    measure("causal_unnamed", "dagflow", lambda: assert_event_sequence(result, ["STEP_SUCCESS"] * COUNT))
