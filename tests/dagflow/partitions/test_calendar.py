"""Partitions of hours, days, weeks and months."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from dagflow.partitions.calendar import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
)

NEW_YORK = "America/New_York"


def _utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]


def test_leap_day() -> None:
    """The 29th of February has a partition in leap years only."""
    days = DailyPartitionsDefinition("2023-01-01")

    assert days.has_partition_key("2024-02-29", _utc(2024, 6, 1))
    assert days.time_window_for_partition_key("2024-02-29").end == _utc(2024, 3, 1)
    assert not days.has_partition_key("2023-02-29", _utc(2024, 6, 1))


def test_days_of_clock_changes() -> None:
    """The windows of days with clock changes are an hour shorter or longer."""
    days = DailyPartitionsDefinition("2024-01-01", timezone=NEW_YORK)

    lengths = []
    for key in ("2024-03-09", "2024-03-10", "2024-11-03"):
        window = days.time_window_for_partition_key(key)
        lengths.append((window.end.timestamp() - window.start.timestamp()) / 3600)

    assert lengths == [24, 23, 25]


def test_hours_of_clock_changes() -> None:
    """An hour that the clock shows twice has two keys; an hour that it skips has no key."""
    autumn = HourlyPartitionsDefinition("2024-11-03-00:00", end_date="2024-11-03-03:00", timezone=NEW_YORK)
    spring = HourlyPartitionsDefinition("2024-03-10-00:00", end_date="2024-03-10-04:00", timezone=NEW_YORK)

    assert autumn.get_partition_keys() == [
        "2024-11-03-00:00",
        "2024-11-03-01:00",
        "2024-11-03-01:00-0500",
        "2024-11-03-02:00",
    ]
    assert autumn.time_window_for_partition_key("2024-11-03-01:00-0500").start.utcoffset() == timedelta(
        hours=-5
    )
    assert not autumn.has_partition_key("2024-11-03-01:00-0400")
    assert spring.get_partition_keys() == ["2024-03-10-00:00", "2024-03-10-01:00", "2024-03-10-03:00"]
    assert not spring.has_partition_key("2024-03-10-02:00")
