"""Tests of schedules of partitions."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from dagflow import (
    CheckError,
    DagflowInstance,
    DagflowInvalidDefinitionError,
    DailyPartitionsDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    ParameterCheckError,
    PartitionsDefinition,
    ScheduleDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
    asset,
    build_schedule_context,
    build_schedule_from_partitioned_job,
    define_asset_job,
    job,
    op,
)

DAYS = DailyPartitionsDefinition("2024-01-01")
CUPS = StaticPartitionsDefinition(["small", "large"])
SHOPS = DynamicPartitionsDefinition(name="shops")


@op
def sip():
    return 1


def job_of(partitions_def: PartitionsDefinition | None) -> Any:
    @job(name="count", partitions_def=partitions_def)
    def count():
        sip()

    return count


def keys(made: Any, moment: datetime, **arguments: Any) -> Any:
    """Return the keys that a tick requests, or the reason of a skip."""
    found = made.evaluate_tick(build_schedule_context(scheduled_execution_time=moment, **arguments))
    return [request.partition_key for request in found.run_requests] or found.skip_message


@pytest.mark.parametrize(
    ("partitions_def", "arguments", "cron"),
    [
        (DAYS, {}, "0 0 * * *"),
        (DailyPartitionsDefinition("2024-01-01", minute_offset=15, hour_offset=2), {}, "15 2 * * *"),
        (DAYS, {"hour_of_day": 9, "minute_of_hour": 30}, "30 9 * * *"),
        (DAYS, {"minute_of_hour": 0}, "0 0 * * *"),
        (HourlyPartitionsDefinition("2024-01-01-00:00", minute_offset=20), {}, "20 * * * *"),
        (HourlyPartitionsDefinition("2024-01-01-00:00"), {"minute_of_hour": 30}, "30 * * * *"),
        (WeeklyPartitionsDefinition("2024-01-01", day_offset=2), {}, "0 0 * * 2"),
        (WeeklyPartitionsDefinition("2024-01-01"), {"day_of_week": 3}, "0 0 * * 3"),
        (MonthlyPartitionsDefinition("2024-01-01"), {"day_of_month": 9}, "0 0 9 * *"),
        (
            TimeWindowPartitionsDefinition(start="2024-01-01", fmt="%Y-%m-%d", cron_schedule="0 0 * * 1-5"),
            {},
            "0 0 * * 1-5",
        ),
        (MultiPartitionsDefinition({"day": DAYS, "cup": CUPS}), {"hour_of_day": 3}, "0 3 * * *"),
        (CUPS, {"cron_schedule": "@daily"}, "@daily"),
    ],
)
def test_the_times(partitions_def: Any, arguments: Any, cron: str) -> None:
    """The times are those of the windows, unless a number or a cron schedule is given."""
    assert build_schedule_from_partitioned_job(job_of(partitions_def), **arguments).cron_schedule == cron


@pytest.mark.parametrize(
    ("partitions_def", "arguments", "error", "message"),
    [
        (None, {}, CheckError, "The provided job is not partitioned"),
        (DAYS, {"cron_schedule": "@daily"}, CheckError, "for a time-partitioned job"),
        (DAYS, {"execution_timezone": "UTC"}, CheckError, "for a time-partitioned job"),
        (DAYS, {"day_of_week": 1}, CheckError, "Cannot set day of week parameter with daily partitions"),
        (WeeklyPartitionsDefinition("2024-01-01"), {"day_of_month": 1}, CheckError, "day of month"),
        (MonthlyPartitionsDefinition("2024-01-01"), {"day_of_week": 1}, CheckError, "day of week"),
        (HourlyPartitionsDefinition("2024-01-01-00:00"), {"hour_of_day": 1}, CheckError, "hour of day"),
        (DAYS, {"hour_of_day": 25}, DagflowInvalidDefinitionError, "Found invalid cron schedule"),
        (DAYS, {"hour_of_day": -1}, DagflowInvalidDefinitionError, "-1, which no time has"),
        (DAYS, {"hour_of_day": "3"}, ParameterCheckError, "hour_of_day"),
        (DAYS, {"day_of_month": 1, "day_of_week": 1}, CheckError, "both day_of_month and day_of_week"),
        (CUPS, {}, CheckError, "requires a cron schedule"),
        (CUPS, {"cron_schedule": "@daily", "hour_of_day": 3}, CheckError, "Cannot provide both"),
        (SHOPS, {}, DagflowInvalidDefinitionError, "invalid partitions definition"),
        (
            MultiPartitionsDefinition({"a": CUPS, "b": CUPS}),
            {"cron_schedule": "@daily"},
            DagflowInvalidDefinitionError,
            "invalid partitions definition",
        ),
        (DAYS, {"tags": {"dagflow/partition": "x"}}, DagflowInvalidDefinitionError, "reserved system prefix"),
    ],
)
def test_arguments_that_are_refused(
    partitions_def: Any, arguments: Any, error: type[Exception], message: str
) -> None:
    """An argument that does not fit the partitions is refused."""
    with pytest.raises(error, match=message):
        build_schedule_from_partitioned_job(job_of(partitions_def), **arguments)


def test_a_request() -> None:
    """The request names the job and the partition, and has the tags of the schedule."""
    made = build_schedule_from_partitioned_job(job_of(DAYS), tags={"cup": "large"})
    moment = datetime(2024, 1, 3)

    request = made.evaluate_tick(build_schedule_context(scheduled_execution_time=moment)).run_requests[0]

    assert (made.name, made.execution_timezone, made.tags) == ("count_schedule", "UTC", {})
    assert (request.run_key, request.job_name) == ("2024-01-02", "count")
    assert request.tags == {
        "cup": "large",
        "dagflow/partition": "2024-01-02",
        "dagflow/partition_set": "count_partition_set",
        "dagflow/schedule_name": "count_schedule",
    }
    assert made(build_schedule_context(scheduled_execution_time=moment)).partition_key == "2024-01-02"


def test_the_last_window() -> None:
    """A tick requests the last window that is complete; before the first one it is skipped."""
    made = build_schedule_from_partitioned_job(job_of(DAYS), hour_of_day=5)

    assert keys(made, datetime(2024, 1, 3, 5)) == ["2024-01-02"]
    assert keys(made, datetime(2024, 1, 1)) == "The job's PartitionsDefinition has no partitions"


@pytest.mark.parametrize(("offset", "key"), [(1, "2024-01-05"), (-1, "2024-01-03")])
def test_an_end_offset(offset: int, key: str) -> None:
    """An end offset moves the requested window."""
    days = DailyPartitionsDefinition("2024-01-01", end_offset=offset)

    assert keys(build_schedule_from_partitioned_job(job_of(days)), datetime(2024, 1, 5)) == [key]


def test_time_zones() -> None:
    """A naive time is a time of the partitions' zone."""
    days = DailyPartitionsDefinition("2024-01-01", timezone="America/New_York")
    made = build_schedule_from_partitioned_job(job_of(days))

    assert made.execution_timezone == "America/New_York"
    assert keys(made, datetime(2024, 1, 5)) == ["2024-01-04"]
    assert keys(made, datetime(2024, 1, 5, 4, tzinfo=timezone.utc)) == ["2024-01-03"]


