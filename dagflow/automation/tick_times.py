"""The times of the ticks of a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from itertools import groupby, islice

from dagflow.defs.automation.schedule import ScheduleDefinition
from dagflow.errors import CheckError, check_type
from dagflow.partitions.cadence import ZonedCadence, zone_named
from dagflow.partitions.cron import cadence_of
from dagflow.partitions.keys import Moment


def tick_times(schedule: ScheduleDefinition, after: Moment, count: int) -> list[datetime]:
    """Return the next times at which a schedule ticks, in its time zone.

    Args:
        schedule: The schedule.
        after: A moment; the times are later than it. Seconds since the epoch, or a datetime, which is in the
            time zone of the schedule if it has none.
        count: The number of times.

    Raises:
        ParameterCheckError: `schedule` is not a ScheduleDefinition.
        CheckError: `count` is negative.

    Example:
        >>> from datetime import datetime
        >>> from dagflow import ScheduleDefinition
        >>> nightly = ScheduleDefinition("nightly", cron_schedule="@daily", job_name="brew")
        >>> [str(time.date()) for time in tick_times(nightly, datetime(2024, 2, 28, 12), 2)]
        ['2024-02-29', '2024-03-01']
    """
    if count < 0:
        raise CheckError(f"parameter 'count' of tick_times must not be negative, but it is {count}")
    return list(islice(iterate_tick_times(schedule, after), count))


def iterate_tick_times(
    schedule: ScheduleDefinition, after: Moment, *, is_included: bool = False
) -> Iterator[datetime]:
    """Yield the times at which a schedule ticks, in its time zone, without an end.

    Args:
        schedule: The schedule.
        after: The moment after which the times are; see `tick_times`.
        is_included: Whether `after` itself can be a time.
    """
    check_type(schedule, ScheduleDefinition, "schedule", "tick_times")
    given = schedule.cron_schedule
    expressions = [given] if isinstance(given, str) else given
    zone = zone_named(schedule.execution_timezone or "UTC")
    cadences = [ZonedCadence(cadence_of(expression), zone) for expression in expressions]
    starts = merge(*(_starts(cadence, after, is_included) for cadence in cadences))
    return (cadences[0].local(moment) for moment, _ in groupby(starts))


def _starts(cadence: ZonedCadence, after: Moment, is_included: bool) -> Iterator[datetime]:
    moment = cadence.utc(after)
    if is_included and cadence.floor(moment) == moment:
        yield moment
    while True:
        moment = cadence.after(moment)
        yield moment
