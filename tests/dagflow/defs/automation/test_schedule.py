"""Tests of schedules as definitions: their names, targets, times and arguments."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from dagflow import (
    AssetKey,
    AssetSelection,
    CheckError,
    ConfigurableResource,
    DagflowInvalidDefinitionError,
    DefaultScheduleStatus,
    Definitions,
    IntMetadataValue,
    ParameterCheckError,
    ScheduleDefinition,
    asset,
    define_asset_job,
    graph,
    job,
    op,
    schedule,
)


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


@schedule("@daily", job=brew)
def daily(context):
    return {}


class Mill(ConfigurableResource):
    size: int = 1


def test_attributes_and_defaults() -> None:
    """A schedule has the name of its job, is stopped, and has no tags or metadata."""
    found = ScheduleDefinition(job=brew, cron_schedule="@daily")

    assert (found.name, found.job_name, found.job, found.has_job) == ("brew_schedule", "brew", brew, True)
    assert (found.cron_schedule, found.execution_timezone) == ("@daily", None)
    assert found.default_status is DefaultScheduleStatus.STOPPED
    assert (found.tags, found.metadata, found.owners, found.environment_vars) == ({}, {}, None, None)
    assert (found.required_resource_keys, found.description) == (frozenset(), None)
    assert repr(found) == "<schedule 'brew_schedule' of job 'brew'>"


def test_the_name_of_a_decorated_schedule() -> None:
    """A decorated schedule has the name of its function, or the given one."""
    assert daily.name == "daily"
    assert schedule("@daily", job=brew, name="other")(lambda: {}).name == "other"


def test_a_schedule_of_the_name_of_a_job() -> None:
    """The job of a schedule that knows only a name cannot be read."""
    found = ScheduleDefinition(job_name="brew", cron_schedule="@daily")

    assert (found.name, found.has_job, found.has_anonymous_job) == ("brew_schedule", False, False)
    with pytest.raises(DagflowInvalidDefinitionError, match="No job was provided to ScheduleDefinition"):
        _ = found.job


@pytest.mark.parametrize(
    "target",
    [
        beans,
        [beans],
        ["beans"],
        "*",
        AssetKey("beans"),
        [AssetKey("beans")],
        [AssetKey("beans"), "beans"],
        AssetSelection.all(),
    ],
    ids=str,
)
def test_a_schedule_of_assets(target: Any) -> None:
    """A job is made for the assets of `target`, also if it is given as a key or string."""
    found = ScheduleDefinition("tick", target=target, cron_schedule="@daily")
    project = Definitions([beans], schedules=[found])

    assert (found.job_name, found.has_anonymous_job) == ("__anonymous_asset_job_tick", True)
    made = project.get_job_def("__anonymous_asset_job_tick")
    assert made.execute_in_process().asset_value("beans") == 1


def test_a_target_that_is_a_job() -> None:
    """A job as `target` is the same as `job`."""
    found = ScheduleDefinition(target=brew, cron_schedule="@daily")

    assert (found.name, found.job, found.has_anonymous_job) == ("brew_schedule", brew, False)
    selected = define_asset_job("selected")
    assert ScheduleDefinition("s", target=selected, cron_schedule="@daily").job is selected


def test_a_graph_becomes_a_job() -> None:
    """A graph is deprecated as a job, and is turned into one."""

    @graph
    def cups():
        sip()

    with pytest.warns(DeprecationWarning, match="Passing GraphDefinition"):
        found = ScheduleDefinition(job=cups, cron_schedule="@daily")

    assert found.job.name == "cups"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, CheckError, "Must provide target, job, or job_name"),
        ({"job": brew, "job_name": "brew"}, DagflowInvalidDefinitionError, "more than one of"),
        ({"job": brew, "target": "*"}, DagflowInvalidDefinitionError, "more than one of"),
        ({"job": 5}, CheckError, "Invalid target passed to schedule 'tick'"),
        ({"target": 5}, CheckError, "Invalid target passed to schedule 'tick'"),
        ({"target": []}, CheckError, "Invalid target"),
        ({"target": [brew]}, CheckError, "Invalid target"),
        ({"job": brew, "name": "a b"}, DagflowInvalidDefinitionError, "is not a valid name"),
        ({"job": brew, "name": 5}, ParameterCheckError, "'name'"),
        ({"target": "*", "name": None}, CheckError, "must specify schedule name"),
        ({"job": brew, "cron_schedule": None}, ParameterCheckError, "'cron_schedule'"),
        ({"job": brew, "cron_schedule": 5}, ParameterCheckError, "'cron_schedule'"),
        ({"job": brew, "execution_timezone": "utc+1"}, DagflowInvalidDefinitionError, "Invalid execution"),
        ({"job": brew, "owners": ["ann"]}, DagflowInvalidDefinitionError, "Owner must be an email address"),
        ({"job": brew, "owners": ["team:"]}, DagflowInvalidDefinitionError, "Team name cannot be empty"),
        ({"job": brew, "default_status": "RUNNING"}, ParameterCheckError, "'default_status'"),
        ({"job": brew, "tags": {"dagflow/x": "1"}}, DagflowInvalidDefinitionError, "reserved system prefix"),
        ({"job": brew, "tags": {"dagflow/partition": "1"}}, DagflowInvalidDefinitionError, "reserved"),
        ({"job": brew, "tags": {"a": 1}, "tags_fn": dict}, DagflowInvalidDefinitionError, "tags_fn and tags"),
        (
            {"job": brew, "run_config": {"ops": {}}, "run_config_fn": dict},
            DagflowInvalidDefinitionError,
            "both run_config_fn and run_config",
        ),
        (
            {"job": brew, "execution_fn": dict, "should_execute": dict},
            DagflowInvalidDefinitionError,
            "both execution_fn and individual should_execute",
        ),
        ({"job": brew, "execution_fn": 5}, ParameterCheckError, "must be callable"),
    ],
)  # fmt: skip
def test_arguments_that_are_refused(arguments: Any, error: type[Exception], message: str) -> None:
    """Each argument without a meaning raises an error that names it."""
    with pytest.raises(error, match=message):
        ScheduleDefinition(**{"name": "tick", "cron_schedule": "@daily", **arguments})


@pytest.mark.parametrize(
    "cron", ["0 0 * * MON-FRI", "0 0 L * *", "0 0 * * 1#2", "@hourly", "@yearly", ["@daily", "0 12 * * *"]]
)
def test_valid_times(cron: Any) -> None:
    """Names of days, the last day, the second Monday, names of times and lists of all these are valid."""
    assert ScheduleDefinition("tick", job=brew, cron_schedule=cron).cron_schedule == cron


@pytest.mark.parametrize("cron", ["@reboot", "* * * * * *", "", "0 0 31 2 *", [], ["@daily", "soon"]])
def test_invalid_times(cron: Any) -> None:
    """Six fields, an impossible date, an empty list and a list with an invalid member are refused."""
    with pytest.raises(
        DagflowInvalidDefinitionError, match=r"Found invalid cron schedule .* for schedule 'tick'"
    ):
        ScheduleDefinition("tick", job=brew, cron_schedule=cron)


@pytest.mark.parametrize("cron", ["*/60 * * * *", "0 */30 * * *", "0 0 */32 * *", "0 0 * * */8"])
def test_a_step_that_is_too_large(cron: str) -> None:
    """A step above the largest number of its field is accepted with a warning."""
    with pytest.warns(UserWarning, match="interval greater than the expected range for schedule 'tick'"):
        ScheduleDefinition("tick", job=brew, cron_schedule=cron)


def test_tags_that_users_may_set() -> None:
    """The tags of a schedule are strings, and some with a system prefix are allowed."""
    found = ScheduleDefinition("s", job=brew, cron_schedule="@daily", tags={"a": 1, "dagflow/priority": "3"})

    assert found.tags == {"a": "1", "dagflow/priority": "3"}


def test_resources_of_the_function() -> None:
    """Parameters with the type of a resource are required resources, and exclude required_resource_keys."""

    def function(context, mill: Mill):
        return {}

    assert schedule("@daily", job=brew)(function).required_resource_keys == {"mill"}
    with pytest.raises(ParameterCheckError, match="both @schedule decorator and as arguments"):
        schedule("@daily", job=brew, required_resource_keys={"other"})(function)


def test_copies_with_changes() -> None:
    """`with_updated_job` and `with_attributes` return copies with the same name."""
    found = ScheduleDefinition("tick", job=brew, cron_schedule="@daily", metadata={"a": 1}, tags={"x": "y"})
    moved, described = found.with_updated_job(grind), found.with_attributes(metadata={"b": 2})

    assert (moved.name, moved.job, moved.tags) == ("tick", grind, {"x": "y"})
    assert moved.metadata == {"a": IntMetadataValue(1)}
    assert (described.job, described.metadata) == (brew, {"b": IntMetadataValue(2)})
    assert found.job is brew


def test_a_schedule_is_copied_and_pickled() -> None:
    """A schedule in a module survives a copy and a pickle."""
    assert copy.deepcopy(daily) is daily
    assert pickle.loads(pickle.dumps(daily)) is daily
    assert copy.copy(daily).name == "daily"
