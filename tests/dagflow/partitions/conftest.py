"""Fixtures for the tests of partitions: a store of dynamic partitions, and definitions for property tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st

from dagflow.partitions.cadence import ScheduleType
from dagflow.partitions.calendar import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition

_ZONES = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
]
_CLASSES = {
    ScheduleType.HOURLY: HourlyPartitionsDefinition,
    ScheduleType.DAILY: DailyPartitionsDefinition,
    ScheduleType.WEEKLY: WeeklyPartitionsDefinition,
    ScheduleType.MONTHLY: MonthlyPartitionsDefinition,
}
_DAYS = {
    ScheduleType.HOURLY: 3,
    ScheduleType.DAILY: 90,
    ScheduleType.WEEKLY: 400,
    ScheduleType.MONTHLY: 1500,
}


class Store:
    """A store of the keys of dynamic partitions definitions."""

    def __init__(self, **keys: Sequence[str]) -> None:
        self.keys = keys

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        return self.keys.get(partitions_def_name, [])


@pytest.fixture
def store() -> Store:
    """Return a store in which the definition 'shops' has two keys."""
    return Store(shops=["corner", "station"])


def _definition(
    kind: ScheduleType, zone: str, start: datetime, days: int, minute: int, hour: int
) -> TimeWindowPartitionsDefinition:
    offsets = {} if kind is ScheduleType.HOURLY else {"hour_offset": hour}
    definition: TimeWindowPartitionsDefinition = _CLASSES[kind](
        start, end_date=start + timedelta(days), minute_offset=minute, timezone=zone, **offsets
    )
    return definition


@pytest.fixture(scope="session")
def time_windows() -> st.SearchStrategy[TimeWindowPartitionsDefinition]:
    """Return definitions of each type, in zones with different clock changes."""
    return st.sampled_from(ScheduleType).flatmap(
        lambda kind: st.builds(
            _definition,
            st.just(kind),
            st.sampled_from(_ZONES),
            st.datetimes(datetime(2016, 1, 1), datetime(2026, 1, 1))
            | st.sampled_from(
                [datetime(2024, 3, 9), datetime(2024, 11, 2), datetime(2018, 11, 3), datetime(2024, 4, 6)]
            ),
            st.integers(1, _DAYS[kind]),
            st.sampled_from([0, 0, 15, 30, 59]),
            st.sampled_from([0, 0, 1, 2, 6, 23]),
        )
    )
