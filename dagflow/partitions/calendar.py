"""Hourly, daily, weekly and monthly partitions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dagflow.errors import check_optional
from dagflow.partitions.cadence import ScheduleType
from dagflow.partitions.key_format import DAY_FORMAT, MINUTE_FORMAT
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition


class HourlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Partitions of an hour each, with keys such as `2024-01-31-23:00`.

    The arguments are those of `TimeWindowPartitionsDefinition`.

    Example:
        >>> HourlyPartitionsDefinition("2024-01-01-00:00", end_date="2024-01-01-02:00").get_partition_keys()
        ['2024-01-01-00:00', '2024-01-01-01:00']
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        args = (
            start_date,
            MINUTE_FORMAT if fmt is None else fmt,
            end_date,
            ScheduleType.HOURLY,
            timezone,
            end_offset,
        )
        super().__init__(*args, minute_offset, exclusions=exclusions)


class DailyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Partitions of a day each, with keys such as `2024-01-31`.

    The arguments are those of `TimeWindowPartitionsDefinition`.

    Example:
        >>> days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05", hour_offset=6)
        >>> days.get_partition_keys()
        ['2024-01-01', '2024-01-02', '2024-01-03']
        >>> days.time_window_for_partition_key("2024-01-02").start.isoformat()
        '2024-01-02T06:00:00+00:00'
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        args = (
            start_date,
            check_optional(fmt, str, "fmt", "time partitions") or DAY_FORMAT,
            end_date,
            ScheduleType.DAILY,
            timezone,
            end_offset,
        )
        super().__init__(*args, minute_offset, hour_offset, exclusions=exclusions)


class WeeklyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Partitions of a week each, with keys such as `2024-01-28`. Weeks start on Sunday or on `day_offset`.

    The arguments are those of `TimeWindowPartitionsDefinition`.

    Example:
        >>> WeeklyPartitionsDefinition("2024-01-01", end_date="2024-01-29").get_partition_keys()
        ['2024-01-07', '2024-01-14', '2024-01-21']
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        args = (
            start_date,
            check_optional(fmt, str, "fmt", "time partitions") or DAY_FORMAT,
            end_date,
            ScheduleType.WEEKLY,
            timezone,
            end_offset,
        )
        super().__init__(*args, minute_offset, hour_offset, day_offset, exclusions=exclusions)


class MonthlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Partitions of a month each, with keys such as `2024-01-01`. Months start on day 1 or on `day_offset`.

    The arguments are those of `TimeWindowPartitionsDefinition`.

    Example:
        >>> MonthlyPartitionsDefinition("2024-01-15", end_date="2024-05-01").get_partition_keys()
        ['2024-02-01', '2024-03-01', '2024-04-01']
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 1,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        args = (
            start_date,
            check_optional(fmt, str, "fmt", "time partitions") or DAY_FORMAT,
            end_date,
            ScheduleType.MONTHLY,
            timezone,
            end_offset,
        )
        super().__init__(*args, minute_offset, hour_offset, day_offset, exclusions=exclusions)
