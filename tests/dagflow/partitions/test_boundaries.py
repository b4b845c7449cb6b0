"""The keys on which pipelines often fail."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow.partitions.boundaries import boundaries
from dagflow.partitions.calendar import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.static import StaticPartitionsDefinition


@pytest.mark.parametrize(
    ("definition", "keys"),
    [
        (StaticPartitionsDefinition(["a", "b", "c"]), ["a", "c"]),
        (StaticPartitionsDefinition(["a"]), ["a"]),
        (StaticPartitionsDefinition([]), []),
        (
            DailyPartitionsDefinition("2023-12-25", end_date="2024-01-10"),
            ["2023-12-25", "2023-12-31", "2024-01-01", "2024-01-09"],
        ),
        (
            DailyPartitionsDefinition("2024-02-20", end_date="2024-03-05"),
            ["2024-02-20", "2024-02-29", "2024-03-01", "2024-03-04"],
        ),
        (
            DailyPartitionsDefinition("2024-03-05", end_date="2024-03-20", timezone="America/New_York"),
            ["2024-03-05", "2024-03-10", "2024-03-19"],
        ),
        (
            MonthlyPartitionsDefinition("2023-10-01", end_date="2024-07-01"),
            ["2023-10-01", "2023-12-01", "2024-01-01", "2024-02-01", "2024-06-01"],
        ),
        (
            WeeklyPartitionsDefinition("2024-05-05", end_date="2024-06-30"),
            ["2024-05-05", "2024-05-26", "2024-06-23"],
        ),
        (
            HourlyPartitionsDefinition("2024-02-28-12:00", end_date="2024-03-01-12:00"),
            [
                "2024-02-28-12:00",
                "2024-02-29-00:00",
                "2024-02-29-23:00",
                "2024-03-01-00:00",
                "2024-03-01-11:00",
            ],
        ),
        (
            HourlyPartitionsDefinition(
                "2024-03-10-00:00", end_date="2024-03-10-08:00", timezone="America/New_York"
            ),
            ["2024-03-10-00:00", "2024-03-10-01:00", "2024-03-10-07:00"],
        ),
    ],
)
def test_boundaries(definition: PartitionsDefinition, keys: list[str]) -> None:
    """Boundaries are the first and the last key.

    Definitions of time add the ends of months and years, leap days and clock changes.
    """
    assert boundaries(definition) == keys


def test_two_dimensions() -> None:
    """The boundaries of two dimensions are all pairs of the boundaries of each dimension."""
    letters = StaticPartitionsDefinition(["x", "y", "z"])

    assert boundaries(MultiPartitionsDefinition({"a": letters, "b": letters})) == ["x|x", "x|z", "z|x", "z|z"]


def test_the_time_and_the_store_are_passed_on(store: Any) -> None:
    """The given time and store bound definitions that grow."""
    days = DailyPartitionsDefinition("2024-01-02")

    assert boundaries(days, current_time=1704412800) == ["2024-01-02", "2024-01-04"]
    shops = DynamicPartitionsDefinition(name="shops")
    assert boundaries(shops, dynamic_partitions_store=store) == ["corner", "station"]


@given(data=st.data())
def test_boundaries_are_keys(data: st.DataObject, time_windows: Any) -> None:
    """Boundaries are keys in order, and include the first and the last."""
    definition = data.draw(time_windows)
    keys = definition.get_partition_keys()

    found = boundaries(definition)

    assert found == [key for key in keys if key in found]
    assert found[:1] + found[-1:] == keys[:1] + keys[-1:]
