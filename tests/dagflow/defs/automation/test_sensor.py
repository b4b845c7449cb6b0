"""Tests of sensors as definitions: their names, targets and arguments, and the objects that they return."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from dagflow import (
    AddDynamicPartitionsRequest,
    AssetKey,
    AssetMaterialization,
    AssetSelection,
    AssetSensorDefinition,
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowRunStatus,
    DefaultSensorStatus,
    DeleteDynamicPartitionsRequest,
    DynamicPartitionsDefinition,
    JobSelector,
    ParameterCheckError,
    RunRequest,
    SensorDefinition,
    SensorResult,
    SkipReason,
    TextMetadataValue,
    asset,
    asset_sensor,
    graph,
    job,
    op,
    run_failure_sensor,
    run_status_sensor,
    sensor,
)
from dagflow.defs.automation.sensor import SensorType


@op
def sip():
    return 1


@job
def brew():
    sip()


@job
def grind():
    sip()


@asset
def beans():
    return 1


def function(context):
    return SkipReason("nothing")


@sensor(job=brew)
def files(context):
    return SkipReason("nothing")


def test_attributes_and_defaults() -> None:
    """A sensor has the name of its function, is stopped, and ticks each 30 seconds."""
    assert (files.name, files.job_name, files.job, files.jobs) == ("files", "brew", brew, [brew])
    assert (files.minimum_interval_seconds, files.default_status) == (30, DefaultSensorStatus.STOPPED)
    assert (files.tags, files.metadata, files.owners, files.asset_selection) == ({}, {}, None, None)
    assert (files.sensor_type, files.required_resource_keys) == (SensorType.STANDARD, frozenset())
    assert (files.has_jobs, files.has_anonymous_job) == (True, False)
    assert sensor(minimum_interval_seconds=0)(function).minimum_interval_seconds == 0
    assert pickle.loads(pickle.dumps(files)) is files


def test_several_jobs() -> None:
    """A sensor of several jobs has no single job."""
    found = SensorDefinition(evaluation_fn=function, jobs=[brew, grind, brew])

    assert found.jobs == [brew, grind, brew]
    for name in ("job", "job_name"):
        with pytest.raises(
            DagflowInvalidDefinitionError, match="not available when SensorDefinition has multiple"
        ):
            getattr(found, name)


@pytest.mark.parametrize("arguments", [{}, {"jobs": []}, {"asset_selection": ["beans"]}])
@pytest.mark.parametrize("name", ["job", "job_name", "jobs"])
def test_no_job(arguments: Any, name: str) -> None:
    """A sensor without a job, or with assets only, has no job."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"No job was provided to SensorDefinition\."):
        getattr(SensorDefinition("s", evaluation_fn=function, **arguments), name)


def test_the_name_of_a_job() -> None:
    """A sensor that knows only the name of its job cannot return the job."""
    found = SensorDefinition("s", evaluation_fn=function, job_name="brew")

    assert (found.job_name, [target.job_name for target in found.targets]) == ("brew", ["brew"])
    with pytest.raises(DagflowInvalidDefinitionError, match="No job was provided"):
        _ = found.job


def test_assets() -> None:
    """`asset_selection` is a selection; `target` makes a job."""
    selecting = SensorDefinition("s", evaluation_fn=function, asset_selection=[beans])
    targeting = SensorDefinition("s", evaluation_fn=function, target=[beans])

    assert selecting.asset_selection == AssetSelection.assets(beans)
    assert selecting.asset_selection.resolve([beans]) == {AssetKey("beans")}
    assert targeting.asset_selection is None
    assert (targeting.job_name, targeting.has_anonymous_job) == ("__anonymous_asset_job_s", True)


def test_a_graph_becomes_a_job() -> None:
    """A graph is deprecated as a job; a sensor without a name may have a lambda."""

    @graph
    def cups():
        sip()

    with pytest.warns(DeprecationWarning, match="Passing GraphDefinition"):
        found = SensorDefinition(job=cups, evaluation_fn=lambda _: None)

    assert found.job.name == "cups"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"evaluation_fn": None}, DagflowInvalidDefinitionError, "Must provide evaluation_fn"),
        ({"evaluation_fn": 5}, ParameterCheckError, "must be callable"),
        ({"job": brew, "job_name": "brew"}, DagflowInvalidDefinitionError, "more than one of"),
        ({"job": brew, "asset_selection": "*"}, DagflowInvalidDefinitionError, "more than one of"),
        ({"job": 5}, CheckError, "Invalid target passed to sensor 's'"),
        ({"jobs": [5]}, CheckError, "Invalid target passed to sensor 's'"),
        ({"target": [brew, grind]}, CheckError, "Invalid target passed to sensor 's'"),
        ({"name": "a b"}, DagflowInvalidDefinitionError, "is not a valid name"),
        ({"minimum_interval_seconds": "3"}, ParameterCheckError, "minimum_interval_seconds"),
        ({"default_status": "RUNNING"}, ParameterCheckError, "default_status"),
        ({"owners": ["team:"]}, DagflowInvalidDefinitionError, "Team name cannot be empty"),
        ({"required_resource_keys": "ab"}, ParameterCheckError, "required_resource_keys"),
    ],
)  # fmt: skip
def test_arguments_that_are_refused(arguments: Any, error: type[Exception], message: str) -> None:
    """Each argument without a meaning raises an error that names it."""
    with pytest.raises(error, match=message):
        SensorDefinition(**{"name": "s", "evaluation_fn": function, **arguments})


def test_a_decorated_lambda_needs_a_name() -> None:
    """The decorator checks the name of the function."""
    with pytest.raises(DagflowInvalidDefinitionError, match="is not a valid name"):
        sensor(job=brew)(lambda: None)


