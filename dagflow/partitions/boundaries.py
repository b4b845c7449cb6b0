"""The keys on which pipelines often fail: first, last, ends of months and years, leap days, clock changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import DynamicPartitionsStore, Moment, TimeWindow
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition

_TICK = timedelta(microseconds=1)


def boundaries(
    definition: PartitionsDefinition,
    current_time: Moment | None = None,
    dynamic_partitions_store: DynamicPartitionsStore | None = None,
) -> list[str]:
    """Return the keys at which a pipeline should be tested, in the order of the definition.

    These are the first and the last key. Definitions of time windows add three groups: the windows next to
    the end of a year, or of a month unless they are about as long as a month; the windows in which a leap day
    starts or ends; and the windows in which the clock changes. Definitions with two dimensions have all pairs
    of the boundary keys of each dimension.

    Args:
        definition: The partitions.
        current_time: The bound of definitions without an end. Default: the time of the current clock.
        dynamic_partitions_store: The store of the keys of dynamic definitions.

    Example:
        >>> from dagflow.partitions.calendar import DailyPartitionsDefinition
        >>> boundaries(DailyPartitionsDefinition("2024-02-10", end_date="2024-03-10"))
        ['2024-02-10', '2024-02-29', '2024-03-01', '2024-03-09']
    """
    if isinstance(definition, MultiPartitionsDefinition):
        first, second = (
            boundaries(each, current_time, dynamic_partitions_store)
            for each in definition.dimensions.values()
        )
        return definition.pairs(first, second)
    keys = definition.get_partition_keys(current_time, dynamic_partitions_store)
    if not isinstance(definition, TimeWindowPartitionsDefinition):
        return keys[:1] + keys[1:][-1:]
    last = len(keys) - 1
    return [
        key
        for index, key in enumerate(keys)
        if index in (0, last) or _is_boundary(definition.time_window_for_partition_key(key))
    ]


def _is_boundary(window: TimeWindow) -> bool:
    start, end = window
    before, last = _clock(start) - _TICK, _clock(end) - _TICK
    moments = (before, start, last, end)
    return (
        len({moment.year for moment in moments}) > 1
        or (_is_short(window) and len({moment.month for moment in moments}) > 1)
        or _has_leap_day(_clock(start), last)
        or start.utcoffset() != end.utcoffset()
    )


def _clock(local: datetime) -> datetime:
    """Return the time that the clock shows."""
    return local.replace(tzinfo=None, fold=0)


def _is_short(window: TimeWindow) -> bool:
    return _clock(window.end) - _clock(window.start) < timedelta(days=8)


def _has_leap_day(start: datetime, last: datetime) -> bool:
    return any(
        _is_leap(year) and any(start <= moment <= last for moment in _ends_of_leap_day(year))
        for year in range(start.year, last.year + 1)
    )


def _ends_of_leap_day(year: int) -> tuple[datetime, datetime]:
    return datetime(year, 2, 29), datetime(year, 3, 1) - _TICK


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
