"""Partitions of time: keys, windows, their order, and errors."""

from __future__ import annotations

import pickle
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import Definitions, asset
from dagflow.clock import VirtualClock
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowUnknownPartitionError,
    ParameterCheckError,
)
from dagflow.options import set_options
from dagflow.partitions.cadence import ScheduleType
from dagflow.partitions.calendar import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from dagflow.partitions.keys import PartitionKeyRange, TimeWindow
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition

UTC = timezone.utc
NEW_YORK = "America/New_York"
DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05")


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


# ---- keys


@pytest.mark.parametrize(
    ("definition", "keys"),
    [
        (DAYS, ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]),
        (
            HourlyPartitionsDefinition("2024-01-01-00:00", end_date="2024-01-01-03:00", minute_offset=15),
            ["2024-01-01-00:15", "2024-01-01-01:15"],
        ),
        (
            WeeklyPartitionsDefinition("2024-01-01", end_date="2024-01-29"),
            ["2024-01-07", "2024-01-14", "2024-01-21"],
        ),
        (
            WeeklyPartitionsDefinition("2024-01-01", end_date="2024-01-29", day_offset=3),
            ["2024-01-03", "2024-01-10", "2024-01-17"],
        ),
        (
            WeeklyPartitionsDefinition("2024-01-01", end_date="2024-01-15", day_offset=7),
            ["2024-01-07"],
        ),
        (
            MonthlyPartitionsDefinition("2024-01-15", end_date="2024-05-01"),
            ["2024-02-01", "2024-03-01", "2024-04-01"],
        ),
        (MonthlyPartitionsDefinition("2024-01", end_date="2024-03", fmt="%Y-%m"), ["2024-01", "2024-02"]),
        (
            MonthlyPartitionsDefinition("2024-01-15", end_date="2024-04-01", day_offset=31),
            ["2024-01-31"],
        ),
        (
            TimeWindowPartitionsDefinition(
                "2024-01-04", "%Y-%m-%d", "2024-01-10", cron_schedule="0 0 * * 1-5"
            ),
            ["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"],
        ),
        (
            TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", "2024-03-01", ScheduleType.MONTHLY),
            ["2024-01-01", "2024-02-01"],
        ),
        (DailyPartitionsDefinition("2024-01-05", end_date="2024-01-05"), []),
        (
            DailyPartitionsDefinition(datetime(2024, 2, 28, 5), end_date=datetime(2024, 3, 2)),
            ["2024-02-29", "2024-03-01"],
        ),
    ],
)
def test_keys(definition: TimeWindowPartitionsDefinition, keys: list[str]) -> None:
    """The keys are the complete windows from the start to the end."""
    assert definition.get_partition_keys() == keys
    assert definition.get_first_partition_key() == (keys[0] if keys else None)
    assert definition.get_last_partition_key() == (keys[-1] if keys else None)
    assert definition.get_num_partitions() == len(keys)


@pytest.mark.parametrize(
    ("offset", "last"), [(-2, "2024-05-29"), (-1, "2024-05-30"), (0, "2024-05-31"), (1, "2024-06-01")]
)
def test_without_an_end_the_current_time_bounds(offset: int, last: str) -> None:
    """Windows exist when they are complete; `end_offset` adds or takes away some."""
    days = DailyPartitionsDefinition("2024-01-01", end_offset=offset)

    for now in (_utc(2024, 6, 1), _utc(2024, 6, 1, 23, 59)):
        assert days.get_last_partition_key(now) == last
        assert days.get_partition_keys(now)[-1] == last
        assert days.has_partition_key(last, now)
        assert days.get_next_partition_key(last, now) is None


@pytest.mark.parametrize(("offset", "early"), [(-2, 0), (-1, 1), (0, 2), (1, 3), (2, 4), (3, 4)])
def test_a_fixed_end_wins_over_the_offset(offset: int, early: int) -> None:
    """Long after the end all windows exist; before it, the offset counts up to the end."""
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05", end_offset=offset)

    assert len(days.get_partition_keys(_utc(2024, 6, 1))) == 4
    assert len(days.get_partition_keys(_utc(2024, 1, 3, 5))) == early


def test_the_default_time_is_the_current_clock() -> None:
    """The clock of the current options gives the current time."""
    days = DailyPartitionsDefinition("2024-01-01")

    with set_options(clock=VirtualClock(_utc(2024, 1, 3, 12))):
        assert days.get_partition_keys() == ["2024-01-01", "2024-01-02"]
    with set_options(clock=VirtualClock(_utc(2023, 1, 1))):
        assert days.get_partition_keys() == []
        assert (days.get_first_partition_key(), days.get_last_partition_key()) == (None, None)
        assert (days.get_first_partition_window(), days.get_last_partition_window()) == (None, None)
        with pytest.raises(DagflowUnknownPartitionError, match="no keys yet; the first will be '2024-01-01'"):
            days.validate_partition_key("2024-01-01")


