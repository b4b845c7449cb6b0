"""Mappings from downstream partitions to the upstream partitions that they depend on."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DagflowUnknownPartitionError,
    ParameterCheckError,
)
from dagflow.partitions.calendar import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.mapping import PartitionMapping
from dagflow.partitions.mappings import (
    AllPartitionMapping,
    IdentityPartitionMapping,
    LastPartitionMapping,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
)
from dagflow.partitions.multi_mapping import (
    DimensionPartitionMapping,
    MultiPartitionMapping,
    MultiToSingleDimensionPartitionMapping,
    default_mapping,
)
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition
from dagflow.partitions.window_mapping import TimeWindowPartitionMapping

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01")
LATER_DAYS = DailyPartitionsDefinition("2024-01-10", end_date="2024-03-01")
MANY_DAYS = DailyPartitionsDefinition("2023-01-01", end_date="2025-01-01")
HOURS = HourlyPartitionsDefinition("2024-01-01-00:00", end_date="2024-02-01-00:00")
MONTHS = MonthlyPartitionsDefinition("2024-01-01", end_date="2024-05-01")
LETTERS = StaticPartitionsDefinition(["a", "b"])


def _default(
    keys: list[str], downstream: PartitionsDefinition | None, upstream: PartitionsDefinition
) -> list[str]:
    mapping = default_mapping(downstream, upstream)
    assert mapping is not None
    return mapping.upstream_keys(keys, downstream, upstream)


# ---- windows


@pytest.mark.parametrize(
    ("offsets", "downstream", "upstream", "key", "expected"),
    [
        ((-1, 0), DAYS, DAYS, "2024-01-05", ["2024-01-04", "2024-01-05"]),
        ((-1, -1), DAYS, DAYS, "2024-01-05", ["2024-01-04"]),
        ((1, 1), DAYS, DAYS, "2024-02-01", ["2024-02-02"]),
        ((1, 0), DAYS, DAYS, "2024-02-01", []),
        ((-1, 0), DAYS, DAYS, "2024-01-01", ["2024-01-01"]),
        ((-1, -1), DAYS, DAYS, "2024-01-01", []),
        ((0, 1), DAYS, DAYS, "2024-02-29", ["2024-02-29"]),
        ((1, 1), DAYS, DAYS, "2024-02-29", []),
        ((-1, 0), DAYS, MANY_DAYS, "2024-01-01", ["2023-12-31", "2024-01-01"]),
        ((0, 1), DAYS, MANY_DAYS, "2024-02-29", ["2024-02-29", "2024-03-01"]),
        ((-1, -1), MANY_DAYS, DAYS, "2024-03-01", ["2024-02-29"]),
        ((-1, 0), HOURS, DAYS, "2024-01-05-00:00", ["2024-01-04", "2024-01-05"]),
        ((-1, 0), HOURS, DAYS, "2024-01-05-05:00", ["2024-01-05"]),
    ],
)
def test_offsets(
    offsets: tuple[int, int],
    downstream: TimeWindowPartitionsDefinition,
    upstream: TimeWindowPartitionsDefinition,
    key: str,
    expected: list[str],
) -> None:
    """Offsets count downstream windows; windows that they move beyond the upstream windows are ignored."""
    assert TimeWindowPartitionMapping(*offsets).upstream_keys([key], downstream, upstream) == expected


def test_offsets_move_runs_of_keys() -> None:
    """Adjacent keys are moved as one window, other keys one by one."""
    mapping = TimeWindowPartitionMapping(-1, -1)

    assert mapping.upstream_keys(["2024-01-06", "2024-01-05"], DAYS, DAYS) == ["2024-01-04", "2024-01-05"]
    assert mapping.upstream_keys(["2024-01-05", "2024-01-07"], DAYS, DAYS) == ["2024-01-04", "2024-01-06"]
    assert TimeWindowPartitionMapping(2, 0).upstream_keys(
        ["2024-01-05", "2024-01-06", "2024-01-07"], DAYS, DAYS
    ) == ["2024-01-07"]


@pytest.mark.parametrize(
    ("offsets", "downstream", "upstream", "key"),
    [
        ((0, 0), MONTHS, DAYS, "2024-03-01"),
        ((0, 0), DAYS, LATER_DAYS, "2024-01-05"),
        ((0, 0), MONTHS, LATER_DAYS, "2024-01-01"),
        ((0, 0), MANY_DAYS, DAYS, "2024-04-05"),
        ((0, 0), MONTHS, DailyPartitionsDefinition("2024-01-01", end_date="2024-01-20"), "2024-01-01"),
        ((-1, 0), MANY_DAYS, DAYS, "2024-03-01"),
        ((0, 1), DAYS, LATER_DAYS, "2024-01-05"),
        ((-1, 1), DAYS, DailyPartitionsDefinition("2024-01-01", end_date="2024-01-01"), "2024-01-05"),
    ],
)
def test_windows_that_do_not_exist(
    offsets: tuple[int, int],
    downstream: TimeWindowPartitionsDefinition,
    upstream: TimeWindowPartitionsDefinition,
    key: str,
) -> None:
    """A dependency on a window that does not exist is an error, unless the mapping allows it."""
    with pytest.raises(DagflowInvariantViolationError, match="upstream partitions that do not exist"):
        TimeWindowPartitionMapping(*offsets).upstream_keys([key], downstream, upstream)

    found = TimeWindowPartitionMapping(*offsets, True).upstream_keys([key], downstream, upstream)
    assert all(upstream.has_partition_key(each) for each in found)


def test_existing_windows_depend_on_now() -> None:
    """An incomplete month depends on days that do not exist, which is an error."""
    months = MonthlyPartitionsDefinition("2024-01-01", end_offset=1)
    days = DailyPartitionsDefinition("2024-01-01")
    now = datetime(2024, 6, 3, 5, tzinfo=timezone.utc)

    with pytest.raises(
        DagflowInvariantViolationError, match=r"'2024-06-03', '2024-06-04', '2024-06-05', \.\.\."
    ):
        TimeWindowPartitionMapping().upstream_keys(["2024-06-01"], months, days, now=now)
    allowing = TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    assert allowing.upstream_keys(["2024-06-01"], months, days, now=now) == ["2024-06-01", "2024-06-02"]


def test_windows_of_other_zones_do_not_match() -> None:
    """Windows in different time zones cannot be mapped."""
    new_york = DailyPartitionsDefinition("2024-01-01", timezone="America/New_York")

    with pytest.raises(DagflowInvalidDefinitionError, match="same timezone"):
        _default(["2024-01-05"], new_york, DAYS)


def test_both_sides_need_time_windows() -> None:
    """Both definitions must have time windows, and offsets must be integers."""
    for downstream, upstream in ((LETTERS, DAYS), (DAYS, LETTERS), (None, DAYS)):
        with pytest.raises(ParameterCheckError, match="needs time windows on both sides"):
            TimeWindowPartitionMapping().upstream_keys([], downstream, upstream)
    with pytest.raises(ParameterCheckError, match=r"'start_offset'.* must be an integer"):
        TimeWindowPartitionMapping("1")  # type: ignore[arg-type]


# ---- the other mappings


def test_all_last_and_certain_keys() -> None:
    """These mappings ignore the downstream keys, so an asset without partitions may use them."""
    for downstream in (None, LETTERS):
        assert AllPartitionMapping().upstream_keys([], downstream, LETTERS) == ["a", "b"]
        assert LastPartitionMapping().upstream_keys([], downstream, DAYS) == ["2024-02-29"]
        certain = SpecificPartitionsPartitionMapping(["2024-01-07", "2024-01-05"])
        assert certain.upstream_keys([], downstream, DAYS) == ["2024-01-07", "2024-01-05"]


def test_last_of_none() -> None:
    """A definition without keys has no last key."""
    assert LastPartitionMapping().upstream_keys([], None, StaticPartitionsDefinition([])) == []


def test_certain_keys_must_exist() -> None:
    """The error about a missing upstream key names it."""
    with pytest.raises(DagflowInvariantViolationError, match="do not exist: 'q'"):
        SpecificPartitionsPartitionMapping(["q"]).upstream_keys([], None, LETTERS)


def test_identity_needs_keys() -> None:
    """An asset without partitions cannot use the identity mapping."""
    with pytest.raises(CheckError, match="asset without partitions"):
        IdentityPartitionMapping().upstream_keys([], None, LETTERS)


def test_a_table() -> None:
    """The table is read from downstream to upstream, in the order of the upstream keys."""
    upstream = StaticPartitionsDefinition(["u2", "u1", "u3"])
    table = StaticPartitionMapping({"u1": "a", "u2": ["a", "b"]})

    assert table.upstream_keys(["a"], LETTERS, upstream) == ["u2", "u1"]
    assert table.upstream_keys(["b"], LETTERS, upstream) == ["u2"]
    assert table.upstream_keys(["c"], LETTERS, upstream) == []


def test_a_table_that_does_not_fit() -> None:
    """Unknown upstream keys in the table, and a value that is not a mapping, are errors."""
    with pytest.raises(DagflowUnknownPartitionError, match="has 'u9', which"):
        StaticPartitionMapping({"u9": "a"}).upstream_keys(["a"], LETTERS, LETTERS)
    with pytest.raises(DagflowUnknownPartitionError, match="has 'd9'"):
        StaticPartitionMapping({"a": ["a", "d9"]}).upstream_keys(["a"], LETTERS, LETTERS)
    with pytest.raises(ParameterCheckError):
        StaticPartitionMapping(["a"])  # type: ignore[arg-type]


def test_dynamic_keys(store: Any) -> None:
    """The keys of a dynamic upstream definition come from the store."""
    shops = DynamicPartitionsDefinition(name="shops")

    assert AllPartitionMapping().upstream_keys([], None, shops, dynamic=store) == ["corner", "station"]
    assert IdentityPartitionMapping().upstream_keys(["corner"], shops, shops, dynamic=store) == ["corner"]


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        (IdentityPartitionMapping(), IdentityPartitionMapping(), AllPartitionMapping()),
        (
            StaticPartitionMapping({"a": "x", "b": ["y", "z"]}),
            StaticPartitionMapping({"b": ["z", "y"], "a": ["x"]}),
            StaticPartitionMapping({"a": "x"}),
        ),
        (
            SpecificPartitionsPartitionMapping(["a"]),
            SpecificPartitionsPartitionMapping(["a"]),
            SpecificPartitionsPartitionMapping(["b"]),
        ),
        (TimeWindowPartitionMapping(-1), TimeWindowPartitionMapping(-1, 0), TimeWindowPartitionMapping()),
        (
            MultiToSingleDimensionPartitionMapping("x"),
            MultiToSingleDimensionPartitionMapping("x"),
            MultiToSingleDimensionPartitionMapping(),
        ),
        (
            MultiPartitionMapping({"x": DimensionPartitionMapping("y", AllPartitionMapping())}),
            MultiPartitionMapping({"x": DimensionPartitionMapping("y", AllPartitionMapping())}),
            MultiPartitionMapping({}),
        ),
    ],
)
def test_mappings_are_values(one: PartitionMapping, same: PartitionMapping, other: PartitionMapping) -> None:
    """Mappings are equal by content, and the repr shows the content."""
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "text"
    assert repr(one).startswith(type(one).__name__)


# ---- laws


@given(data=st.data(), zone=st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe"]))
def test_there_and_back(data: st.DataObject, zone: str) -> None:
    """A day is in the month that it depends on, and that month depends on the day."""
    days = DailyPartitionsDefinition("2023-01-01", end_date="2025-01-01", timezone=zone)
    months = MonthlyPartitionsDefinition("2023-01-01", end_date="2025-01-01", timezone=zone)
    day = data.draw(st.sampled_from(days.get_partition_keys()))

    needed = _default([day], days, months)

    assert needed == [day[:8] + "01"]
    assert day in _default(needed, months, days)


@given(data=st.data(), kinds=st.permutations([DAYS, HOURS, WeeklyPartitionsDefinition("2024-01-07"), MONTHS]))
def test_a_mapping_finds_the_overlap(
    data: st.DataObject, kinds: list[TimeWindowPartitionsDefinition]
) -> None:
    """A window depends on exactly those upstream windows that overlap it."""
    downstream, upstream = kinds[:2]
    now = datetime(2024, 3, 1, tzinfo=timezone.utc)
    keys = downstream.get_partition_keys(now)
    assume(keys)
    start, end = downstream.time_window_for_partition_key(key := data.draw(st.sampled_from(keys)))

    found = TimeWindowPartitionMapping(0, 0, True).upstream_keys([key], downstream, upstream, now=now)

    windows = [
        (each, upstream.time_window_for_partition_key(each)) for each in upstream.get_partition_keys(now)
    ]
    assert found == [each for each, window in windows if window.start < end and start < window.end]
