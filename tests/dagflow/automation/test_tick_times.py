"""Tests of `tick_times`: the times of the ticks of a schedule."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from dagflow import CheckError, ParameterCheckError, ScheduleDefinition
from dagflow.testing import tick_times


def schedule_at(*expressions: str, zone: str | None = None) -> ScheduleDefinition:
    """Return a schedule with these cron expressions."""
    cron = expressions[0] if len(expressions) == 1 else list(expressions)
    return ScheduleDefinition("brew_daily", cron_schedule=cron, job_name="brew", execution_timezone=zone)


def test_the_times_follow_the_clock_of_the_zone():
    """A time that a change of the clock leaves out counts at the end of the jump."""
    times = tick_times(schedule_at("30 2 * * *", zone="Europe/Berlin"), datetime(2024, 3, 30, 3), 2)

    assert [f"{time:%d %H:%M %Z}" for time in times] == ["31 03:00 CEST", "01 02:30 CEST"]


def test_named_hours_are_not_repeated():
    """Every second hour names its hours: a skipped one counts at the end of the jump, a repeated one once."""
    schedule = schedule_at("30 */2 * * *", zone="Europe/Berlin")

    spring = tick_times(schedule, datetime(2024, 3, 31, 1), 2)
    autumn = tick_times(schedule, datetime(2024, 10, 27, 1), 2)

    assert [f"{time:%H:%M %Z}" for time in spring] == ["03:00 CEST", "04:30 CEST"]
    assert [f"{time:%H:%M %Z}" for time in autumn] == ["02:30 CET", "04:30 CET"]


def test_a_moment_that_is_a_tick_is_not_after_itself():
    """The times are later than the given moment, also in seconds since the epoch."""
    start = datetime(2024, 1, 5, 6, tzinfo=timezone.utc)

    (time,) = tick_times(schedule_at("0 6 * * *"), start.timestamp(), 1)

    assert time == datetime(2024, 1, 6, 6, tzinfo=timezone.utc)


def test_several_expressions_are_merged_without_duplicates():
    """A time of two expressions is one tick."""
    times = tick_times(schedule_at("0 6 * * *", "0 */6 * * *"), datetime(2024, 1, 5), 3)

    assert [time.hour for time in times] == [6, 12, 18]


def test_invalid_arguments_are_refused():
    """The error names the argument."""
    with pytest.raises(ParameterCheckError, match="schedule"):
        tick_times("@daily", datetime(2024, 1, 5), 1)  # type: ignore[arg-type]
    with pytest.raises(CheckError, match="count"):
        tick_times(schedule_at("@daily"), 0.0, -1)
