"""Tests of the ticks of schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dagflow import (
    CheckError,
    Config,
    DagflowInstance,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DagflowUnknownPartitionError,
    DagflowUnknownResourceError,
    DailyPartitionsDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    ParameterCheckError,
    ResourceParam,
    RunConfig,
    RunRequest,
    ScheduleDefinition,
    ScheduleExecutionError,
    SkipReason,
    build_schedule_context,
    build_sensor_context,
    job,
    op,
    schedule,
    static_partitioned_config,
)


@op
def sip():
    return 1


@job
def brew():
    sip()


SHOPS = DynamicPartitionsDefinition(name="shops")


@job(partitions_def=DailyPartitionsDefinition("2024-01-01"), tags={"of": "job"})
def count():
    sip()


@job(partitions_def=SHOPS)
def visit():
    sip()


def tick(function: Any, context: Any = None, **arguments: Any) -> Any:
    """Evaluate a tick of a schedule of a function."""
    made = schedule("@daily", **{"job": brew, "name": "tick", **arguments})(function)
    return made.evaluate_tick(build_schedule_context() if context is None else context)


def config_of(**arguments: Any) -> Any:
    """Evaluate a tick of a schedule without a function."""
    made = ScheduleDefinition("tick", job=brew, cron_schedule="@daily", **arguments)
    return made.evaluate_tick(build_schedule_context())


def test_a_request_gets_the_name_of_the_schedule() -> None:
    """The tags of the function's request stay, and the tags of the schedule are not added."""
    found = tick(lambda context: RunRequest(tags={"a": "b"}), tags={"not": "used"})

    assert found.run_requests == [RunRequest(tags={"a": "b", "dagflow/schedule_name": "tick"})]
    assert (found.skip_message, found.log_key) == (None, None)


@pytest.mark.parametrize("result", [None, [], ()])
def test_an_empty_result(result: Any) -> None:
    """None and an empty list skip the tick."""
    found = tick(lambda: result)

    assert (found.run_requests, found.skip_message) == ([], "Schedule function returned an empty result")


def test_reasons() -> None:
    """A SkipReason skips the tick, alone, in a list or from a generator."""

    def generate():
        yield SkipReason("closed")

    assert tick(lambda: SkipReason("closed")).skip_message == "closed"
    assert tick(lambda: [SkipReason("closed")]).skip_message == "closed"
    assert tick(generate).skip_message == "closed"


def test_several_requests() -> None:
    """A list or generator of requests is a tick with all of them, and each needs a run key."""

    def generate(context):
        yield RunRequest("a")
        return RunRequest("b")

    assert [one.run_key for one in tick(generate).run_requests] == ["a", "b"]
    assert [one.run_key for one in tick(lambda: [RunRequest("a"), RunRequest("a")]).run_requests] == [
        "a",
        "a",
    ]
    with pytest.raises(CheckError, match="must specify a run_key in each RunRequest"):
        tick(lambda: [RunRequest("a"), RunRequest()])


def test_a_dict_is_a_run_config() -> None:
    """A decorated function may return the run config as a dict or RunConfig; it gets the schedule's tags."""
    found = tick(lambda: {"ops": {}}, tags={"a": 1}).run_requests[0]
    configured = tick(lambda: RunConfig(ops={"sip": {"config": 1}}), tags_fn=lambda context: {"a": 2})

    assert (found.run_config, found.tags) == ({"ops": {}}, {"a": "1", "dagflow/schedule_name": "tick"})
    assert configured.run_requests[0].run_config["ops"] == {"sip": {"config": 1}}
    assert configured.run_requests[0].tags["a"] == "2"


@pytest.mark.parametrize(
    "result",
    [5, "x", [5], [RunRequest("a"), SkipReason("b")], [SkipReason("a"), SkipReason("b")], [{"ops": {}}, {}]],
)
def test_results_that_are_refused(result: Any) -> None:
    """Other objects, and reasons beside other results, are refused."""
    with pytest.raises(CheckError, match="schedule 'tick'"):
        tick(lambda: result)


def test_a_dict_of_an_execution_fn() -> None:
    """Only a decorated function may return a dict."""
    with pytest.raises(CheckError, match="with @schedule only"):
        config_of(execution_fn=lambda context: {"ops": {}})


