"""Questions about the windows of a definition of time windows, and about the keys of a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from dagflow.errors import CheckError, DagflowUnknownPartitionError, ParameterCheckError, repr_of
from dagflow.partitions.cadence import Calendar, ScheduleType
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import Moment, PartitionKeyRange, TimeWindow
from dagflow.partitions.loading import effective_time
from dagflow.partitions.windows import Windows

if TYPE_CHECKING:
    from dagflow.partitions.window_subset import TimeWindowPartitionsSubset

_ALIKE: dict[ScheduleType, tuple[str, ...]] = {
    ScheduleType.HOURLY: ("hour_of_day", "day_of_week", "day_of_month"),
    ScheduleType.DAILY: ("day_of_week", "day_of_month"),
    ScheduleType.WEEKLY: ("day_of_month",),
    ScheduleType.MONTHLY: ("day_of_week",),
}
"""The parts of a time that windows of an interval cannot choose."""


class WindowQueries(PartitionsDefinition):
    """The base class of `TimeWindowPartitionsDefinition`, with its questions about windows."""

    __slots__ = ()
    windows: Windows
    """The windows and their keys."""

    @abstractmethod
    def without_calendar(self) -> WindowQueries:
        """Return an equal definition that `serialize_value` can store. Internal."""

    @abstractmethod
    def _bound(self, current_time: Moment | None) -> datetime:
        """Return the end of the existing windows."""

    # ---- the window of a key

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """Return the window of a key, even outside the start and end of the definition.

        If no window starts at the time that the string shows, return the next window.

        Raises:
            DagflowUnknownPartitionError: `partition_key` is not in the format of keys.

        Example:
            >>> from dagflow import DailyPartitionsDefinition, MonthlyPartitionsDefinition
            >>> days = DailyPartitionsDefinition("2024-01-01")
            >>> days.time_window_for_partition_key("2024-02-29").end.isoformat()
            '2024-03-01T00:00:00+00:00'
            >>> months = MonthlyPartitionsDefinition("2024-01-01", day_offset=12)
            >>> months.time_window_for_partition_key("2024-02-01").start.isoformat()
            '2024-02-12T00:00:00+00:00'
        """
        start = self.windows.start_near(partition_key)
        if start is None:
            raise self._unknown(partition_key)
        return self._window(start)

    def time_windows_for_partition_keys(
        self, partition_keys: frozenset[str], validate: bool = True
    ) -> list[TimeWindow]:
        """Return the windows of some keys, by time.

        Args:
            partition_keys: The keys.
            validate: Whether keys that do not exist are left out.

        Raises:
            DagflowUnknownPartitionError: A key is not in the format of keys, and `validate` is false.
        """
        keys = filter(self.has_partition_key, partition_keys) if validate else partition_keys
        return sorted(map(self.time_window_for_partition_key, keys))

    def start_time_for_partition_key(self, partition_key: str) -> datetime:
        """Return the start of the window of a key: see `time_window_for_partition_key`."""
        return self.time_window_for_partition_key(partition_key).start

    def end_time_for_partition_key(self, partition_key: str) -> datetime:
        """Return the end of the window of a key: see `time_window_for_partition_key`."""
        return self.time_window_for_partition_key(partition_key).end

    def less_than(self, partition_key1: str, partition_key2: str) -> bool:
        """Return whether the window of the first key starts before the window of the second key.

        Raises:
            DagflowUnknownPartitionError: A key is not in the format of keys.
        """
        return self.start_time_for_partition_key(partition_key1) < (
            self.start_time_for_partition_key(partition_key2)
        )

    # ---- the keys of a time

    def get_partition_key(self, key: str | date | datetime) -> str:
        """Return the key of a date or datetime, which must exist. A string is a key already.

        Raises:
            DagflowUnknownPartitionError: There is no such key.
            ParameterCheckError: The argument has another type.

        Example:
            >>> from dagflow import DailyPartitionsDefinition
            >>> DailyPartitionsDefinition("2024-01-01").get_partition_key(date(2024, 1, 31))
            '2024-01-31'
        """
        if not isinstance(key, (str, date)):
            raise ParameterCheckError(f"'key' must be a string, a date or a datetime, not {repr_of(key)}")
        if not isinstance(key, str):
            cadence = self.windows.cadence
            moment = key if isinstance(key, datetime) else datetime.combine(key, time())
            key = cadence.local(cadence.utc(moment)).strftime(self.windows.key_format.fmt)
        self.validate_partition_key(key)
        return key

    def get_partition_key_for_timestamp(self, timestamp: Moment, end_closed: bool = False) -> str:
        """Return the key of the window that contains a moment, even outside the start and end.

        Args:
            timestamp: The moment.
            end_closed: Whether a moment between two windows belongs to the earlier one.
        """
        windows = self.windows
        moment = windows.cadence.utc(timestamp)
        start = windows.cadence.floor(moment)
        if end_closed and start == moment:
            start = windows.cadence.before(start)
        return windows.key(windows.skip_excluded(start, windows.cadence.before))

    def get_partition_keys_in_time_window(self, time_window: TimeWindow) -> list[str]:
        """Return the keys of the windows that start within `time_window`, even outside the start and end."""
        return list(map(self.windows.key, self._starts_in(time_window)))

    def get_partition_subset_in_time_window(self, time_window: TimeWindow) -> TimeWindowPartitionsSubset:
        """Return the subset of the windows that start within `time_window`, even outside start and end."""
        from dagflow.partitions.window_subset import TimeWindowPartitionsSubset  # lazily: few projects use it

        return TimeWindowPartitionsSubset(self).with_span(*self._span_of(time_window))

    def get_num_partitions_in_window(self, time_window: TimeWindow) -> int:
        """Return the number of windows that start within `time_window`, even outside the start and end."""
        return self.windows.count(*self._span_of(time_window))

    def has_any_partitions_in_window(self, time_window: TimeWindow) -> bool:
        """Return whether a window starts within `time_window`, even outside the start and end.

        Example:
            >>> from datetime import timezone
            >>> from dagflow import DailyPartitionsDefinition
            >>> weekend = (datetime(2024, 1, day, tzinfo=timezone.utc) for day in (6, 8))
            >>> workdays = DailyPartitionsDefinition("2024-01-01", exclusions=["0 0 * * 0,6"])
            >>> workdays.has_any_partitions_in_window(TimeWindow(*weekend))
            False
        """
        return next(self._starts_in(time_window), None) is not None

    def get_partition_key_range_for_time_window(
        self, time_window: TimeWindow, respect_bounds: bool = True
    ) -> PartitionKeyRange:
        """Return the range from the key of the start of a time to the key of the last window in it.

        Args:
            time_window: The time. Its start may lie outside the start and end of the definition.
            respect_bounds: Whether the last window must not end before the first window of the definition.

        Raises:
            CheckError: No window of the definition ends before the end of the time, and `respect_bounds`.
        """
        last = self.get_prev_partition_window(time_window.end, respect_bounds)
        if last is None:
            raise CheckError(f"no window of {self!r} ends at or before {time_window.end.isoformat()}")
        return PartitionKeyRange(
            self.get_partition_key_for_timestamp(time_window.start),
            self.get_partition_key_for_timestamp(last.start),
        )

    def get_partition_keys_between_indexes(self, start_idx: int, end_idx: int) -> list[str]:
        """Return the existing keys from one position up to another, without the second.

        Raises:
            CheckError: A position is negative.
        """
        if start_idx < 0 or end_idx < 0:
            raise CheckError(f"positions of partitions start at 0, not at {min(start_idx, end_idx)}")
        windows = self.windows
        starts = windows.between(windows.first, self._bound(None), start_idx, end_idx)
        return list(map(windows.key, starts))

    # ---- windows

    def get_first_partition_window(self, current_time: Moment | None = None) -> TimeWindow | None:
        """Return the first window, or None if there are no windows."""
        return self._existing(self.windows.first, self._bound(current_time))

    def get_last_partition_window(self, current_time: Moment | None = None) -> TimeWindow | None:
        """Return the last window, or None if there are no windows."""
        bound = self._bound(current_time)
        return self._existing(self.windows.before(bound), bound)

    def get_last_partition_window_ignoring_exclusions(self) -> TimeWindow | None:
        """Return the last window even if `exclusions` leaves it out, or None if there are no windows."""
        bound = self.windows.bound(effective_time(None), ignores_exclusions=True)
        return self._existing(self.windows.cadence.before(bound), bound)

    def get_next_partition_window(self, end_dt: Moment, respect_bounds: bool = True) -> TimeWindow | None:
        """Return the first window that starts at or after a moment.

        If `respect_bounds`, return None for a window that does not exist yet, or is after the end.
        """
        windows = self.windows
        start = windows.next_existing(windows.cadence.ceil(windows.cadence.utc(end_dt)))
        return None if respect_bounds and start >= self._bound(None) else self._window(start)

    def get_prev_partition_window(self, start_dt: Moment, respect_bounds: bool = True) -> TimeWindow | None:
        """Return the last window that ends at or before a moment.

        If `respect_bounds`, return None for a window before the first one of the definition.
        """
        cadence = self.windows.cadence
        start = self.windows.before(cadence.floor(cadence.utc(start_dt)))
        return None if respect_bounds and start < self.windows.first else self._window(start)

    def is_window_start_excluded(self, window_start: datetime) -> bool:
        """Return whether `exclusions` leaves out the window that starts at a moment."""
        return self.windows.lacks(self.windows.cadence.utc(window_start))

    # ---- the schedule of the windows

    @property
    def is_basic_daily(self) -> bool:
        """True if windows start each midnight."""
        return self.windows.cadence.wall_cadence.cron_schedule == "0 0 * * *"

    @property
    def is_basic_hourly(self) -> bool:
        """True if windows start at minute 0 of each hour."""
        return self.windows.cadence.wall_cadence.cron_schedule == "0 * * * *"

    def get_cron_schedule(
        self,
        minute_of_hour: int | None = None,
        hour_of_day: int | None = None,
        day_of_week: int | None = None,
        day_of_month: int | None = None,
    ) -> str:
        """Return a cron expression with a time in each window. Default: the starts of the windows.

        Args:
            minute_of_hour: The minute of the hour.
            hour_of_day: The hour of the day (not hourly).
            day_of_week: The day of the week, 0 = Sunday (weekly only).
            day_of_month: The day of the month, from 1 (monthly only).

        Raises:
            CheckError: The windows do not have the interval of an argument, or have a general cron schedule.
            DagflowInvalidDefinitionError: A number is out of range.

        Example:
            >>> from dagflow import WeeklyPartitionsDefinition
            >>> WeeklyPartitionsDefinition("2024-01-01").get_cron_schedule(hour_of_day=9, day_of_week=1)
            '0 9 * * 1'
        """
        given = {
            "minute_of_hour": minute_of_hour,
            "hour_of_day": hour_of_day,
            "day_of_week": day_of_week,
            "day_of_month": day_of_month,
        }
        named = [name for name, value in given.items() if value is not None]
        cadence = self.windows.cadence.wall_cadence
        if not named:
            return cadence.cron_schedule
        if not isinstance(cadence, Calendar):
            raise CheckError(
                f"the schedule '{cadence.cron_schedule}' of {self!r} does not support "
                f"minute_of_hour/hour_of_day/day_of_week/day_of_month arguments: write a cron schedule"
            )
        unfit = [name for name in named if name in _ALIKE[cadence.schedule_type]]
        if unfit:
            raise CheckError(
                f"{self!r} has {cadence.schedule_type.value.lower()} windows, so {' and '.join(unfit)} does "
                "not apply: remove it"
            )
        day = day_of_week if day_of_month is None else day_of_month
        return Calendar(
            cadence.schedule_type,
            cadence.minute if minute_of_hour is None else minute_of_hour,
            cadence.hour if hour_of_day is None else hour_of_day,
            cadence.day if day is None else day,
        ).cron_schedule

    # ---- private

    def _starts_in(self, time_window: TimeWindow) -> Iterator[datetime]:
        return self.windows.starts(*self._span_of(time_window))

    def _span_of(self, time_window: TimeWindow) -> tuple[datetime, datetime]:
        """Return the first start in a time, and the first start after it."""
        cadence = self.windows.cadence
        first, end = map(cadence.utc, time_window)
        return cadence.ceil(first), cadence.ceil(end)

    def _existing(self, start: datetime, bound: datetime) -> TimeWindow | None:
        return self._window(start) if self.windows.first <= start < bound else None

    def _window(self, start: datetime) -> TimeWindow:
        cadence = self.windows.cadence
        return TimeWindow(cadence.local(start), cadence.local(cadence.after(start)))

    def _unknown(self, key: str) -> DagflowUnknownPartitionError:
        example = self.windows.key(self.windows.first)
        return DagflowUnknownPartitionError(
            f"'{key}' is not a partition key of {self!r}. Its keys look like '{example}'."
        )

    def start_of(self, key: str) -> datetime:
        """Return the start of the window of a key, in UTC without zone.

        Raises:
            DagflowUnknownPartitionError: `key` is not the key of a window.
        """
        start = self.windows.start(key)
        if start is None:
            raise self._unknown(key)
        return start
