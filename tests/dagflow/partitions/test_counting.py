"""Windows that are counted and moved by arithmetic give the same numbers as windows that are listed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError
from dagflow.partitions.cadence import Calendar, ScheduleType, ZonedCadence, zone_named
from dagflow.partitions.calendar import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
)
from dagflow.partitions.clock_changes import fractional_changes, skipped_times
from dagflow.partitions.cron import cadence_of
from dagflow.partitions.loading import partition_loading_context
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition
from dagflow.partitions.window_mapping import TimeWindowPartitionMapping

HOURS = Calendar(ScheduleType.HOURLY, minute=30)
DAYS = Calendar(ScheduleType.DAILY, hour=2, minute=30)
WEEKS = Calendar(ScheduleType.WEEKLY, day=3)


def months(day: int) -> Calendar:
    """Return months that start on a day."""
    return Calendar(ScheduleType.MONTHLY, day=day)


@pytest.mark.parametrize(
    ("zone", "year"),
    [
        ("UTC", 2024),
        ("America/New_York", 2024),
        ("Australia/Lord_Howe", 2023),  # half an hour
        ("Asia/Kathmandu", 1985),  # a quarter of an hour, once
        ("Pacific/Apia", 2011),  # a day was skipped
        ("Pacific/Kwajalein", 1969),  # a day happened twice
        ("Africa/Freetown", 1939),  # two changes in four days
    ],
)
@pytest.mark.parametrize(
    "cadence", [HOURS, DAYS, WEEKS, months(1), months(29), months(31), cadence_of("0 */7 * * *")]
)
def test_counts_in_zones(zone: str, year: int, cadence: Calendar) -> None:
    """The number of starts and the start at a distance agree with each single step."""
    zoned = ZonedCadence(cadence, zone_named(zone))
    starts = [zoned.ceil(datetime(year, 8, 1))]
    for _ in range(300):
        starts.append(zoned.after(starts[-1]))
    first, last = starts[0], starts[-1]

    assert (zoned.count(first, last), zoned.count(last, first)) == (300, -300)
    for steps in (1, 9, 77, 250, 300):
        assert zoned.count(first, starts[steps]) == steps
        assert zoned.shift(first, steps) == starts[steps]
        assert zoned.shift(last, steps - 300) == starts[steps]


def test_rare_clock_changes() -> None:
    """Only changes by a part of an hour, or over the date line, are searched."""
    assert fractional_changes(zone_named("America/New_York"), 1950, 2030) == ()
    assert len(fractional_changes(zone_named("Australia/Lord_Howe"), 2023, 2023)) == 2
    assert [moment.year for moment, _, _ in skipped_times(zone_named("Pacific/Kiritimati"))] == [1994]


def test_a_million_keys_are_not_listed() -> None:
    """The number, the last key and subsets of many keys come without the keys."""
    hours = HourlyPartitionsDefinition("1909-12-03-08:00")
    with partition_loading_context(datetime(2024, 1, 1)):
        every = hours.subset_with_all_partitions()
        last = every.empty_subset().with_partition_keys(["2023-12-31-23:00", "2031-01-01-00:00"])

        assert hours.get_num_partitions() == len(every) == 1_000_000
        assert hours.get_partition_keys_between_indexes(999_998, 1_000_009) == (
            ["2023-12-31-22:00", "2023-12-31-23:00"]
        )
        assert (len(every - last), (every & last).get_partition_keys()) == (999_999, ["2023-12-31-23:00"])
        assert last.get_partition_key_ranges(hours) == [("2023-12-31-23:00",) * 2]
        assert "2023-12-31-23:00" in every
        assert "2024-01-01-00:00" not in every
        mapping = TimeWindowPartitionMapping(-1, -1)
        before = mapping.get_upstream_mapped_partitions_result_for_partitions(every, hours, hours)
        assert len(before.partitions_subset) == 999_999
        after = mapping.get_downstream_partitions_for_partitions(every, hours, hours)
        assert len(after) == 999_999


@pytest.mark.parametrize("offset", [10**7, -(10**7), 10**12, -(10**30)])
def test_offsets_out_of_the_range_of_dates(offset: int) -> None:
    """An offset that leads to no date is an error of the definition, and of the mapping when it is used."""
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-04")
    mapping = TimeWindowPartitionMapping(offset, offset)

    with pytest.raises(DagflowInvalidDefinitionError, match=r"end_offset .* use a smaller offset"):
        DailyPartitionsDefinition("2024-01-01", end_offset=offset)
    with pytest.raises(DagflowInvalidDefinitionError, match=r"end_offset .* use a smaller offset"):
        MonthlyPartitionsDefinition("2024-01-01", end_offset=offset, exclusions=["0 0 1 1 *"])
    with pytest.raises(DagflowInvalidDefinitionError, match="use smaller offsets"):
        mapping.upstream_keys(["2024-01-02"], days, days)
    with pytest.raises(DagflowInvalidDefinitionError, match="use smaller offsets"):
        mapping.get_downstream_partitions_for_partitions(days.subset_with_all_partitions(), days, days)


def test_many_steps_of_a_cron_schedule() -> None:
    """A cron schedule that is no calendar is searched start by start, so a huge offset is refused."""
    with pytest.raises(DagflowInvalidDefinitionError, match="1,000,000 starts of a cron schedule"):
        TimeWindowPartitionsDefinition(
            "2024-01-01", "%Y-%m-%d", cron_schedule="0 0 * * 1-5", end_offset=10**9
        )


@pytest.mark.parametrize("moment", [1e300, float("nan"), "noon"])
def test_a_time_that_is_none(moment: float) -> None:
    """A time out of the range of dates, or of another type, is an error about the argument."""
    with pytest.raises(ParameterCheckError, match="is not a valid time"):
        DailyPartitionsDefinition("2024-01-01").get_partition_keys(current_time=moment)


def test_the_first_window_comes_next() -> None:
    """With a positive offset the first window exists as soon as it is the next one."""
    days = DailyPartitionsDefinition("2024-01-01", end_offset=1)
    noon = datetime(2023, 12, 31, 12)

    assert days.get_partition_keys(noon) == ["2024-01-01"]
    assert days.get_partition_keys(noon - timedelta(hours=12)) == []
    assert days.get_partition_keys(noon - timedelta(days=1)) == []
