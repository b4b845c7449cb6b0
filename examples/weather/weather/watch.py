"""The watch: a check of the observations, a schedule and a sensor of the job, and a hook for failures."""

from __future__ import annotations

from datetime import timedelta

from dagflow import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    HookContext,
    RunRequest,
    ScheduleEvaluationContext,
    SensorEvaluationContext,
    SensorResult,
    asset_check,
    failure_hook,
    schedule,
    sensor,
)

from weather.assets import clean_observations
from weather.storm import station_watch, watch_config
from weather.units import Observation


@asset_check(asset=clean_observations, required_resource_keys={"archive"})
def plausible(context: AssetCheckExecutionContext, clean_observations: Observation) -> AssetCheckResult:
    """Check that an observation has the rain of the archive, and no more than a cloudburst."""
    published = context.resources.archive.lookup(clean_observations.day.isoformat())
    same = clean_observations.rain_mm == float(published["precipitation"])
    return AssetCheckResult(passed=same and clean_observations.rain_mm < 500)


@schedule(cron_schedule="0 6 * * *", job=station_watch)
def every_morning(context: ScheduleEvaluationContext) -> RunRequest:
    """Ask the station each morning for the weather of the day before."""
    day = (context.scheduled_execution_time - timedelta(days=1)).date().isoformat()
    return RunRequest(run_key=day, run_config=watch_config(day))


@sensor(job=station_watch, required_resource_keys={"archive"})
def new_alerts(context: SensorEvaluationContext) -> SensorResult:
    """Ask the station again for the stormy days of the archive after the day of the cursor."""
    days = [day for day in context.resources.archive.stormy_days() if day > (context.cursor or "")]
    requests = [RunRequest(run_key=day, run_config=watch_config(day)) for day in days]
    return SensorResult(run_requests=requests, cursor=max(days, default=context.cursor))


@failure_hook(required_resource_keys={"pager"})
def call_the_desk(context: HookContext) -> None:
    """Send the error of a failed op to the pager of the storm desk."""
    context.resources.pager.append(f"{context.op.name}: {context.op_exception}")
