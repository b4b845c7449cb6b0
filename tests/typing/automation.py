"""Code of a user that must type-check: schedules and sensors, their ticks and their contexts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import assert_type

from dagflow import (
    AssetKey,
    AssetSensorDefinition,
    DagflowEvent,
    DagflowInstance,
    DagflowRun,
    DagflowRunStatus,
    Definitions,
    MultiAssetSensorDefinition,
    MultiAssetSensorEvaluationContext,
    RunFailureSensorContext,
    RunRequest,
    RunStatusSensorContext,
    RunStatusSensorDefinition,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    asset_sensor,
    build_schedule_context,
    build_sensor_context,
    job,
    multi_asset_sensor,
    run_failure_sensor,
    run_status_sensor,
    schedule,
    sensor,
)


@job
def brew() -> None: ...


@schedule("@daily", job=brew)
def daily(context: ScheduleEvaluationContext) -> RunRequest:
    assert_type(context.scheduled_execution_time, datetime)
    assert_type(context.instance, DagflowInstance)
    return RunRequest()


@sensor(job=brew)
def files(context: SensorEvaluationContext) -> SensorResult | SkipReason:
    assert_type(context.cursor, str | None)
    return SensorResult([RunRequest()])


@asset_sensor(AssetKey("beans"), job=brew)
def after_beans() -> RunRequest:
    return RunRequest()


@multi_asset_sensor([AssetKey("beans")], job=brew)
def after_both(context: MultiAssetSensorEvaluationContext) -> None:
    assert_type(context.asset_keys, list[AssetKey])


@run_status_sensor(DagflowRunStatus.SUCCESS)
def done(context: RunStatusSensorContext) -> None:
    assert_type(context.dagflow_run, DagflowRun)


@run_failure_sensor
def failed(context: RunFailureSensorContext) -> None:
    assert_type(context.get_step_failure_events(), Sequence[DagflowEvent])


assert_type(daily, ScheduleDefinition)
assert_type(files, SensorDefinition)
assert_type(after_beans, AssetSensorDefinition)
assert_type(after_both, MultiAssetSensorDefinition)
assert_type(done, RunStatusSensorDefinition)
assert_type(failed, RunStatusSensorDefinition)
assert_type(after_beans.with_updated_job(brew), AssetSensorDefinition)


def use() -> None:
    tick = daily.evaluate_tick(build_schedule_context())
    assert_type(tick.run_requests, Sequence[RunRequest])
    assert_type(tick.skip_message, str | None)
    assert_type(files.evaluate_tick(build_sensor_context()).cursor, str | None)
    project = Definitions(schedules=[daily], sensors=[files])
    assert_type(project.get_schedule_def("daily"), ScheduleDefinition)
    assert_type(project.get_repository_def().sensor_defs, list[SensorDefinition])
