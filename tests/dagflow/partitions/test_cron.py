"""Windows that start at the times of a cron expression."""

from __future__ import annotations

import sys
from datetime import datetime

import pytest

from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.partitions.cadence import Calendar, ScheduleType, ZonedCadence, zone_named
from dagflow.partitions.cron import CronSchedule, cadence_of
from dagflow.partitions.key_format import MINUTE_FORMAT, KeyFormat
from dagflow.partitions.windows import Windows


@pytest.mark.parametrize(
    ("expression", "calendar"),
    [
        ("15 * * * *", Calendar(ScheduleType.HOURLY, 15)),
        ("30 6 * * *", Calendar(ScheduleType.DAILY, 30, 6)),
        ("0 0 * * 7", Calendar(ScheduleType.WEEKLY, 0, 0, 0)),
        ("0 3 15 * *", Calendar(ScheduleType.MONTHLY, 0, 3, 15)),
        ("@daily", Calendar(ScheduleType.DAILY)),
    ],
)
def test_calendars_need_no_library(expression: str, calendar: Calendar) -> None:
    """Expressions for hours, days, weeks and months become an equal Calendar."""
    assert cadence_of(expression) == calendar
    assert cadence_of(calendar.cron_schedule) == calendar


def test_no_library_is_loaded_for_a_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library only other expressions fail, and the error names the package to install."""
    monkeypatch.setitem(sys.modules, "cronsim", None)

    assert cadence_of("0 0 * * *") == Calendar(ScheduleType.DAILY)
    with pytest.raises(DagflowInvalidDefinitionError, match="needs the package 'cronsim'"):
        cadence_of("0 0 * * 1-5")


def test_general_expressions() -> None:
    """A general expression supports steps forward, backward, and to the start at or before a moment."""
    workdays = cadence_of("0 0 * * 1-5")
    friday, monday = datetime(2024, 1, 5), datetime(2024, 1, 8)

    assert workdays.after(friday) == monday
    assert workdays.before(monday) == friday
    assert workdays.floor(monday) == monday
    assert workdays.floor(datetime(2024, 1, 7, 12, 30, 5)) == friday
    assert workdays.cron_schedule == "0 0 * * 1-5"


def test_only_unnamed_hours_repeat() -> None:
    """An expression with named hours has one start in an hour that the clock shows twice."""
    assert CronSchedule("*/15 * * * *").repeats
    assert not CronSchedule("0 1,2 * * *").repeats


@pytest.mark.parametrize(
    "expression",
    ["", "bad", "0 0 0 * * *", "70 0 * * *", "0 24 * * *", "0 0 31 2 *", "a b c d e", "0 0 32 * *", None],
)
def test_invalid_expressions(expression: str) -> None:
    """An invalid expression, and one that matches no date, are errors at definition time."""
    with pytest.raises(DagflowInvalidDefinitionError, match="cron schedule"):
        cadence_of(expression)


def test_beyond_the_calendar() -> None:
    """Starts before the first or after the last year raise OverflowError, as other date arithmetic does."""
    schedule = CronSchedule("0 0 L * *")

    with pytest.raises(OverflowError):
        schedule.before(datetime(1, 1, 1))
    with pytest.raises(OverflowError):
        schedule.after(datetime(9999, 12, 31))


STARTS = {
    "0 0 * * 1-5": "02-28 00:00, 02-29 00:00, 03-01 00:00, 03-04 00:00",
    "15,45 1-3 * * *": "02-28 01:15, 02-28 01:45, 02-28 02:15, 02-28 02:45",
    "0 9-17/4 * * MON-FRI": "02-27 17:00, 02-28 09:00, 02-28 13:00, 02-28 17:00",
    "50/5 0 * * *": "02-28 00:50, 02-28 00:55, 02-29 00:50, 02-29 00:55",
    "0 0 L * *": "02-29 00:00, 03-31 00:00, 04-30 00:00, 05-31 00:00",
    "0 0 28-L * *": "02-28 00:00, 02-29 00:00, 03-28 00:00, 03-29 00:00",
    "30 2 1,15 * *": "03-01 02:30, 03-15 02:30, 04-01 02:30, 04-15 02:30",
    "0 22-1 * * *": "02-27 22:00, 02-27 23:00, 02-28 00:00, 02-28 01:00",
    "0 22-5/3 * * *": "02-27 22:00, 02-28 02:00, 02-28 05:00, 02-28 22:00",
    "0 5-5 * * *": "02-27 14:00, 02-27 15:00, 02-27 16:00, 02-27 17:00",
    "0 0 * * fri-mon": "03-01 00:00, 03-02 00:00, 03-03 00:00, 03-04 00:00",
    "0 0 ? * 7": "03-03 00:00, 03-10 00:00, 03-17 00:00, 03-24 00:00",
    "0 3 * MAR,JUL 2#1": "03-05 03:00, 07-02 03:00, 03-04 03:00, 07-01 03:00",
    "0 0 * * mon-tue#1": "03-04 00:00, 03-05 00:00, 04-01 00:00, 04-02 00:00",
    "0 0 1-7 * 1#1": "03-04 00:00, 04-01 00:00, 05-06 00:00, 06-03 00:00",
    "5 1 * * L0": "03-31 01:05, 04-28 01:05, 05-26 01:05, 06-30 01:05",
    "0 0 */10 * 1": "03-01 00:00, 03-04 00:00, 03-11 00:00, 03-18 00:00",
    "0 0 */1 * 1": "02-28 00:00, 02-29 00:00, 03-01 00:00, 03-02 00:00",
    "0 0 1-31 * */3": "02-28 00:00, 03-02 00:00, 03-03 00:00, 03-06 00:00",
    "30 2 29 2 *": "02-29 02:30, 02-29 02:30, 02-29 02:30, 02-29 02:30",
}
"""The first four starts after 13:05 on 27 February 2024. Keys are stored, so these must not change."""


@pytest.mark.parametrize("expression", STARTS)
def test_starts_stay_as_they_are(expression: str) -> None:
    """Each form of a field has these starts, forward and backward."""
    schedule = cadence_of(expression)
    moments = [datetime(2024, 2, 27, 13, 5)]
    while len(moments) < 5:
        moments.append(schedule.after(moments[-1]))
    starts = moments[1:]

    assert ", ".join(start.strftime("%m-%d %H:%M") for start in starts) == STARTS[expression]
    assert [schedule.before(start) for start in starts[1:]] == starts[:-1]


@pytest.mark.parametrize(
    ("zone", "expression", "days", "keys"),
    [
        (
            "America/New_York",
            "*/30 1 * * *",
            ("2024-11-03", "2024-11-05"),
            ["11-03-01:00", "11-03-01:30", "11-04-01:00"],
        ),
        (
            "America/New_York",
            "*/30 * * * *",
            ("2024-11-03T00:30", "2024-11-03T02:30"),
            [
                "11-03-00:30",
                "11-03-01:00",
                "11-03-01:30",
                "11-03-01:00-0500",
                "11-03-01:30-0500",
                "11-03-02:00",
            ],
        ),
        (
            "America/New_York",
            "30 1,2 * * *",
            ("2024-03-10", "2024-03-11T02:30"),
            ["03-10-01:30", "03-10-03:00", "03-11-01:30"],
        ),
        (
            "Australia/Lord_Howe",
            "45 1,2 * * *",
            ("2024-04-06T12:00", "2024-04-08T02:00"),
            ["04-07-01:45", "04-07-02:45"],
        ),
        ("America/Sao_Paulo", "0 0 * * 6,0,1", ("2018-11-02", "2018-11-06"), ["11-03-00:00", "11-04-01:00"]),
        (
            "Europe/Berlin",
            "*/30 1-3 * * *",
            ("2024-03-31", "2024-04-01"),
            ["03-31-01:00", "03-31-01:30", "03-31-03:00"],
        ),
    ],
)
def test_clock_changes(zone: str, expression: str, days: tuple[str, str], keys: list[str]) -> None:
    """A start that the clock skips is at the end of the jump. Unnamed hours repeat, named hours do not."""
    zoned = ZonedCadence(cadence_of(expression), zone_named(zone))
    start, end = (zoned.utc(datetime.fromisoformat(day)) for day in days)
    windows = Windows(KeyFormat(MINUTE_FORMAT, zoned), start, end, 0)

    assert [key[5:] for key in windows.keys(windows.first, windows.end)] == keys
