"""The starts of time windows.

A *cadence* has the starts on a wall clock that is never put forward or back: `Calendar` computes them, and
`dagflow.partitions.cron.CronSchedule` searches for the starts of other cron expressions. A `ZonedCadence`
applies a cadence in a time zone. Its moments are in UTC, because only UTC can be compared and subtracted
across clock changes. All datetimes are without zone, because that is faster.

Rules for clock changes:

- A start that the clock skips happens at the end of the jump.
- A start that the clock shows twice counts only the second time. Next to midnight it counts only the first
  time, so that a day has all of its hours.
- A cadence that repeats within each hour (`repeats`) has a start each time the clock shows one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from enum import Enum
from itertools import pairwise
from typing import Protocol

from dagflow._util import nearest
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError, repr_of
from dagflow.partitions.clock_changes import fractional_changes, skipped_times
from dagflow.partitions.keys import Moment

UTC = timezone.utc
_EPOCH = datetime(1970, 1, 1)
_NOTHING = timedelta(0)
_TICK = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class ScheduleType(Enum):
    """The intervals at which the windows of a calendar start."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


_LONG_MONTHS = {29: 11, 30: 11, 31: 7}
"""The months with this day in a year that is no leap year; 12 for all other days."""
_LEAP_CYCLE = timedelta(days=146_097)  # 400 years
_FEW_STEPS = 8
_MAX_STEPS = 1_000_000
_STEPS = {ScheduleType.HOURLY: _HOUR, ScheduleType.DAILY: _DAY, ScheduleType.WEEKLY: _WEEK}