def test_an_async_function_is_refused() -> None:
    """A tick does not wait for an async function."""

    async def function(context):
        return RunRequest()

    with pytest.raises(ScheduleExecutionError, match="is async") as raised:
        tick(function)
    assert isinstance(raised.value.__cause__, CheckError)


@pytest.mark.parametrize("name", ["execution_fn", "run_config_fn", "tags_fn", "should_execute"])
def test_errors_of_functions_are_wrapped(name: str) -> None:
    """The exception of each function is the cause of a ScheduleExecutionError."""

    def spill(context):
        raise ValueError("spilt")

    with pytest.raises(ScheduleExecutionError, match="spilt") as raised:
        config_of(**{name: spill})
    assert isinstance(raised.value.__cause__, ValueError)
    assert raised.value.user_exception is raised.value.__cause__


def test_should_execute() -> None:
    """A false answer skips the tick without a call of the function."""
    found = tick(lambda: pytest.fail("called"), should_execute=lambda context: False)

    assert found.skip_message == "should_execute function for tick returned false."
    assert tick(lambda: RunRequest(), should_execute=lambda: True).run_requests


class Sip(Config):
    cups: int = 2


def test_a_schedule_without_a_function() -> None:
    """The arguments describe the run; the functions may have no parameter."""
    assert config_of().run_requests[0].run_config == {}
    assert config_of(run_config={"ops": {}}, tags={"a": 1}).run_requests[0].tags["a"] == "1"
    assert config_of(run_config_fn=lambda: {"ops": {}}).run_requests[0].run_config == {"ops": {}}
    made = config_of(run_config=RunConfig(ops={"sip": Sip()})).run_requests[0].run_config
    assert made["ops"] == {"sip": {"config": {"cups": 2}}}
    with pytest.raises(ParameterCheckError, match="run_config_fn of schedule 'tick'"):
        config_of(run_config_fn=lambda: 5)


def test_the_context() -> None:
    """The context has the given time, instance and repository, and any name of the parameter is fine."""
    instance = DagflowInstance.ephemeral()
    repository = Definitions(jobs=[brew]).get_repository_def()
    moment = datetime(2024, 1, 5)
    context = build_schedule_context(instance, moment, repository_def=repository)

    found = tick(lambda c: RunRequest(str(c.scheduled_execution_time.day)), context)

    assert found.run_requests[0].run_key == "5"
    assert (context.instance, context.repository_def) == (instance, repository)
    assert (context.log_key, context.instance_ref, context.resource_defs) == (None, None, {})
    assert context.has_captured_logs() is False
    context.log.info("quiet")


def test_attributes_that_were_not_given() -> None:
    """The time, the instance and the repository raise, unless they are given."""
    context = build_schedule_context()

    with pytest.raises(CheckError, match="no scheduled_execution_time was set"):
        _ = context.scheduled_execution_time
    with pytest.raises(DagflowInvariantViolationError, match="no instance reference was provided"):
        _ = context.instance
    with pytest.raises(DagflowInvariantViolationError, match="no repository_def was provided"):
        _ = context.repository_def
    with pytest.raises(ParameterCheckError, match="evaluate_tick of schedule 'tick'"):
        tick(lambda: None, build_sensor_context())


def test_an_instance_by_its_location(tmp_path: Any) -> None:
    """`instance_ref` opens the instance again; the with block disposes of it."""
    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions("shops", ["corner"])
        with build_schedule_context(instance_ref=instance.ref()) as context:
            assert context.instance is not instance
            assert context.instance.get_dynamic_partitions("shops") == ["corner"]
            assert context.instance_ref == instance.ref()


def test_resources() -> None:
    """Resources come from the context, as parameters and as attributes."""

    def function(context, cups: ResourceParam[int]):
        return RunRequest(f"{cups} {context.resources.cups}")

    assert tick(function, build_schedule_context(resources={"cups": 3})).run_requests[0].run_key == "3 3"
    with pytest.raises(
        DagflowInvalidDefinitionError, match="Resource with key 'cups' required by schedule 'tick'"
    ):
        tick(function)
    with pytest.raises(ScheduleExecutionError) as raised:
        tick(lambda context: context.resources.cups, required_resource_keys={"cups"})
    assert isinstance(raised.value.__cause__, DagflowUnknownResourceError)


