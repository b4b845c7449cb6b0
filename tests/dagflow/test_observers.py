"""Observers: who sees each event as it happens, and who sees each run once it is over."""

from __future__ import annotations

import pytest

from dagflow import job, op
from dagflow.testing import observe, observe_runs


@op
def water():
    """Succeeds."""
    return 1


@op
def burnt(water):
    """Fails."""
    raise ValueError("burnt")


@job
def good():
    """Succeeds."""
    water()


@job
def bad():
    """Fails at its second step."""
    burnt(water())


def test_an_observer_sees_each_event_in_order():
    """What it saw is what the result tells."""
    seen = []

    with observe(seen.append):
        result = good.execute_in_process()

    assert [event.event_type for event in seen] == [event.event_type for event in result.all_events]


def test_an_observer_of_runs_gets_the_result_of_each_run():
    """The very object that the caller gets, and none of runs outside of the block."""
    seen = []
    good.execute_in_process()

    with observe_runs(seen.append):
        results = [good.execute_in_process(), bad.execute_in_process(raise_on_error=False)]
    good.execute_in_process()

    assert seen == results


def test_an_observer_of_runs_sees_a_run_whose_failure_is_raised():
    """The caller gets an exception, the observer what came out until then."""
    seen = []

    with observe_runs(seen.append), pytest.raises(ValueError, match="burnt"):
        bad.execute_in_process()

    assert [result.success for result in seen] == [False]
    assert seen[0].get_failed_step_keys() == {"burnt"}
    assert seen[0].output_for_node("water") == 1
