"""The statistics of runs and steps."""

from __future__ import annotations

from dagflow import (
    AssetMaterialization,
    ExpectationResult,
    Out,
    Output,
    RetryPolicy,
    StepEventStatus,
    job,
    op,
)
from dagflow.instance.stats import StepAttempt
from dagflow.testing import VirtualClock, run_options


@op(out={"hot": Out(is_required=False)})
def maybe():
    yield from ()


@op
def pour(hot):
    """Fail the test: this op is never called."""


@op(retry_policy=RetryPolicy(max_retries=1, delay=5))
def flaky(context):
    if context.retry_number == 0:
        raise ValueError
    context.log_event(AssetMaterialization("shelf"))
    context.log_event(ExpectationResult(success=True))
    yield AssetMaterialization("rack")
    yield Output(1)


@op
def spill(x):
    raise ValueError(x)


@job
def cafe():
    pour(maybe())
    spill(flaky())


def run(instance):
    """The id of a run that began at second 100."""
    with run_options(clock=VirtualClock(100)):
        return cafe.execute_in_process(instance=instance, raise_on_error=False).run_id


def test_a_run_in_numbers(instance):
    """The statistics count steps that succeeded or failed, and materializations, and have the times."""
    stats = instance.get_run_stats(run(instance))

    assert (stats.steps_succeeded, stats.steps_failed) == (2, 1)
    assert (stats.materializations, stats.expectations) == (2, 1)
    assert (stats.start_time, stats.end_time) == (100.0, 105.0)
    assert (stats.enqueued_time, stats.launch_time) == (None, None)


def test_a_run_that_is_not_known(instance):
    """The statistics of an unknown run are 0 or None."""
    assert instance.get_run_stats("nope") == ("nope", 0, 0, 0, 0, None, None, None, None)
    assert instance.get_run_step_stats("nope") == []


def test_steps_in_numbers(instance):
    """Each step has its status, times and attempts, in the order of the starts."""
    run_id = run(instance)

    by_key = {stats.step_key: stats for stats in instance.get_run_step_stats(run_id)}
    assert {key: stats.status for key, stats in by_key.items()} == {
        "flaky": StepEventStatus.SUCCESS,
        "maybe": StepEventStatus.SUCCESS,
        "pour": StepEventStatus.SKIPPED,
        "spill": StepEventStatus.FAILURE,
    }
    assert next(iter(by_key)) == "flaky"
    flaky, pour = by_key["flaky"], by_key["pour"]
    assert (flaky.attempts, flaky.start_time, flaky.end_time) == (2, 100.0, 105.0)
    assert flaky.attempts_list == [StepAttempt(100.0, 100.0), StepAttempt(105.0, 105.0)]
    keys = [entry.asset_materialization.asset_key.path for entry in flaky.materialization_events]
    assert keys == [["shelf"], ["rack"]]
    assert len(flaky.expectation_results) == 1
    assert (pour.start_time, pour.attempts, pour.attempts_list) == (None, 1, [StepAttempt(100.0, 100.0)])
    assert [stats.step_key for stats in instance.get_run_step_stats(run_id, ["spill", "x"])] == ["spill"]


def test_a_step_that_is_under_way(instance):
    """A step in progress has a start and no end."""

    @op
    def asks(context):
        return context.instance.get_run_step_stats(context.run_id)

    @job
    def j():
        asks()

    (stats,) = j.execute_in_process(instance=instance).output_for_node("asks")

    assert (stats.status, stats.end_time) == (StepEventStatus.IN_PROGRESS, None)
    assert (stats.attempts, stats.attempts_list) == (1, [])
    assert stats.start_time is not None
