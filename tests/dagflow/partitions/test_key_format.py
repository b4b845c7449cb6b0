"""Formats of the keys of time windows."""

from __future__ import annotations

import pickle
from datetime import datetime
from typing import Any

import pytest

from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.partitions.calendar import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition

NEW_YORK = "America/New_York"


def _check(definition: TimeWindowPartitionsDefinition) -> list[str]:
    """Return the keys, after a check that each is known and is the key of its own window."""
    keys = definition.get_partition_keys()
    assert len(set(keys)) == len(keys)
    assert all(map(definition.has_partition_key, keys))
    starts = [definition.start_of(key) for key in keys]
    assert starts == sorted(set(starts))
    assert pickle.loads(pickle.dumps(definition)).get_partition_keys() == keys
    return keys


def test_an_offset_in_every_key() -> None:
    """With `%z`, the keys of an hour that the clock shows twice differ by their offset alone."""
    hours = HourlyPartitionsDefinition(
        "2024-11-03-00:00-0400", "2024-11-03-03:00-0500", timezone=NEW_YORK, fmt="%Y-%m-%d-%H:%M%z"
    )

    assert _check(hours) == [
        "2024-11-03-00:00-0400",
        "2024-11-03-01:00-0400",
        "2024-11-03-01:00-0500",
        "2024-11-03-02:00-0500",
    ]
    for unknown in ("2024-11-03-02:00-0400", "2024-11-03-01:00", "2024-11-03-01:00-0500-0500", "soon", ""):
        assert not hours.has_partition_key(unknown)


@pytest.mark.parametrize(
    "fmt", ["%Y-%m-%d-%H:%M%z", "%z %Y-%m-%d-%H", "%Y-%m-%d-%H:%M %Z", "%y%m%d %I %p", "%c", "%Y %j %H"]
)
def test_hours_in_utc(fmt: str) -> None:
    """The keys of hours in UTC have the offset +0000 and the name UTC, and are read back."""
    hours = HourlyPartitionsDefinition(datetime(2024, 2, 28, 20), datetime(2024, 3, 1, 4), fmt=fmt)

    keys = _check(hours)
    assert len(keys) == 32
    assert ("%z" in fmt, "%Z" in fmt) == ("+0000" in keys[0], "UTC" in keys[0])


@pytest.mark.parametrize("fmt", ["%Y-%m-%d%z", "%d.%m.%Y", "%A %Y-%m-%d", "%Y-%m-%d%%"])
def test_days_across_a_change_of_the_clock(fmt: str) -> None:
    """The keys of days are read back in summer time and in winter time."""
    arguments: Any = {"timezone": NEW_YORK, "fmt": fmt}
    days = DailyPartitionsDefinition(datetime(2024, 3, 1), datetime(2024, 12, 1), **arguments)

    assert len(_check(days)) == 275


@pytest.mark.parametrize("day", range(7))
@pytest.mark.parametrize("fmt", ["%Y-%W", "%Y-%U", "%G-W%V", "W%V/%G", "%Y-%W-%w", "%G-%V-%u"])
def test_numbers_of_weeks(fmt: str, day: int) -> None:
    """The number of a week names the week that starts in it, on any day and at each end of a year."""
    arguments: Any = {"day_offset": day, "hour_offset": 6, "fmt": fmt}
    keys = _check(WeeklyPartitionsDefinition(datetime(2015, 1, 1), datetime(2024, 1, 1), **arguments))

    assert len(keys) in (468, 469)
    assert WeeklyPartitionsDefinition(keys[5], keys[8], **arguments).get_partition_keys() == keys[5:7]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: DailyPartitionsDefinition("1704067200", fmt="%s"),
            "'%s', which datetime.strptime cannot read",
        ),
        (
            lambda: DailyPartitionsDefinition("2024-01-01", fmt="%F"),
            "'%F', which datetime.strptime cannot read",
        ),
        (lambda: DailyPartitionsDefinition("2024-1-1", fmt="%Y-%-m-%-d"), "'%-', which datetime.strptime"),
        (lambda: DailyPartitionsDefinition("2024-01-01%", fmt="%Y-%m-%d%"), "'%', which datetime.strptime"),
        (
            lambda: DailyPartitionsDefinition("2024-01-01 EST", timezone=NEW_YORK, fmt="%Y-%m-%d %Z"),
            "'%Z', the name of a time zone, which cannot be read from a key. Use '%z'",
        ),
        (lambda: DailyPartitionsDefinition(datetime(2024, 1, 1), fmt="%Y/%Y-%m-%d"), "'%Y' more than once"),
        (lambda: DailyPartitionsDefinition(datetime(2024, 1, 1), fmt="%c %Y"), "cannot be read back"),
        (
            lambda: HourlyPartitionsDefinition(datetime(2024, 1, 1, 8), fmt="%Y-%m-%d %I"),
            r"'2024-01-01 08', the key of the window that starts at 2024-01-01 20:00\+00:00, is read back as "
            r"2024-01-01 08:00\+00:00",
        ),
        (
            lambda: MonthlyPartitionsDefinition(datetime(2024, 6, 1), fmt="%B"),
            "'June', the key of the window that starts at 2024-06-01 .*, is read back as 1900-06-01",
        ),
    ],
)
def test_formats_that_cannot_be_read_back(make: Any, message: str) -> None:
    """A format is refused at the definition if a key cannot be read back, and the error says why."""
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        make()