def test_a_time_without_zone_is_local() -> None:
    """A naive `current_time` is read in the zone of the definition, seconds since the epoch are absolute."""
    days = DailyPartitionsDefinition("2024-01-01", timezone=NEW_YORK)

    assert days.get_last_partition_key(datetime(2024, 1, 3, 3)) == "2024-01-02"
    assert days.get_last_partition_key(_utc(2024, 1, 3, 3)) == "2024-01-01"
    assert days.get_last_partition_key(_utc(2024, 1, 3, 3).timestamp()) == "2024-01-01"


@pytest.mark.parametrize(
    "key",
    [
        "2024-1-2",
        "2024-01-02 ",
        "x",
        "",
        "2024-01-05",
        "2023-12-31",
        "2024-02-30",
        "\uff12\uff10\uff12\uff14-01-02",
        "2024-W01-2",
        "0001-01-01",
        "9999-12-31",
        "2024-01-02\x00",
        "../../x",
        "2024-01-02-0500",
        None,
        3,
    ],
)
def test_unknown_keys(key: str) -> None:
    """Values in other formats, of other dates or of other types are not keys."""
    assert not DAYS.has_partition_key(key)


def test_an_unknown_key_is_explained() -> None:
    """The error about a key outside names the existing keys, that about a malformed key an example."""
    with pytest.raises(DagflowUnknownPartitionError, match="keys from '2024-01-01' to '2024-01-04'"):
        DAYS.validate_partition_key("2024-01-05")
    with pytest.raises(
        DagflowUnknownPartitionError, match=r"'x' is not a partition key.*look like '2024-01-01'"
    ):
        DAYS.time_window_for_partition_key("x")


def test_ranges() -> None:
    """A range includes both ends and is empty if reversed; both ends lie in the time of the definition."""
    assert DAYS.get_partition_keys_in_range(PartitionKeyRange("2024-01-02", "2024-01-03")) == [
        "2024-01-02",
        "2024-01-03",
    ]
    assert DAYS.get_partition_keys_in_range(PartitionKeyRange("2024-01-03", "2024-01-02")) == []
    for outside, place in (
        (PartitionKeyRange("2023-12-31", "2024-01-02"), "'2023-12-31' of a range is before"),
        (PartitionKeyRange("2024-01-02", "2024-01-05"), "'2024-01-05' of a range is after"),
    ):
        with pytest.raises(CheckError, match=place):
            DAYS.get_partition_keys_in_range(outside)


def test_keys_in_a_time_window() -> None:
    """The result has the windows that start in the given window, even outside the start and end."""
    window = TimeWindow(_utc(2024, 1, 2, 5), _utc(2024, 1, 4, 5))

    assert DAYS.get_partition_keys_in_time_window(window) == ["2024-01-03", "2024-01-04"]
    assert DAYS.get_partition_keys_in_time_window(TimeWindow(_utc(2023, 12, 31), _utc(2024, 1, 2))) == [
        "2023-12-31",
        "2024-01-01",
    ]
    assert DAYS.get_partition_keys_in_time_window(TimeWindow(_utc(2024, 1, 2, 5), _utc(2024, 1, 2, 7))) == []


def test_neighbours() -> None:
    """The last key has no next key, and the first one no previous key."""
    assert DAYS.get_next_partition_key("2024-01-02") == "2024-01-03"
    assert DAYS.get_prev_partition_key("2024-01-02") == "2024-01-01"
    assert DAYS.get_next_partition_key("2024-01-04") is None
    assert DAYS.get_prev_partition_key("2024-01-01") is None


# ---- windows


def test_windows_are_in_the_zone() -> None:
    """A window has a time zone, and starts at the offset."""
    days = DailyPartitionsDefinition("2024-01-01", timezone=NEW_YORK, hour_offset=6)

    start, end = days.time_window_for_partition_key("2024-01-02")

    assert start.isoformat() == "2024-01-02T06:00:00-05:00"
    assert end.isoformat() == "2024-01-03T06:00:00-05:00"
    assert DAYS.time_window_for_partition_key("2024-01-02").start == _utc(2024, 1, 2)


