"""The rare clock changes of a time zone that change the number of hours or days between two dates.

Usual clock changes shift the clock by whole hours, and by less than a day. Between them, windows are counted
by arithmetic. `dagflow.partitions.cadence` corrects the count for the changes of this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache

_HOUR = timedelta(hours=1)
_HALF_DAY = timedelta(hours=12)
_SECOND = timedelta(seconds=1)
_SAMPLE = timedelta(days=3)
"""No zone keeps an offset with a fraction of an hour for less than this time."""
_YEARS = range(1800, 2100)
"""The years in which a zone can have moved to the other side of the date line."""


@lru_cache(maxsize=256)
def fractional_changes(zone: tzinfo, first_year: int, last_year: int) -> tuple[datetime, ...]:
    """Return the moments at which a clock is shifted by a fraction of an hour.

    Args:
        zone: The time zone.
        first_year: The first year that is searched.
        last_year: The last year that is searched.

    Returns:
        The moments in UTC without zone, in order.

    Example:
        >>> import zoneinfo
        >>> fractional_changes(zoneinfo.ZoneInfo("Asia/Kathmandu"), 1950, 2030)
        (datetime.datetime(1985, 12, 31, 18, 30),)
    """
    first, end = datetime(max(first_year, 2), 1, 1), datetime(min(last_year + 1, 9998), 1, 1)
    moments = (first + index * _SAMPLE for index in range((end - first) // _SAMPLE + 2))
    return tuple(found for found, _ in _changes(zone, moments, lambda offset: offset % _HOUR))


@lru_cache(maxsize=256)
def skipped_times(zone: tzinfo) -> tuple[tuple[datetime, datetime, datetime], ...]:
    """Return the times of about a day that the clocks of a zone skipped, because it crossed the date line.

    Args:
        zone: The time zone.

    Returns:
        For each time: the moment of the change in UTC, and the times before and after it on the clock.

    Example:
        >>> import zoneinfo
        >>> [[str(each) for each in skipped] for skipped in skipped_times(zoneinfo.ZoneInfo("Pacific/Apia"))]
        [['2011-12-30 10:00:00', '2011-12-30 00:00:00', '2011-12-31 00:00:00']]
    """
    years = (datetime(year, 1, 1, 12) for year in _YEARS)
    return tuple(
        (found, found + before, found + _offset(zone, found))
        for found, before in _changes(zone, years, lambda offset: offset // _HALF_DAY)
        if _offset(zone, found) - before >= _HALF_DAY
    )


def _changes(
    zone: tzinfo, moments: Iterator[datetime], part: Callable[[timedelta], object]
) -> Iterator[tuple[datetime, timedelta]]:
    """Yield each moment at which a part of the offset changes, with the offset before it."""
    low = next(moments)
    before = _offset(zone, low)
    for moment in moments:
        offset = _offset(zone, moment)
        if part(offset) != part(before):
            high = moment
            while high - low > _SECOND:
                middle = low + ((high - low) // (2 * _SECOND)) * _SECOND
                if part(_offset(zone, middle)) == part(before):
                    low = middle
                else:
                    high = middle
            yield high, _offset(zone, high - _SECOND)
        low, before = moment, offset


def _offset(zone: tzinfo, moment: datetime) -> timedelta:
    local = zone.fromutc(moment.replace(tzinfo=zone))
    return local.utcoffset() or timedelta(0)
