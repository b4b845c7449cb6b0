"""Where the windows of time-partitioned things start.

A *cadence* knows the starts on a wall clock that is never put forward or back (datetimes without zone): `Calendar`
by arithmetic, `dagflow.partitions.cron.CronSchedule` for everything else. A `Grid` puts a cadence into a time zone:
it takes and gives moments in UTC, because only those can be compared and subtracted on days when clocks change.

Where a clock is changed:

- A start that the clock jumps over happens at the end of the jump.
- A start that the clock shows twice counts once: the second time; next to midnight the first, so that a day has all
  of its hours.
- A cadence that repeats within each hour (`repeats`) has a start each time the clock shows one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from enum import Enum
from typing import Protocol

from dagflow._util import nearest
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError

UTC = timezone.utc
_TICK = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class ScheduleType(Enum):
    """How often the windows of a calendar start."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


class Cadence(Protocol):
    """Starts on a wall clock. All datetimes are without zone."""

    @property
    def repeats(self) -> bool: ...

    @property
    def cron_schedule(self) -> str: ...

    def floor(self, wall: datetime) -> datetime:
        """The last start at or before `wall`."""

    def after(self, wall: datetime) -> datetime:
        """The first start later than `wall`."""

    def before(self, wall: datetime) -> datetime:
        """The last start earlier than `wall`."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Starts each hour, day, week or month.

    Args:
        kind: Which of them.
        minute: The minute of the hour.
        hour: The hour of the day (not hourly).
        day: The day of the week, 0 = Sunday to 6 (weekly), or of the month, from 1 (monthly; months without that
            day have no start).

    Raises:
        DagflowInvalidDefinitionError: A number is out of range.

    Example:
        >>> Calendar(ScheduleType.MONTHLY, day=31).after(datetime(2024, 1, 31))
        datetime.datetime(2024, 3, 31, 0, 0)
    """

    kind: ScheduleType
    minute: int = 0
    hour: int = 0
    day: int = 0

    def __post_init__(self) -> None:
        first, last = {ScheduleType.WEEKLY: (0, 6), ScheduleType.MONTHLY: (1, 31)}.get(self.kind, (0, 0))
        limits = {"minute": (0, 59), "hour": (0, 23), "day": (first, last)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not isinstance(value, int):
                raise ParameterCheckError(f"'{name}_offset' must be an integer, not {value!r}")
            if not low <= value <= high:
                raise DagflowInvalidDefinitionError(
                    f"'{name}_offset' of {self.kind.value.lower()} partitions is {value}, "
                    f"and must be from {low} to {high}"
                )

    @property
    def repeats(self) -> bool:
        """Whether an hour that the clock shows twice has its starts twice."""
        return self.kind is ScheduleType.HOURLY

    @property
    def cron_schedule(self) -> str:
        """The same in cron's words."""
        hour = "*" if self.kind is ScheduleType.HOURLY else self.hour
        month_day = self.day if self.kind is ScheduleType.MONTHLY else "*"
        week_day = self.day if self.kind is ScheduleType.WEEKLY else "*"
        return f"{self.minute} {hour} {month_day} * {week_day}"

    def floor(self, wall: datetime) -> datetime:
        """The last start at or before `wall`."""
        kind = self.kind
        if kind is ScheduleType.MONTHLY:
            return self._month_start(wall, later=False)
        if kind is ScheduleType.HOURLY:
            start, step = wall.replace(minute=self.minute, second=0, microsecond=0), _HOUR
        else:
            start, step = wall.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0), _DAY
            if kind is ScheduleType.WEEKLY:
                start, step = start - timedelta((wall.isoweekday() - self.day) % 7), _WEEK
        return start if start <= wall else start - step

    def after(self, wall: datetime) -> datetime:
        """The first start later than `wall`."""
        kind = self.kind
        if kind is ScheduleType.MONTHLY:
            return self._month_start(wall, later=True)
        step = _DAY if kind is ScheduleType.DAILY else _HOUR if kind is ScheduleType.HOURLY else _WEEK
        return self.floor(wall) + step

    def before(self, wall: datetime) -> datetime:
        """The last start earlier than `wall`."""
        return self.floor(wall - _TICK)

    def _month_start(self, wall: datetime, *, later: bool) -> datetime:
        """The nearest start after `wall`, or (not `later`) at or before it."""
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


