"""Excluded time windows: they have no key, and the windows around them are neighbours."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import (
    DagflowInvalidDefinitionError,
    DagflowUnknownPartitionError,
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    PartitionKeyRange,
    TimeWindow,
    TimeWindowPartitionMapping,
    WeeklyPartitionsDefinition,
    daily_partitioned_config,
)
from dagflow.errors import ElementCheckError, ParameterCheckError

SATURDAYS = "0 0 * * 6"
DAYS = DailyPartitionsDefinition(
    "2024-01-01", end_date="2024-01-10", exclusions=[datetime(2024, 1, 3), datetime(2024, 1, 5), SATURDAYS]
)


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2024, 1, number, hour, tzinfo=timezone.utc)


def keys(*days: int) -> list[str]:
    return [f"2024-01-{number:02}" for number in days]


def test_excluded_windows_have_no_key() -> None:
    """Windows excluded by a moment or a cron expression have no key; the other windows do not change."""
    assert DAYS.get_partition_keys() == keys(1, 2, 4, 7, 8, 9)
    assert DAYS.get_num_partitions() == 6
    assert not DAYS.has_partition_key("2024-01-03")
    assert DAYS.time_window_for_partition_key("2024-01-02") == TimeWindow(day(2), day(3))
    with pytest.raises(DagflowUnknownPartitionError, match=r"'2024-01-06'.*exclusions"):
        DAYS.validate_partition_key("2024-01-06")


def test_neighbours() -> None:
    """Steps skip excluded windows."""
    assert DAYS.get_next_partition_key("2024-01-02") == "2024-01-04"
    assert DAYS.get_prev_partition_key("2024-01-07") == "2024-01-04"
    assert DAYS.get_next_partition_window(day(3)) == TimeWindow(day(4), day(5))
    assert DAYS.get_prev_partition_window(day(7)) == TimeWindow(day(4), day(5))
    assert DAYS.get_partition_key_for_timestamp(day(6, 5)) == "2024-01-04"
    assert DAYS.get_partition_keys_in_range(PartitionKeyRange("2024-01-02", "2024-01-07")) == keys(2, 4, 7)
    assert DAYS.get_partition_keys_in_time_window(TimeWindow(day(3), day(8))) == keys(4, 7)


def test_the_first_and_the_last() -> None:
    """The first and the last window are not excluded."""
    ends = DailyPartitionsDefinition(
        "2024-01-01", end_date="2024-01-05", exclusions=[datetime(2024, 1, 1), datetime(2024, 1, 4)]
    )

    assert (ends.get_first_partition_key(), ends.get_last_partition_key()) == ("2024-01-02", "2024-01-03")
    assert ends.get_last_partition_window() == TimeWindow(day(3), day(4))


@pytest.mark.parametrize(
    ("offset", "left_out", "expected"), [(1, 5, (1, 2, 3, 4, 6)), (-1, 4, (1, 2)), (0, 4, (1, 2, 3))]
)
def test_an_offset_of_the_end_counts_remaining_windows(offset: int, left_out: int, expected: Any) -> None:
    """`end_offset` does not count excluded windows."""
    days = DailyPartitionsDefinition(
        "2024-01-01", end_offset=offset, exclusions=[datetime(2024, 1, left_out)]
    )

    assert days.get_partition_keys(day(5, 3)) == keys(*expected)


@pytest.mark.parametrize("exclusion", [datetime(2024, 1, 3, 5), "0 5 * * *"])
def test_an_exclusion_within_a_window_has_no_effect(exclusion: Any) -> None:
    """An exclusion within a window, not at its start, has no effect."""
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05", exclusions=[exclusion])

    assert days.get_partition_keys() == keys(1, 2, 3, 4)


def test_a_zone() -> None:
    """A datetime without zone and a cron expression are read in the zone of the definition."""
    days = DailyPartitionsDefinition(
        "2024-01-01",
        end_date="2024-01-09",
        timezone="Europe/Berlin",
        exclusions=[datetime(2024, 1, 3), day(3, 23), SATURDAYS],
    )

    assert days.get_partition_keys() == keys(1, 2, 5, 7, 8)


def test_all_definitions_of_time_take_exclusions() -> None:
    """All definitions of time and the decorators of partitioned config take exclusions."""
    hours = HourlyPartitionsDefinition(
        "2024-01-05-22:00", end_date="2024-01-08-02:00", exclusions=["* * * * 6,0"]
    )
    weeks = WeeklyPartitionsDefinition(
        "2024-01-01", end_date="2024-01-29", exclusions=[datetime(2024, 1, 14)]
    )
    months = MonthlyPartitionsDefinition("2024-01-01", end_date="2024-05-01", exclusions=["0 0 1 2 *"])
    config = daily_partitioned_config("2024-01-01", exclusions=[datetime(2024, 1, 1)])(lambda start, end: {})

    assert [key[8:13] for key in hours.get_partition_keys()] == ["05-22", "05-23", "08-00", "08-01"]
    assert weeks.get_partition_keys() == ["2024-01-07", "2024-01-21"]
    assert months.get_partition_keys() == ["2024-01-01", "2024-03-01", "2024-04-01"]
    assert config.get_partition_keys(day(4)) == keys(2, 3)


def test_exclusions_are_part_of_equality() -> None:
    """Definitions with the same exclusions in any order are equal; without exclusions they differ."""
    again = DailyPartitionsDefinition(
        "2024-01-01", end_date="2024-01-10", exclusions=[SATURDAYS, *DAYS.exclusions[:2]]
    )

    assert again == DAYS != DailyPartitionsDefinition("2024-01-01", end_date="2024-01-10")
    assert hash(again) == hash(DAYS)
    assert SATURDAYS in repr(DAYS)


def test_a_mapping_goes_over_them() -> None:
    """A mapping does not return excluded upstream windows."""
    plain = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-10")
    mapping = TimeWindowPartitionMapping(start_offset=-1)

    found = mapping.upstream_keys(["2024-01-04"], plain, DAYS, now=day(20).timestamp(), dynamic=None)

    assert list(found) == keys(4)


@pytest.mark.parametrize(
    ("key", "offsets", "expected"),
    [
        (8, (0, 0), [8]),
        (8, (-1, 0), [5, 6, 7, 8]),
        (8, (-1, -1), [5, 6, 7]),
        (5, (1, 1), [6, 7, 8]),
        (5, (0, 1), [5, 6, 7, 8]),
        (4, (1, 1), [5]),
        (9, (-2, -2), [5, 6, 7]),
        (9, (-3, -2), [4, 5, 6, 7]),
        (4, (2, 2), [6, 7, 8]),
    ],
)
def test_offsets_count_the_windows_that_exist(
    key: int, offsets: tuple[int, int], expected: list[int]
) -> None:
    """The offsets of a mapping count existing windows: the day before a Monday is the Friday and its gap."""
    workdays = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-13", exclusions=["0 0 * * 0,6"])
    plain = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-13")
    mapping = TimeWindowPartitionMapping(*offsets)

    assert mapping.upstream_keys(keys(key), workdays, plain, now=day(20)) == keys(*expected)
    existing = [each for each in expected if each not in (6, 7)]
    assert mapping.upstream_keys(keys(key), workdays, workdays, now=day(20)) == keys(*existing)


@pytest.mark.parametrize(
    ("exclusions", "error", "message"),
    [
        (["xx"], DagflowInvalidDefinitionError, "'xx'"),
        ([5], ElementCheckError, "5"),
        ("0 0 * * 6", ParameterCheckError, "must be a list"),
        (["0 0 * * *"], DagflowInvalidDefinitionError, "windows in a row"),
    ],
)
def test_invalid_exclusions(exclusions: Any, error: type[Exception], message: str) -> None:
    """Invalid exclusions, or exclusions that leave out all windows, are errors."""
    with pytest.raises(error, match=message):
        DailyPartitionsDefinition("2024-01-01", exclusions=exclusions)


@given(st.sets(st.integers(1, 31), max_size=12), st.integers(1, 31), st.integers(-3, 3))
def test_keys_and_neighbours_agree(left_out: set[int], now: int, offset: int) -> None:
    """Steps from key to key give all keys, forwards and backwards, and each is a key."""
    days = DailyPartitionsDefinition(
        "2024-01-01",
        end_date="2024-02-01",
        end_offset=offset,
        exclusions=[datetime(2024, 1, number) for number in left_out],
    )
    every = days.get_partition_keys(day(now, 12))

    forwards, key = [], days.get_first_partition_key(day(now, 12))
    while key is not None:
        forwards.append(key)
        key = days.get_next_partition_key(key, day(now, 12))
    backwards, key = [], days.get_last_partition_key(day(now, 12))
    while key is not None:
        backwards.append(key)
        key = days.get_prev_partition_key(key, day(now, 12))

    assert forwards == backwards[::-1] == every
    assert all(days.has_partition_key(key, day(now, 12)) for key in every)