def test_windows_around_moments() -> None:
    """A moment has a next and a previous window, and a key of the window that contains it."""
    noon = _utc(2024, 1, 2, 12)

    following, previous = DAYS.get_next_partition_window(noon), DAYS.get_prev_partition_window(noon)

    assert following is not None
    assert following.start == _utc(2024, 1, 3)
    assert previous is not None
    assert previous.end == _utc(2024, 1, 2)
    assert DAYS.get_partition_key_for_timestamp(noon.timestamp()) == "2024-01-02"
    assert DAYS.get_next_partition_window(_utc(2024, 1, 5)) is None
    assert DAYS.get_prev_partition_window(_utc(2024, 1, 1)) is None
    beyond = DAYS.get_prev_partition_window(_utc(2024, 1, 1), respect_bounds=False)
    assert beyond is not None
    assert beyond.start == _utc(2023, 12, 31)


def test_first_and_last_window() -> None:
    """The first and last windows belong to the first and last keys."""
    assert DAYS.get_first_partition_window() == DAYS.time_window_for_partition_key("2024-01-01")
    assert DAYS.get_last_partition_window() == DAYS.time_window_for_partition_key("2024-01-04")


def test_keys_outside_have_windows_too() -> None:
    """A key outside the definition has a window too, because the meaning of keys does not depend on time."""
    assert DAYS.time_window_for_partition_key("2030-02-28").end == _utc(2030, 3, 1)
    with pytest.raises(DagflowUnknownPartitionError):
        DAYS.time_window_for_partition_key("9999-12-31")


# ---- values


def test_equal_by_content() -> None:
    """Definitions with the same windows and keys are equal, whatever their arguments."""
    written = [
        DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05"),
        DailyPartitionsDefinition(datetime(2024, 1, 1), end_date=datetime(2024, 1, 5), timezone="UTC"),
        TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", "2024-01-05", cron_schedule="0 0 * * *"),
        TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", "2024-01-05", ScheduleType.DAILY),
        pickle.loads(pickle.dumps(DAYS)),
    ]

    assert all(each == DAYS and hash(each) == hash(DAYS) for each in written)


@pytest.mark.parametrize(
    "other",
    [
        DailyPartitionsDefinition("2024-01-02", end_date="2024-01-05"),
        DailyPartitionsDefinition("2024-01-01"),
        DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05", timezone=NEW_YORK),
        DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05", hour_offset=1),
        DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05", end_offset=1),
        WeeklyPartitionsDefinition("2024-01-01", end_date="2024-01-05"),
        "2024-01-01",
    ],
)
def test_unequal(other: object) -> None:
    """Definitions with different keys or windows are not equal."""
    assert other != DAYS


def test_attributes() -> None:
    """The attributes and the repr show the arguments."""
    weeks = WeeklyPartitionsDefinition(
        "2024-01-01", minute_offset=5, hour_offset=4, day_offset=3, timezone=NEW_YORK
    )
    workdays = TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", cron_schedule="0 0 * * 1-5")

    assert (weeks.minute_offset, weeks.hour_offset, weeks.day_offset) == (5, 4, 3)
    assert (weeks.schedule_type, weeks.cron_schedule) == (ScheduleType.WEEKLY, "5 4 * * 3")
    assert (weeks.timezone, weeks.fmt, weeks.end_offset, weeks.end) == (NEW_YORK, "%Y-%m-%d", 0, None)
    assert weeks.start.isoformat() == "2024-01-01T00:00:00-05:00"
    assert (workdays.schedule_type, workdays.cron_schedule) == (None, "0 0 * * 1-5")
    for name in ("minute_offset", "hour_offset", "day_offset"):
        with pytest.raises(CheckError, match=f"has no {name}"):
            getattr(workdays, name)
    assert (weeks.start_ts, weeks.end_ts) == ((1704085200.0, NEW_YORK), None)
    assert DAYS.end == _utc(2024, 1, 5)
    assert (
        repr(DAYS) == "DailyPartitionsDefinition('2024-01-01', end='2024-01-05', cron_schedule='0 0 * * *')"
    )


# ---- errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start_date": "2024-13-01"}, "start '2024-13-01' of time partitions does not match"),
        ({"start_date": "2024-01-01T00:00"}, "does not match"),
        ({"start_date": "2024-01-01", "end_date": "soon"}, "end 'soon' of time partitions does not match"),
        ({"start_date": "2024-01-01", "timezone": "Mars/Crater"}, "no time zone 'Mars/Crater'"),
        ({"start_date": "2024-01-01", "hour_offset": 24}, "'hour_offset' of daily partitions is 24"),
        ({"start_date": "9999-12-31"}, "too far from today"),
        (
            {"start_date": datetime(2024, 1, 1), "fmt": "%m-%d"},
            r"'01-01', the key of the window that starts at 2024-01-01 .*is read back as 1900-01-01",
        ),
        ({"start_date": datetime(2024, 1, 1), "fmt": "%Y...%m%d"}, "must not contain"),
    ],
)
def test_invalid_definitions(arguments: dict[str, Any], message: str) -> None:
    """Dates, zones, offsets and formats are checked when the definition is made."""
    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        DailyPartitionsDefinition(**arguments)


