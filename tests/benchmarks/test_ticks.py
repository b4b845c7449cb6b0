"""Benchmarks of simulated ticks: a year of an hourly schedule, ticks with their runs, a day of a sensor."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from dagflow import RunRequest, ScheduleDefinition, job, op, sensor
from dagflow.testing import simulate_ticks

if TYPE_CHECKING:
    from collections.abc import Callable


@op
def heat() -> None:
    """Do nothing."""


@job
def brew() -> None:
    """Run one op."""
    heat()


@sensor(job=brew, minimum_interval_seconds=30)
def files(context: Any) -> RunRequest | None:
    """Request one run."""
    return RunRequest() if context.last_tick_completion_time is None else None


HOURLY = ScheduleDefinition("hourly", cron_schedule="@hourly", job=brew, execution_timezone="Europe/Berlin")


def test_year_of_an_hourly_schedule(measure: Callable[..., Any]) -> None:
    """Measure 8,784 ticks without their runs."""
    run = partial(simulate_ticks, HOURLY, 366, "2024-01-01", execute=False)

    assert len(measure("schedule_year", "dagflow", run, rounds=3)) == 8784


def test_a_tick_with_its_run(measure: Callable[..., Any]) -> None:
    """Measure a tick and the run of one op."""
    measure("schedule_run", "dagflow", partial(simulate_ticks, HOURLY, 20, "2024-01-01"), per=480)


def test_day_of_a_sensor(measure: Callable[..., Any]) -> None:
    """Measure a tick of a sensor that is skipped."""
    measure("sensor_tick", "dagflow", partial(simulate_ticks, files, 1, "2024-01-01"), per=2880)
