"""Partitions that are time windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_optional,
    repr_of,
)
from dagflow.partitions.cadence import Cadence, Calendar, ScheduleType, ZonedCadence, zone_named
from dagflow.partitions.definition import PartitionsDefinition, hash_of
from dagflow.partitions.key_format import KeyFormat
from dagflow.partitions.keys import (
    DynamicPartitionsStore,
    Moment,
    PartitionKeyRange,
    TimestampWithTimezone,
)
from dagflow.partitions.loading import effective_time
from dagflow.partitions.stored_windows import arguments_of, plain_arguments
from dagflow.partitions.window_queries import WindowQueries
from dagflow.partitions.windows import Windows, exclusion_test, has_neighbours

if TYPE_CHECKING:
    from dagflow.partitions.loading import PartitionLoadingContext
    from dagflow.partitions.paging import PaginatedResults
    from dagflow.partitions.window_subset import TimeWindowPartitionsSubset


class TimeWindowPartitionsDefinition(WindowQueries):
    """Partitions that follow each other in time, one for each complete window between a start and an end.

    Args:
        start: The first window starts here or later: a string in the format `fmt`, or a datetime. The clock
            time of a datetime is read in `timezone`, even if it has another zone.
        fmt: The format of keys, as in `datetime.strftime`. It must give each window a different key.
        end: The last window ends here or earlier. There are no windows if it is before `start`. Default: the
            current time.
        schedule_type: The interval at which windows start. Give this or `cron_schedule`.
        timezone: An IANA name. Default: "UTC".
        end_offset: The number of windows in addition (negative: less) to the complete ones. No window ends
            after `end`.
        minute_offset: The minute of the hour at which windows start.
        hour_offset: The hour of the day at which windows start (not hourly).
        day_offset: The day of the week, 0 = Sunday (weekly), or of the month, from 1 (monthly).
        cron_schedule: The times at which windows start, as a cron expression of five fields.
        exclusions: The starts of windows to leave out, as cron expressions and datetimes.

    Raises:
        DagflowInvalidDefinitionError: A date does not match `fmt`, the zone does not exist, an offset is out
            of range, a cron expression is invalid, `fmt` gives different windows the same key, or the
            exclusions leave out all windows.
        CheckError: Neither or both of `schedule_type` and `cron_schedule` are given.

    Example:
        >>> workdays = TimeWindowPartitionsDefinition(
        ...     start="2024-01-04", end="2024-01-10", fmt="%Y-%m-%d", cron_schedule="0 0 * * 1-5")
        >>> workdays.get_partition_keys()
        ['2024-01-04', '2024-01-05', '2024-01-08', '2024-01-09']
    """

    __slots__ = ("_end", "_start", "exclusions", "timezone", "windows")
    stored_names = ("stored_form",)

    def __init__(
        self,
        start: datetime | str,
        fmt: str,
        end: datetime | str | None = None,
        schedule_type: ScheduleType | None = None,
        timezone: str | None = None,
        end_offset: int = 0,
        minute_offset: int | None = None,
        hour_offset: int | None = None,
        day_offset: int | None = None,
        cron_schedule: str | None = None,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        if not isinstance(fmt, str) or not isinstance(end_offset, int):
            raise ParameterCheckError(
                f"'fmt' must be a string and 'end_offset' an integer, not {repr_of(fmt)} and "
                f"{repr_of(end_offset)}"
            )
        self.timezone: str = check_optional(timezone, str, "timezone", "time partitions") or "UTC"
        wall_cadence = _wall_cadence(schedule_type, cron_schedule, (minute_offset, hour_offset, day_offset))
        cadence = ZonedCadence(wall_cadence, self._zone())
        key_format = KeyFormat(fmt, cadence)
        self._start = _moment_in_utc(start, key_format, "start")
        self._end = None if end is None else _moment_in_utc(end, key_format, "end")
        check_optional(exclusions, Sequence, "exclusions", "time partitions")
        left_out = exclusion_test(exclusions, cadence) if exclusions else None
        self.windows: Windows = Windows(key_format, self._start, self._end, end_offset, left_out)
        self.exclusions: tuple[str | datetime, ...] | None = tuple(exclusions) if exclusions else None

    def _zone(self) -> tzinfo:
        try:
            return zone_named(self.timezone)
        except DagflowInvalidDefinitionError as error:
            raise DagflowInvalidDefinitionError(
                f"parameter 'timezone' of a {type(self).__name__} is invalid: {error}"
            ) from error.__cause__

    @property
    def stored_form(self) -> dict[str, Any]:
        """The arguments as plain values. Internal: `serialize_value` stores it."""
        names = ("start", "end", "fmt", "timezone", "end_offset", "cron_schedule", "exclusions")
        return plain_arguments({name: getattr(self, name) for name in names})

    @staticmethod
    def from_stored(stored_form: dict[str, Any]) -> TimeWindowPartitionsDefinition:
        """Return the definition of which `stored_form` returned these values. Internal."""
        return TimeWindowPartitionsDefinition(**arguments_of(stored_form))

    def without_calendar(self) -> TimeWindowPartitionsDefinition:
        """Return an equal definition of this class itself, which `serialize_value` can store. Internal."""
        is_plain = type(self) is TimeWindowPartitionsDefinition
        return self if is_plain else TimeWindowPartitionsDefinition.from_stored(self.stored_form)

    @property
    def fmt(self) -> str:
        """The format of the keys."""
        return self.windows.key_format.fmt

    @property
    def end_offset(self) -> int:
        """The number of windows in addition to the complete ones."""
        return self.windows.end_offset

    @property
    def start(self) -> datetime:
        """The given start, in the time zone of the definition."""
        return self.windows.cadence.local(self._start)

    @property
    def end(self) -> datetime | None:
        """The given end, in the time zone of the definition."""
        return None if self._end is None else self.windows.cadence.local(self._end)

    @property
    def cron_schedule(self) -> str:
        """The starts of the windows, as a cron expression."""
        return self.windows.cadence.wall_cadence.cron_schedule

    @property
    def schedule_type(self) -> ScheduleType | None:
        """The interval at which windows start; None for a general cron expression."""
        cadence = self.windows.cadence.wall_cadence
        return cadence.schedule_type if isinstance(cadence, Calendar) else None

    @property
    def minute_offset(self) -> int:
        """The minute of the hour at which windows start.

        Raises:
            CheckError: The windows have a general cron expression.
        """
        return self._offset("minute", *ScheduleType)

    @property
    def hour_offset(self) -> int:
        """The hour of the day at which windows start.

        Raises:
            CheckError: The windows have a general cron expression, or are hourly.
        """
        return self._offset("hour", ScheduleType.DAILY, ScheduleType.WEEKLY, ScheduleType.MONTHLY)

    @property
    def day_offset(self) -> int:
        """The day of the week, 0 = Sunday, or of the month, from 1, on which windows start.

        Raises:
            CheckError: The windows are neither weekly nor monthly.
        """
        return self._offset("day", ScheduleType.WEEKLY, ScheduleType.MONTHLY)

    @property
    def start_ts(self) -> TimestampWithTimezone:
        """The given start in seconds since the epoch, with the name of the time zone.

        Example:
            >>> from dagflow import DailyPartitionsDefinition
            >>> DailyPartitionsDefinition("2024-01-01").start_ts
            TimestampWithTimezone(timestamp=1704067200.0, timezone='UTC')
        """
        return TimestampWithTimezone(self.start.timestamp(), self.timezone)

    @property
    def end_ts(self) -> TimestampWithTimezone | None:
        """The given end in seconds since the epoch, with the name of the time zone; None without an end."""
        return None if self.end is None else TimestampWithTimezone(self.end.timestamp(), self.timezone)

    # ---- keys

    def get_partition_keys(
        self,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return the keys of all windows, in order."""
        return self.windows.keys(self.windows.first, self._bound(current_time))

    def has_partition_key(
        self,
        partition_key: str,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether `partition_key` is the key of one of the windows."""
        windows = self.windows
        start = windows.start(partition_key)
        return (
            start is not None
            and windows.first <= start < windows.bound(effective_time(current_time))
            and not windows.lacks(start)
        )

    def get_first_partition_key(
        self,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the key of the first window, or None if there are no windows."""
        return self._key_within(self.windows.first, current_time)

    def get_last_partition_key(
        self,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the key of the last window, or None if there are no windows."""
        return self._key_within(self.windows.before(self._bound(current_time)), current_time)

    def get_num_partitions(
        self,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> int:
        """Return the number of windows. They are not listed, unless the definition has exclusions or a cron
        expression that is not one of a calendar.

        Example:
            >>> from dagflow import HourlyPartitionsDefinition
            >>> HourlyPartitionsDefinition("2004-01-01-00:00").get_num_partitions(datetime(2024, 1, 1))
            175320
        """
        return self.windows.count(self.windows.first, self._bound(current_time))

    def get_paginated_partition_keys(
        self, context: PartitionLoadingContext, limit: int, ascending: bool, cursor: str | None = None
    ) -> PaginatedResults[str]:
        """Return a page of the keys: see `PartitionsDefinition`. Only the keys of the page are listed."""
        from dagflow.partitions.paging import page_of_windows  # imported lazily: few projects use it

        return page_of_windows(self.windows, context, limit, ascending, cursor)

    def get_next_partition_key(self, partition_key: str, current_time: Moment | None = None) -> str | None:
        """Return the key of the next window, or None if that window does not exist.

        Raises:
            DagflowUnknownPartitionError: `partition_key` is not the key of a window.
        """
        return self._key_within(self.windows.after(self.start_of(partition_key)), current_time)

    def get_prev_partition_key(self, partition_key: str, current_time: Moment | None = None) -> str | None:
        """Return the key of the previous window, or None if that window does not exist.

        Raises:
            DagflowUnknownPartitionError: `partition_key` is not the key of a window.
        """
        return self._key_within(self.windows.before(self.start_of(partition_key)), current_time)

    def get_partition_keys_in_range(
        self,
        partition_key_range: PartitionKeyRange,
        current_time: Moment | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> list[str]:
        """Return the keys from the start to the end of a range, both included; [] if they are reversed.

        Keys of windows that are left out by `exclusions` are skipped, also the start and the end.

        Raises:
            CheckError: The start or the end is the key of a window outside the start and end of the
                definition.
            DagflowUnknownPartitionError: The start or the end is not the key of a window.
        """
        bound = self._bound(current_time)
        for key in partition_key_range:
            self._check_within(key, self.start_of(key), bound, current_time)
        first, last = map(self.start_of, partition_key_range)
        return self.windows.keys(first, self.windows.cadence.after(last))

    def subset_with_all_partitions(self) -> TimeWindowPartitionsSubset:
        """Return the subset of the windows that exist now, without listing them."""
        return self.empty_subset().with_span(self.windows.first, self._bound(None))

    def empty_subset(self) -> TimeWindowPartitionsSubset:
        """Return the subset without keys."""
        from dagflow.partitions.window_subset import TimeWindowPartitionsSubset  # lazily: few projects use it

        return TimeWindowPartitionsSubset(self)

    # ---- private

    def _bound(self, current_time: Moment | None) -> datetime:
        return self.windows.bound(effective_time(current_time))

    def _check_within(self, key: str, start: datetime, bound: datetime, current_time: Moment | None) -> None:
        place = None
        if start < self.windows.first:
            place = "before the partitions definition start time"
        elif start >= bound:
            place = "after the partitions definition end time"
        if place is not None:
            raise CheckError(
                f"the partition '{key}' of a range is {place}, so {self!r} does not have it."
                + self.hint(key, current_time, None)
            )

    def _offset(self, name: str, *intervals: ScheduleType) -> int:
        cadence = self.windows.cadence.wall_cadence
        if not isinstance(cadence, Calendar) or cadence.schedule_type not in intervals:
            raise CheckError(
                f"{self!r} has no {name}_offset: windows with the cron schedule '{self.cron_schedule}' have "
                f"no fixed {name}. Read 'cron_schedule' instead."
            )
        offset: int = getattr(cadence, name)
        return offset

    def _key_within(self, start: datetime, current_time: Moment | None) -> str | None:
        windows = self.windows
        return windows.key(start) if windows.first <= start < self._bound(current_time) else None

    def hint(
        self,
        partition_key: str,
        current_time: Moment | None,
        dynamic_partitions_store: DynamicPartitionsStore | None,
    ) -> str:
        """Return a hint for the error about an unknown key."""
        first, last = self.get_first_partition_key(current_time), self.get_last_partition_key(current_time)
        if first is None:
            return f" It has no keys yet; the first will be '{self.windows.key(self.windows.first)}'."
        return f" It has the keys from '{first}' to '{last}'."

    def equal_except_for_start_or_end(self, other: PartitionsDefinition) -> bool:
        """Return whether another definition differs at most in its start and end.

        Example:
            >>> from dagflow import DailyPartitionsDefinition
            >>> recent = DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
            >>> recent.equal_except_for_start_or_end(DailyPartitionsDefinition("2019-01-01"))
            True
        """
        return isinstance(other, TimeWindowPartitionsDefinition) and self.rhythm() == other.rhythm()

    def get_serializable_unique_identifier(
        self, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> str:
        """Return a hash of the content of the definition: 40 hexadecimal digits."""
        exclusions = sorted(str(each) for each in self.exclusions or ())
        content = self._start, self._end, self.end_offset, exclusions, self.timezone, self.fmt
        return hash_of([*map(str, content), self.cron_schedule])

    def _matches(self, unique_id: str | None, class_name: str | None) -> bool:
        return unique_id == self.get_serializable_unique_identifier()

    def validate_partition_definition(self) -> None:
        """Raise an error if the format is too coarse, so that different windows have the same key.

        Raises:
            DagflowInvalidDefinitionError: Two windows have the same key.
        """
        self.windows.check_distinct()

    def rhythm(self) -> tuple[object, ...]:
        """Return the content of the definition without its start and end."""
        windows = self.windows
        own = windows.end_offset, frozenset(self.exclusions or ())
        return *own, self.timezone, windows.key_format.fmt, windows.cadence.wall_cadence

    def _identity(self) -> tuple[object, ...]:
        return self._start, self._end, *self.rhythm()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TimeWindowPartitionsDefinition) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        parts = [f"'{self.start.strftime(self.fmt)}'"]
        if self.end is not None:
            parts.append(f"end='{self.end.strftime(self.fmt)}'")
        parts += [f"timezone='{self.timezone}'"] * (self.timezone != "UTC")
        parts += [f"end_offset={self.end_offset}"] * (self.end_offset != 0)
        parts += [f"exclusions={list(map(str, self.exclusions or ()))}"] * bool(self.exclusions)
        return f"{type(self).__name__}({', '.join(parts)}, cron_schedule='{self.cron_schedule}')"


def _wall_cadence(
    schedule_type: ScheduleType | None,
    cron_schedule: str | None,
    offsets: tuple[int | None, int | None, int | None],
) -> Cadence:
    if (schedule_type is None) == (cron_schedule is None):
        raise CheckError("time partitions need either a schedule_type or a cron_schedule")
    if cron_schedule is not None:
        if any(offset is not None for offset in offsets):
            raise CheckError(
                "minute_offset, hour_offset and day_offset go with schedule_type, not with cron_schedule"
            )
        from dagflow.partitions.cron import (
            cadence_of,
        )  # imported lazily: few definitions have a cron schedule

        return cadence_of(cron_schedule)
    if not isinstance(schedule_type, ScheduleType):
        raise ParameterCheckError(f"'schedule_type' must be a ScheduleType, not {repr_of(schedule_type)}")
    names = ("minute_offset", "hour_offset", "day_offset")
    minute, hour, day = (
        check_optional(offset, int, name, "time partitions") or 0
        for name, offset in zip(names, offsets, strict=True)
    )
    if schedule_type is ScheduleType.WEEKLY and day == 7:  # cron has two numbers for Sunday
        day = 0
    if schedule_type is ScheduleType.MONTHLY and day == 0:
        day = 1
    return Calendar(schedule_type, minute, hour, day)


def _moment_in_utc(value: datetime | str, key_format: KeyFormat, name: str) -> datetime:
    """Return a given start or end in UTC."""
    if not isinstance(value, (str, datetime)):
        raise ParameterCheckError(
            f"the {name} of time partitions must be a string or a datetime, not {repr_of(value)}"
        )
    try:
        wall = key_format.read(value) if isinstance(value, str) else value.replace(tzinfo=None)
        moment = key_format.cadence.utc(wall)
    except (ValueError, OverflowError, ParameterCheckError) as error:
        raise DagflowInvalidDefinitionError(
            f"the {name} '{value}' of time partitions does not match their format '{key_format.fmt}': "
            "use this format, a datetime, or another fmt"
        ) from error
    if not has_neighbours(moment):
        raise DagflowInvalidDefinitionError(f"the {name} '{value}' of time partitions is too far from today")
    return moment
