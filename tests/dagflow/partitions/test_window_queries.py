"""Tests of `dagflow.partitions.window_queries`."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import pytest

from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowUnknownPartitionError,
    ParameterCheckError,
)
from dagflow.partitions.cadence import ScheduleType
from dagflow.partitions.calendar import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from dagflow.partitions.keys import PartitionKeyRange, TimeWindow
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
WORKDAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01", exclusions=["0 0 * * 0,6"])
WEEKS = WeeklyPartitionsDefinition("2024-01-01", hour_offset=3, day_offset=2)
MONTHS = MonthlyPartitionsDefinition("2024-01-01", hour_offset=3, day_offset=5)
HOURS = HourlyPartitionsDefinition("2024-01-01-00:00", minute_offset=15)
BY_CRON = TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", cron_schedule="0 0 * * 1-5")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def _window(start: str, end: str) -> TimeWindow:
    return TimeWindow(_utc(start), _utc(end))


@pytest.mark.parametrize(
    ("definition", "key", "start"),
    [
        (WEEKS, "2024-01-05", "2024-01-09T03:00"),
        (MONTHS, "2024-01-03", "2024-01-05T03:00"),
        (MONTHS, "2024-02-05", "2024-02-05T03:00"),
        (WORKDAYS, "2024-01-06", "2024-01-08"),
        (HOURS, "2024-01-01-00:05", "2024-01-01T00:15"),
        (DAYS, "2030-01-01", "2030-01-01"),
    ],
)
def test_a_date_between_two_windows_stands_for_the_next_window(
    definition: TimeWindowPartitionsDefinition, key: str, start: str
) -> None:
    """A string that is no key, in the format of keys, has the window that starts next."""
    assert definition.time_window_for_partition_key(key).start == _utc(start)
    assert definition.start_time_for_partition_key(key) == _utc(start)


def test_windows_of_several_keys() -> None:
    """Windows are in order of time; keys that do not exist are left out unless they are not validated."""
    third, first = _window("2024-01-03", "2024-01-04"), _window("2024-01-01", "2024-01-02")

    assert DAYS.time_windows_for_partition_keys(frozenset(["2024-01-03", "2024-01-01", "x"])) == [
        first,
        third,
    ]
    beyond = DAYS.time_windows_for_partition_keys(frozenset(["2030-01-01", "2024-01-03"]), validate=False)
    assert [window.start.year for window in beyond] == [2024, 2030]
    with pytest.raises(DagflowUnknownPartitionError, match="'x' is not a partition key"):
        DAYS.time_windows_for_partition_keys(frozenset(["x"]), validate=False)
    assert DAYS.end_time_for_partition_key("2024-01-03") == third.end


def test_the_order_of_keys() -> None:
    """A key is less than another if its window starts earlier."""
    assert DAYS.less_than("2024-01-01", "2024-01-02")
    assert not DAYS.less_than("2024-01-02", "2024-01-02")
    with pytest.raises(ValueError, match="'x'"):
        DAYS.less_than("2030-01-02", "x")


def test_keys_of_dates() -> None:
    """A date, a datetime and a string give the same key, which must exist."""
    for given in ("2024-01-05", date(2024, 1, 5), datetime(2024, 1, 5, 7), _utc("2024-01-05T07:00")):
        assert DAYS.get_partition_key(given) == "2024-01-05"
    with pytest.raises(DagflowUnknownPartitionError, match="'2030-01-01'"):
        DAYS.get_partition_key(date(2030, 1, 1))
    with pytest.raises(ParameterCheckError, match="must be a string, a date or a datetime, not 5"):
        DAYS.get_partition_key(5)  # type: ignore[arg-type]


def test_the_end_of_a_window_can_belong_to_it() -> None:
    """A moment between two windows belongs to the later one, or to the earlier one on request."""
    assert DAYS.get_partition_key_for_timestamp(_utc("2024-01-05")) == "2024-01-05"
    assert DAYS.get_partition_key_for_timestamp(_utc("2024-01-05"), end_closed=True) == "2024-01-04"
    assert DAYS.get_partition_key_for_timestamp(_utc("2024-01-05T01:00"), end_closed=True) == "2024-01-05"


@pytest.mark.parametrize(
    ("start", "end", "keys"),
    [
        ("2024-01-06", "2024-01-08", []),
        ("2024-01-05T12:00", "2024-01-08T13:00", ["2024-01-08"]),
        ("2024-01-05", "2024-01-05", []),
        ("2024-01-05", "2024-01-04", []),
        ("2023-01-01", "2023-01-03", ["2023-01-02"]),
        ("2024-01-31", "2024-02-03", ["2024-01-31", "2024-02-01", "2024-02-02"]),
    ],
)
def test_the_windows_in_a_time(start: str, end: str, keys: list[str]) -> None:
    """Windows count by their start, without those that exclusions leave out, and without bounds."""
    window = _window(start, end)

    assert WORKDAYS.get_partition_keys_in_time_window(window) == keys
    assert WORKDAYS.get_partition_subset_in_time_window(window).get_partition_keys() == keys
    assert WORKDAYS.get_num_partitions_in_window(window) == len(keys)
    assert WORKDAYS.has_any_partitions_in_window(window) is bool(keys)


def test_the_range_of_a_time() -> None:
    """A range goes from the window around the start to the last window that ends in the time."""
    assert DAYS.get_partition_key_range_for_time_window(_window("2024-01-05", "2024-01-08")) == (
        PartitionKeyRange("2024-01-05", "2024-01-07")
    )
    early = _window("2023-01-01", "2023-01-03")
    with pytest.raises(CheckError, match=r"no window of .* ends at or before 2023-01-03"):
        DAYS.get_partition_key_range_for_time_window(early)
    assert DAYS.get_partition_key_range_for_time_window(early, respect_bounds=False) == (
        PartitionKeyRange("2023-01-01", "2023-01-02")
    )


def test_keys_by_position() -> None:
    """Positions count the existing keys, without the second position."""
    assert WORKDAYS.get_partition_keys_between_indexes(4, 6) == ["2024-01-05", "2024-01-08"]
    assert WORKDAYS.get_partition_keys_between_indexes(3, 1) == []
    assert WORKDAYS.get_partition_keys_between_indexes(22, 99) == ["2024-01-31"]
    with pytest.raises(CheckError, match="start at 0, not at -1"):
        WORKDAYS.get_partition_keys_between_indexes(-1, 2)


def test_exclusions_and_the_last_window() -> None:
    """The start of a window that is left out is known, and the last window can include such windows."""
    weekend = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-08", exclusions=["0 0 * * 0,6"])

    assert weekend.is_window_start_excluded(_utc("2024-01-06"))
    assert not weekend.is_window_start_excluded(_utc("2024-01-06T05:00"))
    assert not DAYS.is_window_start_excluded(_utc("2024-01-06"))
    assert weekend.get_last_partition_window() == _window("2024-01-05", "2024-01-06")
    assert weekend.get_last_partition_window_ignoring_exclusions() == _window("2024-01-07", "2024-01-08")


def test_an_end_before_the_start() -> None:
    """Such a definition has no windows."""
    empty = DailyPartitionsDefinition("2024-01-05", end_date="2024-01-01")

    assert (empty.get_partition_keys(), empty.get_num_partitions()) == ([], 0)
    assert empty.get_first_partition_window() is None
    assert empty.get_last_partition_window() is None
    assert empty.get_last_partition_window_ignoring_exclusions() is None


def test_definitions_that_differ_in_their_bounds() -> None:
    """Start and end do not count; zone, offset and other classes do."""
    assert DAYS.equal_except_for_start_or_end(DailyPartitionsDefinition("2020-01-01"))
    assert not DAYS.equal_except_for_start_or_end(WORKDAYS)
    assert not DAYS.equal_except_for_start_or_end(DailyPartitionsDefinition("2024-01-01", end_offset=1))
    assert not DAYS.equal_except_for_start_or_end(StaticPartitionsDefinition(["a"]))


@pytest.mark.parametrize(
    ("definition", "given", "expected"),
    [
        (DAYS, {}, "0 0 * * *"),
        (DAYS, {"minute_of_hour": 5, "hour_of_day": 7}, "5 7 * * *"),
        (WEEKS, {}, "0 3 * * 2"),
        (WEEKS, {"hour_of_day": 7}, "0 7 * * 2"),
        (WEEKS, {"day_of_week": 0}, "0 3 * * 0"),
        (MONTHS, {"day_of_month": 4}, "0 3 4 * *"),
        (HOURS, {}, "15 * * * *"),
        (HOURS, {"minute_of_hour": 0}, "0 * * * *"),
        (BY_CRON, {}, "0 0 * * 1-5"),
    ],
)
def test_cron_schedules(
    definition: TimeWindowPartitionsDefinition, given: dict[str, Any], expected: str
) -> None:
    """A cron schedule has a time in each window: its start, or the given time."""
    assert definition.get_cron_schedule(**given) == expected


@pytest.mark.parametrize(
    ("definition", "given", "error", "message"),
    [
        (DAYS, {"day_of_week": 3}, CheckError, "has daily windows, so day_of_week does not apply"),
        (HOURS, {"hour_of_day": 3}, CheckError, "hourly windows, so hour_of_day"),
        (WEEKS, {"day_of_month": 3}, CheckError, "weekly windows, so day_of_month"),
        (MONTHS, {"day_of_week": 3}, CheckError, "monthly windows, so day_of_week"),
        (BY_CRON, {"hour_of_day": 3}, CheckError, "'0 0 \\* \\* 1-5' of .* does not support minute_of_hour"),
        (DAYS, {"minute_of_hour": 70}, DagflowInvalidDefinitionError, "70, and must be from 0 to 59"),
    ],
)
def test_times_that_do_not_fit(
    definition: TimeWindowPartitionsDefinition, given: dict[str, Any], error: type[Exception], message: str
) -> None:
    """A part of a time must be possible, and vary between the windows."""
    with pytest.raises(error, match=message):
        definition.get_cron_schedule(**given)


def test_basic_schedules() -> None:
    """Only windows that start at midnight, or at minute 0 of each hour, are basic."""
    midnight = TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", schedule_type=ScheduleType.DAILY)

    assert (midnight.is_basic_daily, midnight.is_basic_hourly) == (True, False)
    assert not WEEKS.is_basic_daily
    assert not HOURS.is_basic_hourly
    assert HourlyPartitionsDefinition("2024-01-01-00:00").is_basic_hourly
