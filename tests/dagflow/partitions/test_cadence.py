"""The starts of windows, on normal days and on days with clock changes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError
from dagflow.partitions.cadence import UTC, Calendar, ScheduleType, ZonedCadence, zone_named
from dagflow.partitions.cron import cadence_of

HOUR = timedelta(hours=1)


def _starts(expression: str, zone: str, first: datetime, count: int) -> list[str]:
    """Return the local times, with offsets, of some starts from a moment in UTC."""
    zoned = ZonedCadence(cadence_of(expression), zone_named(zone))
    start = zoned.ceil(first)
    result = []
    for _ in range(count):
        result.append(zoned.local(start).strftime("%d %H:%M %z"))
        start = zoned.after(start)
    return result


def test_a_start_that_is_jumped_over_happens_at_the_end_of_the_jump() -> None:
    """In New York there is no 02:30 on 10 March 2024; the window of that day starts at 03:00."""
    starts = _starts("30 2 * * *", "America/New_York", datetime(2024, 3, 9, 12), 2)

    assert starts == ["10 03:00 -0400", "11 02:30 -0400"]


def test_a_midnight_that_is_jumped_over() -> None:
    """In São Paulo 4 November 2018 began at 01:00."""
    assert _starts("0 0 * * *", "America/Sao_Paulo", datetime(2018, 11, 3, 12), 1) == ["04 01:00 -0200"]


def test_a_start_that_is_shown_twice_counts_the_second_time() -> None:
    """In New York 01:30 comes twice on 3 November 2024."""
    assert _starts("30 1 * * *", "America/New_York", datetime(2024, 11, 3, 0), 1) == ["03 01:30 -0500"]


def test_next_to_midnight_the_first_time_counts() -> None:
    """In Havana 00:00 comes twice on 3 November 2024, and the day has 25 hours."""
    starts = _starts("0 0 * * *", "America/Havana", datetime(2024, 11, 3, 0), 2)

    assert starts == ["03 00:00 -0400", "04 00:00 -0500"]


def test_each_hour_counts() -> None:
    """Hours that the clock shows twice are two windows; hours that it skips have no window."""
    autumn = _starts("0 * * * *", "Europe/London", datetime(2024, 10, 27, 0), 3)
    spring = _starts("0 * * * *", "Europe/London", datetime(2024, 3, 31, 0), 2)

    assert autumn == ["27 01:00 +0100", "27 01:00 +0000", "27 02:00 +0000"]
    assert spring == ["31 00:00 +0000", "31 02:00 +0100"]


def test_a_day_that_a_country_left_out() -> None:
    """In Apia there was no 30 December 2011."""
    starts = _starts("0 0 * * *", "Pacific/Apia", datetime(2011, 12, 29, 10), 3)

    assert starts == ["29 00:00 -1000", "31 00:00 +1400", "01 00:00 +1400"]


def test_minutes_in_a_jump_are_one_start() -> None:
    """Two starts within the same jump happen at the same moment, which is one start."""
    starts = _starts("0,30 2 * * *", "America/New_York", datetime(2024, 3, 10, 6), 2)

    zoned = ZonedCadence(cadence_of("0,30 2 * * *"), zone_named("America/New_York"))

    assert starts == ["10 03:00 -0400", "11 02:00 -0400"]
    assert zoned.before(datetime(2024, 3, 10, 7)) == datetime(2024, 3, 9, 7, 30)


def test_moments_between_two_equal_times_of_the_clock() -> None:
    """The last start between the two showings of a time depends on the showing that counts."""
    second = ZonedCadence(cadence_of("30 1 * * *"), zone_named("America/New_York"))
    first = ZonedCadence(cadence_of("30 23 * * *"), zone_named("America/Sao_Paulo"))

    assert second.floor(datetime(2024, 11, 3, 5, 45)) == datetime(2024, 11, 2, 5, 30)
    assert second.floor(datetime(2024, 11, 3, 6, 45)) == datetime(2024, 11, 3, 6, 30)
    assert first.floor(datetime(2018, 2, 18, 2, 15)) == datetime(2018, 2, 18, 1, 30)


def test_a_step_forward_never_leads_back() -> None:
    """In 1988 the clocks of St. John's were put back by two hours around midnight."""
    zoned = ZonedCadence(cadence_of("30 22,23 * * *"), zone_named("America/St_Johns"))

    assert zoned.after(datetime(1988, 10, 30, 2)) == datetime(1988, 10, 31, 2)


