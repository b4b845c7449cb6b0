"""Tests of the schedules and sensors of a project: in Definitions, repositories and modules."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from dagflow import (
    AssetKey,
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    Definitions,
    ScheduleDefinition,
    SensorDefinition,
    SkipReason,
    asset,
    build_schedule_from_partitioned_job,
    create_repository_using_definitions_args,
    define_asset_job,
    job,
    load_definitions_from_module,
    op,
    repository,
    sensor,
)


@op
def sip():
    return 1


@job
def brew():
    sip()


@op(required_resource_keys={"cups"})
def pour(context):
    return context.resources.cups


@job
def serve():
    pour()


@asset
def beans():
    return 1


@asset(partitions_def=DailyPartitionsDefinition("2024-01-01"))
def sales():
    return 1


def schedule_of(name: str = "daily", **arguments: Any) -> ScheduleDefinition:
    return ScheduleDefinition(name, cron_schedule="@daily", **(arguments or {"job": brew}))


@sensor(job=brew)
def files():
    return SkipReason("nothing")


def test_by_name() -> None:
    """A project returns its schedules and sensors by name."""
    daily = schedule_of()
    project = Definitions(schedules=[daily], sensors=[files])

    assert (project.schedules, project.sensors) == ([daily], [files])
    assert project.get_schedule_def("daily") is project.resolve_schedule_def("daily") is daily
    assert project.get_sensor_def("files") is project.resolve_sensor_def("files") is files
    with pytest.raises(
        DagflowInvariantViolationError, match=r"Could not find schedule 'dayly'. Found: 'daily'"
    ):
        project.get_schedule_def("dayly")
    with pytest.raises(DagflowInvariantViolationError, match=r"Could not find sensor 'file'. Found: 'files'"):
        project.get_sensor_def("file")
    assert (Definitions().schedules, Definitions().sensors) == ((), ())


def test_the_jobs_are_part_of_the_project() -> None:
    """The job of a schedule or sensor is a job of the project, once."""
    project = Definitions(
        jobs=[brew], schedules=[schedule_of(), schedule_of("serving", job=serve)], resources={"cups": 3}
    )

    assert {one.name for one in project.resolve_all_job_defs()} == {"brew", "serve"}
    assert project.get_job_def("serve").execute_in_process().output_for_node("pour") == 3
    assert project.get_schedule_def("serving").job is project.get_job_def("serve")
    in_sensor = Definitions(
        sensors=[SensorDefinition("s", evaluation_fn=lambda: None, job=serve)], resources={"cups": 3}
    )
    assert in_sensor.get_sensor_def("s").job is in_sensor.get_job_def("serve")


def test_the_assets_are_part_of_the_project() -> None:
    """The assets of a target are assets of the project, and its job runs."""
    project = Definitions(sensors=[SensorDefinition("s", evaluation_fn=lambda: None, target=[beans])])

    assert project.resolve_all_asset_keys() == [AssetKey("beans")]
    assert project.get_job_def("__anonymous_asset_job_s").execute_in_process().asset_value("beans") == 1


def test_a_missing_resource_of_a_job() -> None:
    """The job of a schedule is checked as the other jobs are."""
    with pytest.raises(DagflowInvalidDefinitionError, match="'cups'"):
        Definitions(schedules=[schedule_of(job=serve)]).get_repository_def()


@pytest.mark.parametrize("parameter", ["schedules", "sensors"])
@pytest.mark.parametrize("value", [[5], 5, "x"])
def test_members_that_are_refused(parameter: str, value: Any) -> None:
    """A member of another class, and a value that is no list, are refused."""
    with pytest.raises(CheckError, match=f"parameter '{parameter}' of Definitions"):
        Definitions(**{parameter: value})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"schedules": [schedule_of(), schedule_of()]}, "Duplicate definition found for daily"),
        ({"schedules": [schedule_of("files")], "sensors": [files]}, "Duplicate definition found for files"),
        (
            {"schedules": [schedule_of(job_name="sip")], "jobs": [brew]},
            'ScheduleDefinition "daily" targets job "sip" which was not found in this repository',
        ),
        (
            {"sensors": [SensorDefinition("s", evaluation_fn=lambda: None, job_name="brw")], "jobs": [brew]},
            'SensorDefinition "s" targets job "brw" .* Did you mean \'brew\'',
        ),
        (
            {
                "schedules": [schedule_of(job=define_asset_job("all"))],
                "jobs": [define_asset_job("all")],
                "assets": [beans],
            },
            "Duplicate job definition found for job 'all'",
        ),
    ],
)  # fmt: skip
def test_projects_that_do_not_fit(arguments: Any, message: str) -> None:
    """Names must be different, and jobs must exist."""
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        Definitions(**arguments).get_repository_def()
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        Definitions.validate_loadable(Definitions(**arguments))


def test_the_same_object_twice() -> None:
    """One object may be given twice, and a schedule may have the name of a job."""
    daily = schedule_of("brew")

    found = Definitions(schedules=[daily, daily], sensors=[files, files], jobs=[brew]).get_repository_def()

    assert (found.schedule_defs, found.sensor_defs) == ([daily], [files])


def test_a_merge() -> None:
    """A merge has all schedules and sensors."""
    daily = schedule_of()
    merged = Definitions.merge(Definitions(schedules=[daily]), Definitions(sensors=[files]), Definitions())

    assert (merged.schedules, merged.sensors) == ([daily], [files])
    mapped = merged.map_asset_specs(func=lambda spec: spec)
    assert (mapped.schedules, mapped.sensors) == ([daily], [files])


def test_a_repository() -> None:
    """A repository has schedules and sensors, from a list, a dict, or the arguments of Definitions."""
    daily, nightly = schedule_of(), schedule_of("nightly")

    @repository
    def listed():
        return [brew, [daily], files, beans]

    @repository
    def named():
        return {
            "jobs": {"brew": brew},
            "schedules": {"daily": daily, "nightly": lambda: nightly},
            "sensors": {"files": files},
        }

    made = create_repository_using_definitions_args("made", schedules=[daily], sensors=[files])

    for found in (listed, named, made):
        assert found.get_schedule_def("daily") is daily
        assert found.get_sensor_def("files") is files
        assert found.has_schedule_def("daily")
        assert not found.has_schedule_def("files")
        assert found.has_sensor_def("files")
        assert not found.has_sensor_def("daily")
    assert named.schedule_defs == [daily, nightly]
    with pytest.raises(DagflowInvariantViolationError, match="Could not find schedule 'x'"):
        listed.get_schedule_def("x")
    with pytest.raises(DagflowInvariantViolationError, match="Could not find sensor 'x'"):
        listed.get_sensor_def("x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"schedules": 5}, "'schedules' of repository 'kitchen' must be a dict"),
        ({"schedules": {"daily": 5}}, "Object mapped to daily is not an instance of ScheduleDefinition"),
        (
            {"sensors": {"files": schedule_of()}},
            "Object mapped to files is not an instance of SensorDefinition",
        ),
        ({"schedules": {"other": schedule_of()}, "jobs": {"brew": brew}}, "got 'daily'"),
        (
            {"schedules": {"daily": schedule_of()}},
            'targets job "brew" which was not found in this repository',
        ),
        ([schedule_of(job_name="sip")], 'targets job "sip" which was not found in this repository'),
    ],
)
def test_repositories_that_are_refused(content: Any, message: str) -> None:
    """The dict and the list of a repository hold schedules and sensors of existing jobs."""
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        repository(name="kitchen")(lambda: content)


def test_a_module() -> None:
    """The loaders find schedules, also unresolved ones, and sensors."""
    module = ModuleType("kitchen")
    daily = schedule_of()
    unresolved = build_schedule_from_partitioned_job(define_asset_job("count", [sales]))
    vars(module).update(daily=daily, files=files, sales=sales, unresolved=unresolved)

    found = load_definitions_from_module(module)

    assert (found.schedules, found.sensors) == ([daily, unresolved], [files])
    assert found.get_schedule_def("count_schedule").cron_schedule == "0 0 * * *"
    vars(module)["other"] = schedule_of()
    with pytest.raises(DagflowInvalidDefinitionError, match="Duplicate definition found for daily"):
        load_definitions_from_module(module)


def test_two_targets_of_one_name():
    """A schedule and a sensor of one name are refused by the name that the user wrote."""
    water = asset(name="water")(lambda: 1)
    daily = ScheduleDefinition(name="daily", cron_schedule="@daily", target="water")
    again = sensor(name="daily", target="water")(lambda _: None)

    project = Definitions([water], schedules=[daily], sensors=[again])

    with pytest.raises(DagflowInvalidDefinitionError, match="Duplicate definition found for daily"):
        project.resolve_all_job_defs()
