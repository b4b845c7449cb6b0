"""Tests of the smoke tests of jobs, schedules and sensors."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetKey,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    Config,
    ConfigurableResource,
    DailyPartitionsDefinition,
    Definitions,
    ResourceParam,
    RunConfig,
    RunRequest,
    SensorDefinition,
    SkipReason,
    asset,
    asset_sensor,
    build_schedule_from_partitioned_job,
    daily_partitioned_config,
    define_asset_job,
    job,
    multi_asset_sensor,
    op,
    run_failure_sensor,
    schedule,
    sensor,
)
from dagflow.testing import SmokeFinding, smoke_tests

NOW = 1_710_000_000.0  # 2024-03-09 16:00 UTC
DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")


class Recipe(Config):
    """Config without a default."""

    cups: int


class Kettle(ConfigurableResource):
    """A resource that must not be started."""

    def setup_for_execution(self, context: Any) -> None:
        """Fail the test."""
        raise AssertionError("a smoke test started a resource")


@op
def boil(config: Recipe):
    """Use the config."""


@job
def tea():
    """Require config."""
    boil()


def findings_of(name: str, definitions: Definitions) -> list[SmokeFinding]:
    """Return the findings of the test of one definition, as "schedule morning"."""
    tests = {f"{test.kind} {test.name}": test for test in smoke_tests(definitions, now=NOW)}
    return tests[name].run()


def config_with(cups: object) -> dict[str, Any]:
    """Return a run config of the job."""
    return {"ops": {"boil": {"config": {"cups": cups}}}}


def test_the_config_of_a_job():
    """A missing default is no failure, a wrong default is one."""

    @job(config=config_with("three"))
    def wrong():
        boil()

    project = Definitions(jobs=[tea, wrong])

    (missing,) = findings_of("job tea", project)
    (invalid,) = findings_of("job wrong", project)
    assert (missing.is_failure, invalid.is_failure) == (False, True)
    assert "requires config that has no default: {'ops': {'boil':" in missing.fact
    assert invalid.fact == "the default config of job 'wrong' is invalid"
    assert "path root:ops:boil:config:cups" in invalid.detail


def test_the_config_of_a_partitioned_job_is_made_for_its_boundary_keys():
    """The first key whose config is wrong is named, also if the function of the user raises."""

    @daily_partitioned_config(start_date="2024-02-27")
    def by_day(start, _end):
        if (start.month, start.day) == (2, 29):
            raise ValueError("no tea on a leap day")
        return config_with(start.day)

    @job(config=by_day)
    def daily_tea():
        boil()

    (finding,) = findings_of("job daily_tea", Definitions(jobs=[daily_tea]))
    assert finding.fact == "job 'daily_tea' for partition '2024-02-29' has no config"
    assert finding.detail == "ValueError: no tea on a leap day"
    assert finding.raised_at.startswith(f"{__file__}:")


def test_the_next_three_ticks_of_a_schedule_are_evaluated():
    """The function gets the time of each tick; the third one fails."""
    seen = []

    @schedule("0 6 * * *", job=tea, execution_timezone="Europe/Berlin")
    def morning(context):
        seen.append(f"{context.scheduled_execution_time:%m-%d %H:%M}")
        return RunRequest(run_config=config_with({"03-10": 1, "03-11": 2}[seen[-1][:5]]))

    (finding,) = findings_of("schedule morning", Definitions(schedules=[morning]))
    assert seen == ["03-10 06:00", "03-11 06:00", "03-12 06:00"]
    assert finding.fact == "schedule 'morning' cannot evaluate its tick at 2024-03-12 06:00 CET"
    assert finding.detail == "KeyError: '03-12'"


def test_the_requests_of_a_schedule_fit_the_job():
    """Config that is wrong or incomplete is a failure of the schedule."""

    @schedule("@daily", job=tea)
    def wrong(context):
        return RunRequest(run_config=RunConfig())

    @schedule("@daily", job=tea)
    def right(context):
        return RunRequest(run_config=config_with(1))

    project = Definitions(schedules=[wrong, right])

    (finding,) = findings_of("schedule wrong", project)
    assert finding.fact == (
        "schedule 'wrong' requests job 'tea' with invalid config in its tick at 2024-03-10 00:00 UTC"
    )
    assert findings_of("schedule right", project) == []


def test_a_schedule_of_partitions_requests_partitions_that_exist():
    """The clock of the tick is the time of the tick."""

    @asset(partitions_def=DailyPartitionsDefinition("2024-01-01"))
    def cups():
        return 1

    daily = define_asset_job("daily", [cups])
    project = Definitions([cups], jobs=[daily], schedules=[build_schedule_from_partitioned_job(daily)])

    assert findings_of("schedule daily_schedule", project) == []


def test_a_function_that_needs_a_resource_is_not_called():
    """A plain value is given to it; a resource that would be started is not."""

    @sensor(job=tea)
    def started(kettle: Kettle):
        raise AssertionError("called")

    @sensor(job=tea)
    def valued(limit: ResourceParam[int]):
        return RunRequest(run_config=config_with(limit))

    @schedule("@daily", job=tea, required_resource_keys={"lost"})
    def lacking(context):
        raise AssertionError("called")

    project = Definitions(
        schedules=[lacking], sensors=[started, valued], resources={"kettle": Kettle(), "limit": 5}
    )

    (finding,) = findings_of("sensor started", project)
    assert not finding.is_failure
    assert "it uses resource 'kettle', which would be started" in finding.fact
    assert findings_of("sensor valued", project) == []
    assert findings_of("schedule lacking", project)[0].fact == (
        "schedule 'lacking' requires resource 'lost', which the project does not have"
    )


def test_one_tick_of_each_kind_of_sensor():
    """The instance of the tick is empty, so that sensors of events skip."""

    @asset
    def cups():
        return 1

    @sensor(job=tea)
    def skipping(context):
        assert context.instance.is_ephemeral
        return SkipReason("nothing new")

    @asset_sensor(AssetKey("cups"), job=tea)
    def of_asset(context, event):
        raise AssertionError("called")

    @run_failure_sensor
    def of_failures(context):
        raise AssertionError("called")

    @sensor(job=tea)
    def broken(context):
        return 1 / 0

    project = Definitions([cups], sensors=[skipping, of_asset, of_failures, broken])

    facts = {
        name: [finding.fact for finding in findings_of(f"sensor {name}", project)]
        for name in ("skipping", "of_asset", "of_failures", "broken")
    }
    assert facts.pop("broken") == ["sensor 'broken' cannot evaluate a tick"]
    assert facts == {"skipping": [], "of_asset": [], "of_failures": []}


@pytest.mark.parametrize("name", ["job tea", "schedule lost", "sensor idle"])
def test_nothing_is_evaluated_if_the_definitions_do_not_load(name: str):
    """The failure of the definitions is shown once; the others name it."""

    @schedule("@daily", job_name="nowhere")
    def lost(context):
        raise AssertionError("called")

    @sensor(job=tea)
    def idle(context):
        raise AssertionError("called")

    @job(name="tea")
    def other():
        pass

    project = Definitions(jobs=[tea, other], schedules=[lost], sensors=[idle])

    (finding,) = findings_of(name, project)
    assert not finding.is_failure
    assert "do not load as a whole" in finding.fact


def test_a_schedule_of_an_unknown_job():
    """The schedule names the similar job, and is not evaluated; so do the definitions as a whole."""

    @schedule("@daily", job_name="te")
    def lost(context):
        raise AssertionError("called")

    project = Definitions(jobs=[tea], schedules=[lost])

    assert 'targets job "te" which was not found' in smoke_tests(project, now=NOW)[0].run()[0].detail
    (finding,) = findings_of("schedule lost", project)
    assert finding.fact == "schedule 'lost' has no job"
    assert "Did you mean 'tea'?" in finding.detail


def test_the_requests_of_a_schedule_name_jobs_and_assets_that_exist():
    """A tick does not check them, so the test does; a job of the project may be another one."""

    @asset
    def cups():
        return 1

    counting = define_asset_job("counting", [cups])

    @schedule("@daily", job=counting)
    def of_job(context):
        return RunRequest(job_name="counts")

    @schedule("@daily", job=tea)
    def of_other_job(context):
        return RunRequest(job_name="counting", asset_selection=[AssetKey("cups")])

    @schedule("@daily", target=[cups])
    def of_asset(context):
        return RunRequest(asset_selection=[AssetKey("cup")])

    project = Definitions([cups], jobs=[counting], schedules=[of_job, of_other_job, of_asset])

    (job_finding,) = findings_of("schedule of_job", project)
    (asset_finding,) = findings_of("schedule of_asset", project)
    at = "in its tick at 2024-03-10 00:00 UTC"
    assert job_finding.fact == (
        f"schedule 'of_job' requests job 'counts' {at}, which the project does not have. "
        "Did you mean 'counting'?"
    )
    assert asset_finding.fact == (
        f"schedule 'of_asset' requests asset 'cup' {at}, which is not in its target. Did you mean 'cups'?"
    )
    assert findings_of("schedule of_other_job", project) == []


def test_a_sensor_waits_for_assets_and_jobs_that_exist():
    """An unknown asset or job would never have an event, so that the sensor would never request a run."""

    @asset
    def cups():
        return 1

    @asset_sensor(AssetKey("cup"))
    def of_asset(context, event):
        raise AssertionError("called")

    @multi_asset_sensor([AssetKey("cup")])
    def of_assets(context):
        raise AssertionError("called")

    @run_failure_sensor(monitored_jobs=[tea])
    def of_tea(context):
        raise AssertionError("called")

    @sensor(asset_selection="cup")
    def of_selection(context):
        raise AssertionError("called")

    names = ("of_asset", "of_assets", "of_tea", "of_selection")
    project = Definitions([cups], sensors=[of_asset, of_tea, of_assets, of_selection])

    facts = {name: findings_of(f"sensor {name}", project)[0].fact for name in names}
    assert facts.pop("of_tea") == "sensor 'of_tea' waits for job 'tea', which the project does not have."
    assert facts == {
        name: f"sensor '{name}' is about an asset that the project does not have" for name in facts
    }


def test_sensors_of_automation_conditions():
    """A sensor that a deployment evaluates has no tick here; the error of another one names the asset."""

    @asset(automation_condition=AutomationCondition.asset_matches("cup", AutomationCondition.missing()))
    def cups():
        return 1

    deployed = AutomationConditionSensorDefinition("deployed", target=[cups])
    own = AutomationConditionSensorDefinition("own", target="*", use_user_code_server=True)

    assert findings_of("sensor deployed", Definitions([cups], sensors=[deployed])) == []
    (finding,) = findings_of("sensor own", Definitions([cups], sensors=[own]))
    assert finding.detail.startswith("Error while evaluating conditions for cups: an automation condition is")


def test_a_function_without_code_has_no_place():
    """The test of a sensor whose function is a callable object, or one of dagflow, has no file and line."""
    built_in = SensorDefinition("built_in", evaluation_fn=len, job=tea)
    of_conditions = AutomationConditionSensorDefinition("of_conditions", target="*")

    tests = smoke_tests(Definitions(sensors=[built_in, of_conditions]), now=NOW)
    assert [test.place for test in tests if test.kind == "sensor"] == ["", ""]


def test_a_schedule_without_a_function_has_no_place():
    """The schedule that a builder makes of a job has no line in the code of the project."""

    @asset(partitions_def=DAYS)
    def sales():
        return 1

    load = define_asset_job("load", selection=[sales], partitions_def=DAYS)
    project = Definitions([sales], schedules=[build_schedule_from_partitioned_job(load)])

    (test,) = [test for test in smoke_tests(project, now=NOW) if test.kind == "schedule"]
    assert test.place == ""