def in_repository(*jobs: Any, instance: DagflowInstance | None = None) -> Any:
    """Return a context with a repository of jobs."""
    return build_schedule_context(instance, repository_def=Definitions(jobs=jobs).get_repository_def())


def test_a_partition() -> None:
    """A request for a partition gets its tags; the job's own tags are not added."""
    found = tick(
        lambda: RunRequest(partition_key="2024-01-02", tags={"a": "b"}), in_repository(count), job=count
    )

    assert found.run_requests[0].tags == {
        "a": "b",
        "dagflow/partition": "2024-01-02",
        "dagflow/partition_set": "count_partition_set",
        "dagflow/schedule_name": "tick",
    }


def test_the_config_of_a_partition() -> None:
    """The config of the partition is used only if the request has none; the tags of the partition win."""

    @static_partitioned_config(["n", "s"], tags_for_partition_key_fn=lambda key: {"shop": key})
    def by_shop(key):
        return {"ops": {"sip": {"config": key}}}

    @job(config=by_shop)
    def sell():
        sip()

    context = in_repository(sell)
    made = tick(lambda: RunRequest(partition_key="n", tags={"shop": "x"}), context, job=sell).run_requests[0]
    given = tick(lambda: RunRequest(partition_key="n", run_config={"ops": {}}), context, job=sell)

    assert (made.run_config, made.tags["shop"]) == ({"ops": {"sip": {"config": "n"}}}, "n")
    assert given.run_requests[0].run_config == {"ops": {}}


def test_partitions_that_are_refused() -> None:
    """A partition needs a repository, a partitioned job, and must exist."""
    with pytest.raises(DagflowInvariantViolationError, match="Must provide repository def"):
        tick(lambda: [RunRequest(partition_key="2024-01-02")], job=count)
    with pytest.raises(DagflowUnknownPartitionError, match="'soon'"):
        tick(lambda: RunRequest(partition_key="soon"), in_repository(count), job=count)
    with pytest.raises(CheckError, match="Job has no PartitionsDefinition"):
        tick(lambda: RunRequest(partition_key="2024-01-02"), in_repository(brew))


def test_a_request_that_the_job_has_made() -> None:
    """`run_request_for_partition` makes a complete request, which needs no repository."""
    found = tick(lambda: count.run_request_for_partition("2024-01-02"), job=count).run_requests[0]

    assert (found.job_name, found.tags["dagflow/partition"]) == ("count", "2024-01-02")


def test_dynamic_partitions() -> None:
    """A dynamic key must exist in the instance of the context."""
    instance = DagflowInstance.ephemeral()
    instance.add_dynamic_partitions("shops", ["corner"])
    context = in_repository(visit, instance=instance)

    found = tick(lambda: RunRequest(partition_key="corner"), context, job=visit)

    assert found.run_requests[0].tags["dagflow/partition"] == "corner"
    with pytest.raises(DagflowUnknownPartitionError, match="build_add_request"):
        tick(lambda: RunRequest(partition_key="station"), context, job=visit)
    with pytest.raises(CheckError, match="The instance is not available"):
        tick(lambda: RunRequest(partition_key="corner"), in_repository(visit), job=visit)


def test_attributes_of_requests() -> None:
    """A request does not change, and answers about its partition, range and keys."""
    request = RunRequest(
        "a", tags={"dagflow/asset_partition_range_start": "1", "dagflow/asset_partition_range_end": "2"}
    )

    with pytest.raises(AttributeError, match="does not change"):
        request.run_key = "b"
    with pytest.raises(ParameterCheckError, match="no attribute 'run_keys'"):
        request.with_replaced_attrs(run_keys="b")
    assert request.with_replaced_attrs(run_key="b").run_key == "b"
    assert (request.partition_key_range.start, request.partition_key_range.end) == ("1", "2")
    assert RunRequest().partition_key_range is None
    assert not RunRequest(partition_key="a").has_resolved_partition()
    assert RunRequest().has_resolved_partition()