def test_tags_and_metadata() -> None:
    """Tags are strings, also with a system prefix; metadata are values."""
    found = sensor(job=brew, tags={"a": 1, "dagflow/x": "y"}, metadata={"b": "c"})(function)

    assert found.tags == {"a": "1", "dagflow/x": "y"}
    assert found.metadata == {"b": TextMetadataValue("c")}


def test_copies_with_changes() -> None:
    """The methods return copies with other jobs or other metadata."""
    moved = files.with_updated_job(grind)

    assert (moved.name, moved.jobs, files.jobs) == ("files", [grind], [brew])
    assert files.with_updated_jobs([brew, grind]).jobs == [brew, grind]
    assert files.with_attributes(metadata={"a": "b"}).metadata == {"a": TextMetadataValue("b")}
    assert files.with_attributes(metadata={}).targets == files.targets


def test_an_asset_sensor() -> None:
    """A sensor of an asset has its key, and is copied as such."""
    found = asset_sensor(AssetKey("beans"), job=brew, name="after_beans")(function)

    assert (found.asset_key, found.sensor_type) == (AssetKey("beans"), SensorType.ASSET)
    assert isinstance(found.with_updated_job(grind), AssetSensorDefinition)
    for key in ("beans", beans, [AssetKey("beans")]):
        with pytest.raises(ParameterCheckError, match="asset_key"):
            asset_sensor(key, job=brew)


def test_a_run_status_sensor() -> None:
    """A run status sensor has its status, and the jobs of its requests."""
    done = run_status_sensor(DagflowRunStatus.SUCCESS, request_jobs=[brew, grind])(function)

    assert (done.run_status, done.jobs) == (DagflowRunStatus.SUCCESS, [brew, grind])
    assert done.sensor_type is SensorType.RUN_STATUS
    assert run_failure_sensor(function).run_status is DagflowRunStatus.FAILURE
    assert run_failure_sensor("told")(function).name == "told"
    assert (
        run_failure_sensor(name="told", monitored_jobs=[brew, JobSelector("here")])(function).name == "told"
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"run_status": "SUCCESS"}, ParameterCheckError, "run_status"),
        ({"run_status": DagflowRunStatus.NOT_STARTED}, DagflowInvalidDefinitionError, "NOT_STARTED"),
        ({"monitored_jobs": [5]}, CheckError, "monitored_jobs"),
        (
            {"monitored_jobs": [brew], "monitor_all_code_locations": True},
            DagflowInvalidDefinitionError,
            "both",
        ),
        ({"monitor_all_repositories": True, "monitor_all_code_locations": True}, CheckError, "deprecated"),
        ({"request_job": brew, "request_jobs": [brew]}, DagflowInvalidDefinitionError, "more than one of"),
    ],
)
def test_run_status_arguments_that_are_refused(arguments: Any, error: type[Exception], message: str) -> None:
    """Each argument without a meaning raises an error that names it."""
    with pytest.raises(error, match=message):
        run_status_sensor(**{"run_status": DagflowRunStatus.SUCCESS, **arguments})(function)


def test_older_names_of_arguments() -> None:
    """The older names of arguments of run status sensors still work, with a warning."""
    with pytest.warns(DeprecationWarning, match="'monitored_jobs'"):
        found = run_failure_sensor(job_selection=[brew])(function)

    assert found.monitored_jobs == [brew]


def test_a_reason() -> None:
    """A reason is a string, and is compared by value."""
    assert SkipReason("a") == SkipReason("a") != SkipReason()
    with pytest.raises(ParameterCheckError, match="skip_message"):
        SkipReason(5)  # type: ignore[arg-type]


def test_a_result() -> None:
    """A string becomes a reason, and lists that are not given are empty."""
    found = SensorResult(skip_reason="closed")

    assert found.skip_reason == SkipReason("closed")
    assert (found.run_requests, found.dynamic_partitions_requests, found.asset_events) == (None, [], [])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"run_requests": RunRequest()}, ParameterCheckError, "run_requests"),
        ({"run_requests": [5]}, CheckError, "run_requests"),
        (
            {"run_requests": [RunRequest()], "skip_reason": "x"},
            CheckError,
            "Expected a single skip reason or one",
        ),
        ({"cursor": 5}, ParameterCheckError, "cursor"),
        ({"skip_reason": 5}, ParameterCheckError, "skip_reason"),
        ({"asset_events": [5]}, CheckError, "asset_events"),
        ({"asset_events": AssetMaterialization("a")}, ParameterCheckError, "asset_events"),
        ({"dynamic_partitions_requests": [5]}, CheckError, "dynamic_partitions_requests"),
    ],
)
def test_results_that_are_refused(arguments: Any, error: type[Exception], message: str) -> None:
    """Each argument of the wrong type is refused."""
    with pytest.raises(error, match=message):
        SensorResult(**arguments)


def test_requests_for_partitions() -> None:
    """Dynamic partitions build the requests to add and delete keys, if they have a name."""
    shops = DynamicPartitionsDefinition(name="shops")

    assert shops.build_add_request(["a"]) == AddDynamicPartitionsRequest("shops", ["a"])
    assert shops.build_delete_request(["a"]) == DeleteDynamicPartitionsRequest("shops", ["a"])
    assert shops.build_add_request(["a"]) != shops.build_delete_request(["a"])
    with pytest.raises(ParameterCheckError, match="partition_keys"):
        shops.build_add_request("a")
    with pytest.raises(CheckError, match="stored under a name"):
        DynamicPartitionsDefinition(lambda now: ["a"]).build_delete_request(["a"])