class Cadence(Protocol):
    """Starts on a wall clock. All datetimes are without zone."""

    @property
    def repeats(self) -> bool: ...

    @property
    def cron_schedule(self) -> str: ...

    def floor(self, wall: datetime) -> datetime:
        """Return the last start at or before `wall`."""

    def after(self, wall: datetime) -> datetime:
        """Return the first start later than `wall`."""

    def before(self, wall: datetime) -> datetime:
        """Return the last start earlier than `wall`."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A cadence with a start each hour, day, week or month.

    Args:
        schedule_type: The interval.
        minute: The minute of the hour.
        hour: The hour of the day (not hourly).
        day: The day of the week, 0 = Sunday to 6 (weekly), or of the month, from 1 (monthly; months without
            that day have no start).

    Raises:
        DagflowInvalidDefinitionError: A number is out of range.

    Example:
        >>> Calendar(ScheduleType.MONTHLY, day=31).after(datetime(2024, 1, 31))
        datetime.datetime(2024, 3, 31, 0, 0)
    """

    schedule_type: ScheduleType
    minute: int = 0
    hour: int = 0
    day: int = 0

    def __post_init__(self) -> None:
        first, last = {ScheduleType.WEEKLY: (0, 6), ScheduleType.MONTHLY: (1, 31)}.get(
            self.schedule_type, (0, 0)
        )
        limits = {"minute": (0, 59), "hour": (0, 23), "day": (first, last)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not isinstance(value, int):
                raise ParameterCheckError(f"'{name}_offset' must be an integer, not {repr_of(value)}")
            if not low <= value <= high:
                raise DagflowInvalidDefinitionError(
                    f"'{name}_offset' of {self.schedule_type.value.lower()} partitions is {repr_of(value)}, "
                    f"and must be from {low} to {high}"
                )

    @property
    def repeats(self) -> bool:
        """True if the starts in an hour that the clock shows twice count twice."""
        return self.schedule_type is ScheduleType.HOURLY

    @property
    def cron_schedule(self) -> str:
        """The same starts as a cron expression."""
        hour = "*" if self.schedule_type is ScheduleType.HOURLY else self.hour
        month_day = self.day if self.schedule_type is ScheduleType.MONTHLY else "*"
        week_day = self.day if self.schedule_type is ScheduleType.WEEKLY else "*"
        return f"{self.minute} {hour} {month_day} * {week_day}"

    def floor(self, wall: datetime) -> datetime:
        """Return the last start at or before `wall`."""
        step = _STEPS.get(self.schedule_type)
        if step is None:
            return self._month_start(wall, later=False)
        hour = wall.hour if step is _HOUR else self.hour
        start = datetime(wall.year, wall.month, wall.day, hour, self.minute)
        if step is _WEEK:
            start -= timedelta((wall.isoweekday() - self.day) % 7)
        return start if start <= wall else start - step

    def after(self, wall: datetime) -> datetime:
        """Return the first start later than `wall`."""
        step = _STEPS.get(self.schedule_type)
        return self._month_start(wall, later=True) if step is None else self.floor(wall) + step

    def before(self, wall: datetime) -> datetime:
        """Return the last start earlier than `wall`."""
        return self.floor(wall - _TICK)

    def number(self, start: datetime) -> int:
        """Return the number of the start `start`. The numbers of starts that follow each other do too.

        Example:
            >>> leap = Calendar(ScheduleType.MONTHLY, day=29)
            >>> leap.number(datetime(2023, 3, 29)) - leap.number(datetime(2023, 1, 29))
            1
        """
        if self.schedule_type is ScheduleType.HOURLY:
            return (start - _EPOCH) // _HOUR
        if self.schedule_type is not ScheduleType.MONTHLY:
            number = start.toordinal()
            return number if self.schedule_type is ScheduleType.DAILY else (number - self.day) // 7
        years = start.year - 1
        if self.day <= 28:
            return years * 12 + start.month
        leap_years = years // 4 - years // 100 + years // 400 if self.day == 29 else 0
        in_year = sum(_has_day(start.year, month, self.day) for month in range(1, start.month + 1))
        return years * _LONG_MONTHS[self.day] + leap_years + in_year

    @property
    def step(self) -> timedelta:
        """The mean time between two starts."""
        if self.schedule_type is not ScheduleType.MONTHLY:
            return _STEPS[self.schedule_type]
        months = 400 * _LONG_MONTHS.get(self.day, 12) + (97 if self.day == 29 else 0)
        return _LEAP_CYCLE / months

    def _month_start(self, wall: datetime, *, later: bool) -> datetime:
        """Return the nearest start after `wall`, or (not `later`) at or before it."""
        month = wall.year * 12 + wall.month - 1
        while True:
            year, zero_based = divmod(month, 12)
            try:
                start = datetime(year, zero_based + 1, self.day, self.hour, self.minute)
            except ValueError:  # no such day in this month, or no such year
                if not 1 <= year <= 9999:
                    raise OverflowError("date value out of range") from None
            else:
                if (start > wall) is later:
                    return start
            month += 1 if later else -1


def _has_day(year: int, month: int, day: int) -> bool:
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False


class ZonedCadence:
    """A cadence in a time zone. Moments are in UTC, as datetimes without zone.

    Example:
        >>> zoned = ZonedCadence(Calendar(ScheduleType.DAILY), zone_named("America/New_York"))
        >>> zoned.floor(datetime(2024, 3, 10, 12)).hour, zoned.floor(datetime(2024, 3, 11, 12)).hour
        (5, 4)
    """

    __slots__ = ("wall_cadence", "zone")

    def __init__(self, wall_cadence: Cadence, zone: tzinfo) -> None:
        self.wall_cadence: Cadence = wall_cadence
        self.zone: tzinfo = zone

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZonedCadence) and (
            (self.wall_cadence, self.zone) == (other.wall_cadence, other.zone)
        )

    def __hash__(self) -> int:
        return hash((self.wall_cadence, self.zone))

    def floor(self, moment: datetime) -> datetime:
        """Return the last start at or before `moment`."""
        cadence = self.wall_cadence
        if self.zone is UTC:
            return cadence.floor(moment)
        local = self.local(moment)
        wall = _bare(local)
        start = cadence.floor(wall)
        if cadence.repeats:
            return moment if start == wall else self.before(moment)
        resolved = self._resolve(start)
        while (
            resolved > moment
        ):  # the clock shows the start twice, and the second time is later than `moment`
            start = cadence.before(start)
            resolved = self._resolve(start)
        # the clock was put back: a start later on the clock can be earlier than `moment`
        while local.fold and (later := self._resolve(cadence.after(start))) <= moment:
            start, resolved = cadence.after(start), later
        return resolved

    def after(self, moment: datetime) -> datetime:
        """Return the first start later than `moment`, which is a start itself."""
        cadence = self.wall_cadence
        if self.zone is UTC:
            return cadence.after(moment)
        if cadence.repeats:
            return self._repeated(moment, cadence.after)
        start = cadence.after(_bare(self.local(moment)))
        while (resolved := self._resolve(start)) <= moment:
            start = cadence.after(start)
        return resolved

    def before(self, moment: datetime) -> datetime:
        """Return the last start earlier than `moment`, which is a start itself (any moment, if `repeats`)."""
        cadence = self.wall_cadence
        if self.zone is UTC:
            return cadence.before(moment)
        if cadence.repeats:
            return self._repeated(moment, cadence.before)
        start = cadence.before(_bare(self.local(moment)))
        while (resolved := self._resolve(start)) >= moment:
            start = cadence.before(start)
        return resolved

    def ceil(self, moment: datetime) -> datetime:
        """Return the first start at or after `moment`."""
        start = self.floor(moment)
        return start if start == moment else self.after(start)

    def count(self, first: datetime, end: datetime) -> int:
        """Return the number of starts from the start `first` up to the start `end`, without `end`.

        The number is negative if `end` is earlier. Starts of calendars are not listed.

        Example:
            >>> zoned = ZonedCadence(Calendar(ScheduleType.HOURLY), zone_named("America/New_York"))
            >>> zoned.count(datetime(1990, 1, 1, 5), datetime(2090, 1, 1, 5))
            876600
        """
        if end < first:
            return -self.count(end, first)
        calendar = self.wall_cadence
        if not isinstance(calendar, Calendar):
            found = 0
            while first < end:
                first = self.after(first)
                found += 1
            return found
        if self.zone is UTC:
            return calendar.number(end) - calendar.number(first)
        if calendar.repeats:
            return self._count_hours(first, end)
        first_wall, end_wall = (calendar.floor(_bare(self.local(each))) for each in (first, end))
        found = calendar.number(end_wall) - calendar.number(first_wall)
        for moment, before, after in skipped_times(self.zone):
            if first < moment <= end:  # all starts in the skipped time are one start
                last = calendar.floor(after)
                earlier = calendar.before(before)
                found -= max(0, calendar.number(last) - calendar.number(earlier) - 1)
        return found

    def _count_hours(self, first: datetime, end: datetime) -> int:
        changes = fractional_changes(self.zone, first.year, end.year)
        edges = [first, *changes[bisect_right(changes, first) : bisect_left(changes, end)], end]
        found = 0
        for low, high in pairwise(edges):
            origin = _EPOCH + timedelta(minutes=self.wall_cadence.floor(_EPOCH).minute)
            origin -= self.local(low).utcoffset() or _NOTHING
            found += (origin - low) // _HOUR - (origin - high) // _HOUR
        return found

    def shift(self, moment: datetime, steps: int) -> datetime:
        """Return the start `steps` starts after (negative: before) the start `moment`.

        Raises:
            OverflowError: The start is out of the range of `datetime`, or not of a calendar and too far away.
        """
        calendar = self.wall_cadence
        if abs(steps) > _FEW_STEPS:
            if isinstance(calendar, Calendar):
                near = self.floor(moment + steps * calendar.step)
                moment, steps = near, steps - self.count(moment, near)
            elif abs(steps) > _MAX_STEPS:
                raise OverflowError(f"more than {_MAX_STEPS:,} starts of a cron schedule")
        for _ in range(abs(steps)):
            moment = self.after(moment) if steps > 0 else self.before(moment)
        return moment

    def local(self, moment: datetime) -> datetime:
        """Return `moment` in the zone of the cadence, with that zone."""
        return self.zone.fromutc(moment.replace(tzinfo=self.zone))

    def utc(self, moment: Moment) -> datetime:
        """Return a moment in UTC. A datetime without a zone is read in the zone of the cadence.

        Raises:
            ParameterCheckError: It is no moment, or out of the range of `datetime`.
        """
        try:
            if not isinstance(moment, datetime):
                return _EPOCH + timedelta(seconds=moment)
            return moment.replace(tzinfo=None, fold=0) - _offset(moment.tzinfo or self.zone, moment)
        except (TypeError, ValueError, OverflowError) as error:
            raise ParameterCheckError(
                f"{repr_of(moment)} is not a valid time ({error}): give a datetime, or seconds since 1970"
            ) from error

    def _resolve(self, wall: datetime) -> datetime:
        """Return the moment at which the start `wall` counts."""
        zone = self.zone
        early, late = _offset(zone, wall), _offset(zone, wall.replace(fold=1))
        if early < late:
            return self._end_of_jump(wall - late, wall - early, late)
        shown_twice = early > late
        return wall - (late if shown_twice and 0 < wall.hour < 23 else early)

    def _end_of_jump(self, low: datetime, high: datetime, offset: timedelta) -> datetime:
        """Return the first second after `low` and up to `high` at which the zone has `offset`."""
        while high - low > _SECOND:
            middle = (low + (high - low) // 2).replace(microsecond=0)
            if self.local(middle).utcoffset() == offset:
                high = middle
            else:
                low = middle
        return high

    def _repeated(self, moment: datetime, step: Callable[[datetime], datetime]) -> datetime:
        """Return the next or previous start of a cadence with `repeats`."""
        local = self.local(moment)
        offset = local.utcoffset() or _NOTHING
        start = step(_bare(local)) - offset
        new_offset = self.local(start).utcoffset() or _NOTHING
        if new_offset == offset:
            return start
        start = moment  # the clock changes between the two starts: search with the offset after the change
        while True:
            start = step(start + new_offset) - new_offset
            if self.local(start).utcoffset() == new_offset:
                return start


def _bare(local: datetime) -> datetime:
    return local.replace(tzinfo=None, fold=0)


def _offset(zone: tzinfo, moment: datetime) -> timedelta:
    return zone.utcoffset(moment) or _NOTHING


def zone_named(name: str) -> tzinfo:
    """Return the time zone with an IANA name.

    Raises:
        DagflowInvalidDefinitionError: The name is unknown.

    Example:
        >>> zone_named("UTC")
        datetime.timezone.utc
    """
    if isinstance(name, str) and name == "UTC":
        return UTC
    import zoneinfo  # imported lazily: it is slow to import, and most definitions are in UTC

    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError, AttributeError) as error:
        known = zoneinfo.available_timezones()
        missing = "" if known else " This machine has no time zone data: install the package 'tzdata'."
        raise DagflowInvalidDefinitionError(
            f"there is no time zone "
            f"{repr_of(name)}.{nearest(name, known) if isinstance(name, str) else ''}{missing} "
            "Use an IANA name as 'Europe/Berlin'"
        ) from error