def test_excluded_windows() -> None:
    """A tick is skipped if the window that just ended is left out."""
    days = DailyPartitionsDefinition("2024-01-01", exclusions=["0 0 * * 0", "0 0 * * 6"])
    made = build_schedule_from_partitioned_job(job_of(days))

    assert keys(made, datetime(2024, 1, 6)) == ["2024-01-05"]  # a Saturday
    assert keys(made, datetime(2024, 1, 7)) == "should_execute function for count_schedule returned false."
    assert keys(made, datetime(2024, 1, 8)) == "should_execute function for count_schedule returned false."
    assert keys(made, datetime(2024, 1, 9)) == ["2024-01-08"]
    assert keys(made, datetime(2024, 1, 1)) == "The job's PartitionsDefinition has no partitions"


@pytest.mark.parametrize(
    ("end", "found"),
    [
        ("2024-01-06", ["2024-01-05"]),
        ("2024-01-07", "should_execute function for count_schedule returned false."),
    ],
)
def test_excluded_windows_before_the_end(end: str, found: Any) -> None:
    """Each tick after the end requests the last window, and none if that window is left out."""
    days = DailyPartitionsDefinition("2024-01-01", end_date=end, exclusions=["0 0 * * 0", "0 0 * * 6"])
    made = build_schedule_from_partitioned_job(job_of(days))

    assert [keys(made, datetime(2024, 1, day)) for day in range(8, 16)] == [found] * 8


def test_static_keys() -> None:
    """A tick requests all static keys."""
    made = build_schedule_from_partitioned_job(job_of(CUPS), cron_schedule="@daily")

    assert keys(made, datetime(2024, 1, 5)) == ["small", "large"]


def test_two_dimensions() -> None:
    """A tick requests the last window with each key of the other dimension, also a dynamic one."""
    fixed = build_schedule_from_partitioned_job(job_of(MultiPartitionsDefinition({"day": DAYS, "cup": CUPS})))
    instance = DagflowInstance.ephemeral()
    instance.add_dynamic_partitions("shops", ["corner"])
    dynamic = build_schedule_from_partitioned_job(
        job_of(MultiPartitionsDefinition({"d": DAYS, "shop": SHOPS}))
    )

    assert keys(fixed, datetime(2024, 1, 3)) == ["small|2024-01-02", "large|2024-01-02"]
    assert keys(dynamic, datetime(2024, 1, 3), instance=instance) == ["2024-01-02|corner"]


def test_an_asset_job() -> None:
    """The Definitions resolve the schedule of an asset job without a partitions definition."""

    @asset(partitions_def=DAYS)
    def beans():
        return 1

    made = build_schedule_from_partitioned_job(define_asset_job("count", [beans]), hour_of_day=2)
    project = Definitions([beans], schedules=[made])

    with pytest.raises(
        AttributeError, match=r"Use defs\.get_schedule_def\('count_schedule'\)\.cron_schedule"
    ):
        _ = made.cron_schedule
    found = project.get_schedule_def("count_schedule")
    assert isinstance(found, ScheduleDefinition)
    assert (found.cron_schedule, keys(found, datetime(2024, 1, 3, 2))) == ("0 2 * * *", ["2024-01-02"])
    assert project.get_repository_def().schedule_defs[0].cron_schedule == "0 2 * * *"
    known = define_asset_job("count", [beans], partitions_def=DAYS)
    assert isinstance(build_schedule_from_partitioned_job(known), ScheduleDefinition)


def test_an_asset_job_of_static_keys() -> None:
    """An asset job of static keys takes a cron schedule; one without partitions is refused when it is "
    "resolved."""

    @asset(partitions_def=CUPS)
    def beans():
        return 1

    @asset
    def water():
        return 1

    made = build_schedule_from_partitioned_job(define_asset_job("count", [beans]), cron_schedule="@daily")
    plain = build_schedule_from_partitioned_job(define_asset_job("boil", [water]))
    found = Definitions([beans], schedules=[made]).get_schedule_def("count_schedule")

    assert keys(found, datetime(2024, 1, 3)) == ["small", "large"]
    with pytest.raises(CheckError, match="not partitioned"):
        Definitions([water], schedules=[plain]).get_repository_def()