def test_a_format_that_is_too_coarse() -> None:
    """Windows may share a key; the validation of the definition or the project refuses that."""
    coarse = DailyPartitionsDefinition("2024-01", "2024-03", fmt="%Y-%m")

    @asset(partitions_def=coarse)
    def tides() -> None:
        """Compute nothing."""

    assert set(coarse.get_partition_keys()) == {"2024-01", "2024-02"}
    assert len(coarse.get_partition_keys()) == 60
    with pytest.raises(DagflowInvalidDefinitionError, match="does not distinguish windows"):
        coarse.validate_partition_definition()
    with pytest.raises(DagflowInvalidDefinitionError, match="partitions of asset 'tides': the format"):
        Definitions.validate_loadable(Definitions(assets=[tides]))


@pytest.mark.parametrize(
    "arguments", [{"start_date": 3}, {"start_date": "2024-01-01", "end_offset": "1"}, {"start_date": None}]
)
def test_arguments_of_other_types(arguments: dict[str, Any]) -> None:
    """A date must be a string or a datetime, an offset an integer."""
    with pytest.raises(ParameterCheckError):
        DailyPartitionsDefinition(**arguments)


def test_one_way_to_give_the_starts() -> None:
    """Exactly one of schedule_type and cron_schedule is allowed, and offsets only with schedule_type."""
    for arguments in (
        {},
        {"schedule_type": ScheduleType.DAILY, "cron_schedule": "0 0 * * *"},
        {"cron_schedule": "0 0 * * *", "hour_offset": 3},
        {"schedule_type": "DAILY"},
    ):
        with pytest.raises(CheckError):
            TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", **arguments)


# ---- laws


@given(data=st.data())
def test_a_key_is_its_window(data: st.DataObject, time_windows: Any) -> None:
    """Each key has one window, whose start has the key as its formatted time."""
    definition = data.draw(time_windows)

    for key in definition.get_partition_keys():
        window = definition.time_window_for_partition_key(key)
        assert definition.has_partition_key(key)
        assert key.startswith(window.start.strftime(definition.fmt))
        assert definition.get_partition_key_for_timestamp(window.start.timestamp()) == key
        assert definition.get_partition_key_for_timestamp(window.end.timestamp() - 0.001) == key


@given(data=st.data())
def test_windows_follow_each_other(data: st.DataObject, time_windows: Any) -> None:
    """Each window starts where the one before it ends, within the start and the end."""
    definition = data.draw(time_windows)
    keys = definition.get_partition_keys()

    windows = [
        TimeWindow(*(moment.astimezone(UTC) for moment in definition.time_window_for_partition_key(key)))
        for key in keys
    ]

    assert all(window.start < window.end for window in windows)
    assert all(one.end == other.start for one, other in pairwise(windows))
    assert len(set(keys)) == len(keys)
    if windows:
        assert definition.start.astimezone(UTC) <= windows[0].start
        assert windows[-1].end <= definition.end.astimezone(UTC)


@given(data=st.data(), key=st.dates().map(str) | st.text(max_size=20))
def test_has_exactly_its_keys(data: st.DataObject, key: str, time_windows: Any) -> None:
    """`has_partition_key` and `get_partition_keys` agree for any key and time."""
    definition = data.draw(time_windows)
    now = data.draw(st.datetimes(definition.start.replace(tzinfo=None), datetime(2030, 1, 1)))
    keys = definition.get_partition_keys(now)

    assert definition.has_partition_key(key, now) == (key in keys)
    for each in definition.get_partition_keys():
        assert definition.has_partition_key(each, now) == (each in keys)


@given(data=st.data())
def test_neighbours_follow_the_list(data: st.DataObject, time_windows: Any) -> None:
    """Next and previous keys are the neighbours in the list."""
    definition = data.draw(time_windows)
    keys: list[Any] = definition.get_partition_keys()

    for previous, key, following in zip([None, *keys], keys, [*keys[1:], None], strict=False):
        assert definition.get_prev_partition_key(key) == previous
        assert definition.get_next_partition_key(key) == following
