"""The observers of events and of finished runs."""

from __future__ import annotations

import pytest

from dagflow import job, op
from dagflow.testing import observe, observe_runs


@op
def water():
    """Succeed."""
    return 1


@op
def burnt(water):
    """Fail."""
    raise ValueError("burnt")


@job
def good():
    """Succeed."""
    water()


@job
def bad():
    """Fail at the second step."""
    burnt(water())


def test_an_observer_sees_each_event_in_order():
    """An observer receives the same events as the result has."""
    seen = []

    with observe(seen.append):
        result = good.execute_in_process()

    assert [event.event_type for event in seen] == [event.event_type for event in result.all_events]


def test_an_observer_of_runs_gets_the_result_of_each_run():
    """A run observer receives the object that the caller gets, for each run in its block."""
    seen = []
    good.execute_in_process()

    with observe_runs(seen.append):
        results = [good.execute_in_process(), bad.execute_in_process(raise_on_error=False)]
    good.execute_in_process()

    assert seen == results


def test_an_observer_of_runs_sees_a_run_whose_failure_is_raised():
    """The caller gets an exception, and the run observer the result up to the failure."""
    seen = []

    with observe_runs(seen.append), pytest.raises(ValueError, match="burnt"):
        bad.execute_in_process()

    assert [result.success for result in seen] == [False]
    assert seen[0].get_failed_step_keys() == {"burnt"}
    assert seen[0].output_for_node("water") == 1


@pytest.mark.parametrize(
    "kind",
    ["RUN_START", "RESOURCE_INIT_SUCCESS", "STEP_START", "STEP_OUTPUT", "STEP_FAILURE", "ENGINE_EVENT"],
)
@pytest.mark.parametrize("raise_on_error", [True, False])
def test_an_observer_that_raises_ends_the_run(kind, raise_on_error):
    """An error of an observer fails the run, not the step, and no observer receives later events."""
    seen, runs = [], []

    def watch(event):
        seen.append(event.event_type.name)
        if event.event_type.name == kind:
            raise LookupError("enough")

    with observe(watch), observe_runs(runs.append), pytest.raises(LookupError, match="enough"):
        bad.execute_in_process(raise_on_error=raise_on_error)

    (run,) = runs
    assert seen.index(kind) == len(seen) - 1
    assert [event.event_type.name for event in run.all_events] == [*seen, "RUN_FAILURE"]
    assert run.get_run_failure_event().job_failure_data.failure_reason.name == "RUN_EXCEPTION"
    assert not run.success


def test_an_observer_that_raises_in_an_async_op_ends_the_run():
    """An error of an observer also ends the run of an async op."""

    @op
    async def slow():
        return 1

    @job
    def j():
        slow()

    def watch(event):
        if event.is_successful_output:
            raise LookupError("enough")

    with observe(watch), pytest.raises(LookupError, match="enough"):
        j.execute_in_process(raise_on_error=False)


def test_several_observers_see_runs_inside_of_runs():
    """All observers receive the events of all runs, including nested ones."""
    first, second = [], []

    @op
    def starts():
        return good.execute_in_process().run_id

    @job
    def outer():
        starts()

    with observe(first.append), observe(second.append):
        result = outer.execute_in_process()

    ids = {result.run_id, result.output_for_node("starts")}
    assert {event.run_id for event in first} == ids
    assert [event.message for event in first] == [event.message for event in second]


def test_observers_are_gone_after_an_error_in_their_block():
    """Observers are removed if their block raises."""
    seen = []

    with pytest.raises(ValueError, match="own"), observe(seen.append), observe_runs(seen.append):
        raise ValueError("own")
    good.execute_in_process()

    assert seen == []
