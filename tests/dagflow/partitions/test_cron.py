"""Windows that start when a cron expression says so."""

from __future__ import annotations

import sys
from datetime import datetime

import pytest

from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.partitions.cron import CronSchedule, cadence_of
from dagflow.partitions.grid import Calendar, ScheduleType


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
def test_what_a_calendar_can_say_needs_no_library(expression: str, calendar: Calendar) -> None:
    """Hours, days, weeks and months are computed, and say the same in cron's words."""
    assert cadence_of(expression) == calendar
    assert cadence_of(calendar.cron_schedule) == calendar


def test_no_library_is_loaded_for_a_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library only the expressions that need it fail, and say what to install."""
    monkeypatch.setitem(sys.modules, "croniter", None)

    assert cadence_of("0 0 * * *") == Calendar(ScheduleType.DAILY)
    with pytest.raises(DagflowInvalidDefinitionError, match="needs the package 'croniter'"):
        cadence_of("0 0 * * 1-5")


def test_general_expressions() -> None:
    """Steps forward, backward, and to the start at or before a moment."""
    workdays = cadence_of("0 0 * * 1-5")
    friday, monday = datetime(2024, 1, 5), datetime(2024, 1, 8)

    assert workdays.after(friday) == monday
    assert workdays.before(monday) == friday
    assert workdays.floor(monday) == monday
    assert workdays.floor(datetime(2024, 1, 7, 12, 30, 5)) == friday
    assert workdays.cron_schedule == "0 0 * * 1-5"


def test_only_unnamed_hours_repeat() -> None:
    """An expression that names its hours has one start where the clock shows an hour twice."""
    assert CronSchedule("*/15 * * * *").repeats
    assert not CronSchedule("0 1,2 * * *").repeats


@pytest.mark.parametrize(
    "expression",
    ["", "bad", "0 0 0 * * *", "70 0 * * *", "0 24 * * *", "0 0 31 2 *", "a b c d e", "0 0 32 * *", None],
)
def test_what_is_no_expression(expression: str) -> None:
    """Expressions that cannot be read, or never come true, are refused at once."""
    with pytest.raises(DagflowInvalidDefinitionError, match="cron schedule"):
        cadence_of(expression)


def test_beyond_the_calendar() -> None:
    """Before the first and after the last year there is nothing, as in other date arithmetic."""
    schedule = CronSchedule("0 0 L * *")

    with pytest.raises(OverflowError):
        schedule.before(datetime(1, 1, 1))
    with pytest.raises(OverflowError):
        schedule.after(datetime(9999, 12, 31))