class Grid:
    """A cadence in a time zone. Takes and gives moments in UTC.

    Example:
        >>> grid = Grid(Calendar(ScheduleType.DAILY), zone_named("America/New_York"))
        >>> grid.floor(datetime(2024, 3, 10, 12, tzinfo=UTC)).hour, grid.floor(datetime(2024, 3, 11, 12, tzinfo=UTC)).hour
        (5, 4)
    """

    __slots__ = ("cadence", "zone")

    def __init__(self, cadence: Cadence, zone: tzinfo) -> None:
        self.cadence = cadence
        self.zone = zone

    def floor(self, moment: datetime) -> datetime:
        """The last start at or before `moment`."""
        if self.zone is UTC:
            return self.cadence.floor(moment.replace(tzinfo=None)).replace(tzinfo=UTC)
        wall = self._wall(moment)
        if self.cadence.repeats:
            return moment if self.cadence.floor(wall) == wall else self.before(moment)
        start = self.cadence.floor(wall)
        resolved = self._resolve(start)
        while resolved > moment:  # the second of two equal times of the clock is yet to come
            start = self.cadence.before(start)
            resolved = self._resolve(start)
        while (
            later := self._resolve(self.cadence.after(start))
        ) <= moment:  # it came, and the clock went back
            start, resolved = self.cadence.after(start), later
        return resolved

    def after(self, moment: datetime) -> datetime:
        """The first start later than `moment`, which is a start itself."""
        if self.zone is UTC:
            return self.cadence.after(moment.replace(tzinfo=None)).replace(tzinfo=UTC)
        if self.cadence.repeats:
            return self._repeated(moment, self.cadence.after)
        start = self.cadence.after(self._wall(moment))
        while (resolved := self._resolve(start)) <= moment:
            start = self.cadence.after(start)
        return resolved

    def before(self, moment: datetime) -> datetime:
        """The last start earlier than `moment`, which is a start itself or the cadence repeats."""
        if self.zone is UTC:
            return self.cadence.before(moment.replace(tzinfo=None)).replace(tzinfo=UTC)
        if self.cadence.repeats:
            return self._repeated(moment, self.cadence.before)
        start = self.cadence.before(self._wall(moment))
        while (resolved := self._resolve(start)) >= moment:
            start = self.cadence.before(start)
        return resolved

    def ceil(self, moment: datetime) -> datetime:
        """The first start at or after `moment`."""
        start = self.floor(moment)
        return start if start == moment else self.after(start)

    def shift(self, moment: datetime, steps: int) -> datetime:
        """The start that comes `steps` starts after (negative: before) the start `moment`."""
        for _ in range(abs(steps)):
            moment = self.after(moment) if steps > 0 else self.before(moment)
        return moment

    def _wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def _resolve(self, wall: datetime) -> datetime:
        """The one moment at which the start `wall` happens."""
        local = wall.replace(tzinfo=self.zone)
        early, late = _offset(local), _offset(local.replace(fold=1))
        if early > late and 0 < wall.hour < 23:  # shown twice
            early = late
        moment = wall.replace(tzinfo=UTC) - early
        return moment if early >= late else self._end_of_jump(wall.replace(tzinfo=UTC) - late, moment, late)

    def _end_of_jump(self, low: datetime, high: datetime, offset: timedelta) -> datetime:
        """The first moment after `low` and up to `high` at which the zone has `offset`."""
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) // 2
            middle = middle.replace(microsecond=0)
            if _offset(middle.astimezone(self.zone)) == offset:
                high = middle
            else:
                low = middle
        return high

    def _repeated(self, moment: datetime, step: _Step) -> datetime:
        """The next or previous start of a cadence that has one each time the clock shows it."""
        offset = _offset(moment.astimezone(self.zone))
        start = self._shown(step(self._wall(moment)), offset)
        there = _offset(start.astimezone(self.zone))
        if there == offset:
            return start
        start = moment  # the clock is changed on the way: look for what it shows beyond the change
        while True:
            start = self._shown(step((start + there).replace(tzinfo=None)), there)
            if _offset(start.astimezone(self.zone)) == there:
                return start

    @staticmethod
    def _shown(wall: datetime, offset: timedelta) -> datetime:
        return wall.replace(tzinfo=UTC) - offset


class _Step(Protocol):
    def __call__(self, wall: datetime, /) -> datetime: ...


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta(0)


def zone_named(name: str) -> tzinfo:
    """The time zone with an IANA name.

    Raises:
        DagflowInvalidDefinitionError: There is none.

    Example:
        >>> zone_named("UTC")
        datetime.timezone.utc
    """
    if name == "UTC":
        return UTC
    import zoneinfo  # slow to import, and most definitions are in UTC

    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError, AttributeError) as error:
        known = zoneinfo.available_timezones()
        missing = "" if known else " This machine has no time zone data: install the package 'tzdata'."
        raise DagflowInvalidDefinitionError(
            f"there is no time zone {name!r}.{nearest(str(name), known)}{missing} Use an IANA name as 'Europe/Berlin'"
        ) from error
