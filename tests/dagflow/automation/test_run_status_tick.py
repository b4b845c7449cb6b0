"""Tests of the ticks and direct calls of run status sensors."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    CheckError,
    CodeLocationSelector,
    DagflowInstance,
    DagflowInvalidCursorError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    DagflowRunStatus,
    Definitions,
    JobSelector,
    ParameterCheckError,
    RepositorySelector,
    ResourceParam,
    RunFailureSensorContext,
    RunRequest,
    SensorResult,
    SkipReason,
    StaticPartitionsDefinition,
    build_run_status_sensor_context,
    build_sensor_context,
    job,
    op,
    run_failure_sensor,
    run_status_sensor,
)


@op
def sip():
    return 1


@op
def spill():
    raise ValueError("spilt")


@job(partitions_def=StaticPartitionsDefinition(["small"]))
def brew():
    sip()


@job
def fail():
    spill()


@job
def other():
    spill()


PROJECT = Definitions(jobs=[brew, fail, other])


@pytest.fixture
def instance() -> DagflowInstance:
    return DagflowInstance.ephemeral()


def context_of(instance: DagflowInstance, **arguments: Any) -> Any:
    """Return the context about a failed run."""
    result = fail.execute_in_process(instance=instance, raise_on_error=False)
    return build_run_status_sensor_context(
        "s", result.get_run_failure_event(), instance, result.dagflow_run, **arguments
    )


def ticks(made: Any, instance: DagflowInstance, *runs: Any) -> Any:
    """Evaluate the first tick of a sensor, run jobs, and return the next tick."""
    first = made.evaluate_tick(build_sensor_context(instance, definitions=PROJECT))
    for each in runs:
        each.execute_in_process(instance=instance, raise_on_error=False)
    return made.evaluate_tick(build_sensor_context(instance, first.cursor, definitions=PROJECT))


def test_the_context(instance: DagflowInstance) -> None:
    """The context has the run, its event and its partition."""
    result = brew.execute_in_process(instance=instance, partition_key="small")
    context = build_run_status_sensor_context(
        "s", result.get_run_success_event(), instance, result.dagflow_run
    )

    assert (context.sensor_name, context.dagflow_run, context.instance) == ("s", result.dagflow_run, instance)
    assert context.dagflow_event is not None
    assert (context.partition_key, context.repository_def, context.resource_defs) == ("small", None, {})
    context.log.info("quiet")
    with pytest.raises(ParameterCheckError, match="dagflow_event"):
        build_run_status_sensor_context("s", 5, instance, result.dagflow_run)  # type: ignore[arg-type]


def test_the_context_of_a_failure(instance: DagflowInstance) -> None:
    """The context of a failure has the events of the failed steps."""
    context = context_of(instance).for_run_failure()

    assert context.failure_event is context.dagflow_event
    assert [event.step_key for event in context.get_step_failure_events()] == ["spill"]


def test_a_direct_call(instance: DagflowInstance) -> None:
    """The function gets the context; that of a failure sensor is turned into one of a failure."""
    context = context_of(instance)
    done = run_status_sensor(DagflowRunStatus.SUCCESS, "s")(lambda context: context)
    failed = run_failure_sensor("s")(lambda context: context)

    assert done(context) is done(context=context) is context
    assert isinstance(failed(context), RunFailureSensorContext)
    assert run_failure_sensor("s")(lambda: 5)() == 5
    with pytest.raises(DagflowInvalidInvocationError, match="expected context argument"):
        failed()
    with pytest.raises(CheckError, match="is not a RunStatusSensorContext"):
        failed(build_sensor_context())


def test_resources(instance: DagflowInstance) -> None:
    """Resources come from the builder, from the context of the tick, or by keyword."""

    @run_failure_sensor
    def tell(context, cups: ResourceParam[int]):
        return cups

    assert tell(context_of(instance, resources={"cups": 3})) == 3
    assert tell(context_of(instance, context=build_sensor_context(resources={"cups": 3}))) == 3
    assert tell(context_of(instance, resources={"cups": 3}).for_run_failure(), cups=4) == 4
    with pytest.raises(
        DagflowInvalidDefinitionError, match="Resource with key 'cups' required by sensor 'tell'"
    ):
        tell(context_of(instance))


def test_the_first_tick(instance: DagflowInstance) -> None:
    """The first tick sets the cursor, so that older runs do not count; another cursor is refused."""
    made = run_failure_sensor("s")(lambda: pytest.fail("called"))
    fail.execute_in_process(instance=instance, raise_on_error=False)

    first = made.evaluate_tick(build_sensor_context(instance))
    second = made.evaluate_tick(build_sensor_context(instance, first.cursor))

    assert first.skip_message == f"Initiating s. Set cursor to {first.cursor}"
    assert (second.skip_message, second.cursor) == ("Sensor function returned an empty result", first.cursor)
    with pytest.raises(DagflowInvalidCursorError, match=r"sensor 's' received '7'.*of an earlier tick"):
        made.evaluate_tick(build_sensor_context(instance, "7"))


def test_reactions(instance: DagflowInstance) -> None:
    """The function is called for each run since; an error of it is part of the result."""
    seen = []

    @run_failure_sensor
    def tell(context):
        seen.append(context.dagflow_run.job_name)
        if len(seen) == 1:
            raise ValueError("dumb")

    found = ticks(tell, instance, fail, brew, other)

    assert seen == ["fail", "other"]
    first, second = found.dagflow_run_reactions
    assert (first.run_status, first.error.cls_name) == (DagflowRunStatus.FAILURE, "ValueError")
    assert (second.dagflow_run.job_name, second.error) == ("other", None)
    assert (found.skip_message, found.run_requests) == (None, [])
    again = tell.evaluate_tick(build_sensor_context(instance, found.cursor, definitions=PROJECT))
    assert again.dagflow_run_reactions == []


def test_a_request_ends_the_tick(instance: DagflowInstance) -> None:
    """After a request or a reason the next tick goes on with the next run."""

    @run_failure_sensor(request_job=brew)
    def again(context):
        return RunRequest(context.dagflow_run.job_name)

    found = ticks(again, instance, fail, other)
    following = again.evaluate_tick(build_sensor_context(instance, found.cursor, definitions=PROJECT))

    assert [one.run_key for one in found.run_requests] == ["fail"]
    assert [one.run_key for one in following.run_requests] == ["other"]
    skipping = run_failure_sensor("s")(lambda: SkipReason("enough"))
    assert ticks(skipping, instance, fail, other).skip_message == "enough"


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ({}, 2),
        ({"monitored_jobs": [fail]}, 1),
        ({"monitored_jobs": [JobSelector("here", job_name="other")]}, 1),
        ({"monitored_jobs": [JobSelector("here", "nowhere", "other")]}, 0),
        ({"monitored_jobs": [RepositorySelector("here", "__repository__")]}, 2),
        ({"monitored_jobs": [RepositorySelector("here", "nowhere")]}, 0),
        ({"monitored_jobs": [CodeLocationSelector("here")]}, 3),
        ({"monitor_all_code_locations": True}, 3),
    ],
)
def test_watched_jobs(instance: DagflowInstance, arguments: Any, count: int) -> None:
    """The runs of the repository count, of the monitored jobs, or all runs."""

    @job
    def elsewhere():
        spill()

    made = run_failure_sensor(name="s", **arguments)(lambda: None)

    assert len(ticks(made, instance, fail, other, elsewhere).dagflow_run_reactions) == count


def test_results_that_are_refused(instance: DagflowInstance) -> None:
    """A cursor is refused, and a request needs a job."""
    with pytest.raises(DagflowInvariantViolationError, match="The cursor is managed by the sensor"):
        ticks(run_failure_sensor("s")(lambda: SensorResult(cursor="a")), instance, fail)
    with pytest.raises(DagflowInvariantViolationError, match="lacking a specified target"):
        ticks(run_failure_sensor("s")(lambda: RunRequest()), instance, fail)
    with pytest.raises(DagflowInvariantViolationError, match="no instance reference was provided"):
        run_failure_sensor("s")(lambda: None).evaluate_tick(build_sensor_context())