def test_months_without_the_day() -> None:
    """The 31st exists in seven months, the 29th of February in leap years."""
    last = Calendar(ScheduleType.MONTHLY, day=31)
    leap = Calendar(ScheduleType.MONTHLY, day=29)

    assert last.after(datetime(2024, 1, 31)) == datetime(2024, 3, 31)
    assert last.before(datetime(2024, 3, 31)) == datetime(2024, 1, 31)
    assert leap.after(datetime(2024, 1, 29)) == datetime(2024, 2, 29)
    assert leap.after(datetime(2023, 1, 29)) == datetime(2023, 3, 29)


def test_beyond_the_calendar() -> None:
    """Starts before the first or after the last year raise OverflowError, as other date arithmetic does."""
    for kind in (ScheduleType.DAILY, ScheduleType.MONTHLY):
        calendar = Calendar(kind, day=1 if kind is ScheduleType.MONTHLY else 0)
        with pytest.raises(OverflowError):
            calendar.after(datetime(9999, 12, 31))
        with pytest.raises(OverflowError):
            calendar.before(datetime(1, 1, 1))


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        (ScheduleType.HOURLY, {"minute": 60}),
        (ScheduleType.DAILY, {"hour": 24}),
        (ScheduleType.DAILY, {"minute": -1}),
        (ScheduleType.DAILY, {"day": 1}),
        (ScheduleType.WEEKLY, {"day": 7}),
        (ScheduleType.MONTHLY, {"day": 0}),
        (ScheduleType.MONTHLY, {"day": 32}),
    ],
)
def test_offsets_have_limits(kind: ScheduleType, numbers: dict[str, int]) -> None:
    """A number out of range is an error that names the range."""
    with pytest.raises(DagflowInvalidDefinitionError, match="must be from"):
        Calendar(kind, **numbers)


def test_offsets_are_integers() -> None:
    """A string is not an offset."""
    with pytest.raises(ParameterCheckError, match="'minute_offset' must be an integer, not '5'"):
        Calendar(ScheduleType.DAILY, "5")  # type: ignore[arg-type]


def test_zones() -> None:
    """UTC needs no time zone data; other zones are read from it."""
    assert zone_named("UTC") is UTC
    assert str(zone_named("Europe/Berlin")) == "Europe/Berlin"


@pytest.mark.parametrize("name", ["Mars/Crater", "../../etc/passwd", "Europe/Berlim", "a\x00b", "Europe", 3])
def test_unknown_zones(name: str) -> None:
    """An unknown zone is an error."""
    with pytest.raises(DagflowInvalidDefinitionError, match="there is no time zone"):
        zone_named(name)


def test_a_similar_zone_is_suggested() -> None:
    """The error about an unknown zone suggests a similar name."""
    with pytest.raises(DagflowInvalidDefinitionError, match="Did you mean 'Europe/Berlin'"):
        zone_named("Europe/Berlim")


@given(
    expression=st.sampled_from(
        [
            "0 * * * *",
            "45 * * * *",
            "0 0 * * *",
            "30 1 * * *",
            "30 2 * * *",
            "30 23 * * *",
            "0 0 * * 0",
            "0 2 31 * *",
            "*/20 * * * *",
            "0 1,2,3 * * *",
            "0 0 * * 1-5",
        ]
    ),
    zone=st.sampled_from(
        [
            "UTC",
            "America/New_York",
            "America/Havana",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "Pacific/Apia",
        ]
    ),
    moment=st.datetimes(datetime(2010, 1, 1), datetime(2025, 1, 1))
    | st.sampled_from(
        [datetime(2024, 3, 10, 7), datetime(2024, 11, 3, 5), datetime(2018, 2, 18, 2, 10)]
    ).flatmap(lambda change: st.timedeltas(-3 * HOUR, 3 * HOUR).map(lambda near: change + near)),
)
def test_steps_undo_each_other(expression: str, zone: str, moment: datetime) -> None:
    """A moment is between its floor and the next start; a step forward and a step back cancel out."""
    zoned = ZonedCadence(cadence_of(expression), zone_named(zone))

    start = zoned.floor(moment)
    following = zoned.after(start)

    assert start <= moment < following
    assert zoned.floor(start) == start
    assert zoned.before(following) == start
    assert zoned.floor(following - timedelta(microseconds=1)) == start
    assert zoned.ceil(moment) == (start if start == moment else following)
    assert zoned.shift(zoned.shift(start, 3), -3) == start
    assert zoned.utc(zoned.local(start)) == start
