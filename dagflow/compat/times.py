"""Small functions about times that packages import from the private module `dagster._time`.

They read the clock of the block, so `freeze_time` and the clocks of tests move them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from dagflow.clock import VirtualClock
from dagflow.options import current_options, set_options


def get_timezone(timezone_name: str) -> tzinfo:
    """Return a time zone by its name.

    Example:
        >>> get_timezone("UTC")
        datetime.timezone.utc
    """
    return timezone.utc if timezone_name.upper() == "UTC" else ZoneInfo(timezone_name)


def _zone(tz: str | tzinfo) -> tzinfo:
    return get_timezone(tz) if isinstance(tz, str) else tz


def get_current_timestamp() -> float:
    """Return the seconds since the epoch.

    Example:
        >>> with freeze_time(5):
        ...     get_current_timestamp()
        5.0
    """
    return current_options().clock.now()


def get_current_datetime(tz: str | tzinfo = "UTC") -> datetime:
    """Return the present time in a time zone.

    Example:
        >>> with freeze_time(5):
        ...     get_current_datetime()
        datetime.datetime(1970, 1, 1, 0, 0, 5, tzinfo=datetime.timezone.utc)
    """
    return datetime_from_timestamp(get_current_timestamp(), tz)


def get_current_datetime_midnight(tz: str | tzinfo = "UTC") -> datetime:
    """Return the last midnight in a time zone.

    Example:
        >>> with freeze_time(5):
        ...     get_current_datetime_midnight()
        datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    return get_current_datetime(tz).replace(hour=0, minute=0, second=0, microsecond=0)


def create_datetime(
    year: int,
    month: int,
    day: int,
    hour: int = 0,
    minute: int = 0,
    second: int = 0,
    microsecond: int = 0,
    *,
    tz: str | tzinfo = "UTC",
) -> datetime:
    """Return a datetime with a time zone.

    Example:
        >>> create_datetime(2024, 2, 29, 6)
        datetime.datetime(2024, 2, 29, 6, 0, tzinfo=datetime.timezone.utc)
    """
    return datetime(year, month, day, hour, minute, second, microsecond, _zone(tz))


def datetime_from_timestamp(timestamp: float, tz: str | tzinfo = timezone.utc) -> datetime:
    """Return the datetime of the seconds since the epoch.

    Example:
        >>> datetime_from_timestamp(0)
        datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    return datetime.fromtimestamp(timestamp, _zone(tz))


def utc_datetime_from_naive(dt: datetime) -> datetime:
    """Return a datetime without a time zone as one in UTC.

    Example:
        >>> utc_datetime_from_naive(datetime(2024, 2, 29))
        datetime.datetime(2024, 2, 29, 0, 0, tzinfo=datetime.timezone.utc)
    """
    return dt.replace(tzinfo=timezone.utc)


def parse_time_string(datetime_str: str) -> datetime:
    """Return the datetime of a string in ISO format, in UTC if it has no time zone.

    Example:
        >>> parse_time_string("2024-02-29T06:00")
        datetime.datetime(2024, 2, 29, 6, 0, tzinfo=datetime.timezone.utc)
    """
    found = datetime.fromisoformat(datetime_str.replace("Z", "+00:00"))  # Python 3.10 does not read the Z
    return found if found.tzinfo else utc_datetime_from_naive(found)


def add_absolute_time(dt: datetime, **delta: float) -> datetime:
    """Return a datetime later by some real time, also across a change to summer time.

    Args:
        dt: A datetime with a time zone.
        delta: The arguments of `timedelta`, such as `hours=24`.

    Example:
        >>> add_absolute_time(create_datetime(2024, 3, 30, 12, tz="Europe/Rome"), hours=24).hour
        13
    """
    return (dt.astimezone(timezone.utc) + timedelta(**delta)).astimezone(dt.tzinfo)


@contextmanager
def freeze_time(new_now: datetime | float) -> Iterator[None]:
    """Stop the clock of dagflow at a moment for a block. Python's own clock goes on.

    Args:
        new_now: A datetime, or the seconds since the epoch.
    """
    with set_options(clock=VirtualClock(new_now)):
        yield
