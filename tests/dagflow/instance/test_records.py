"""The filters of log records."""

from __future__ import annotations

from datetime import datetime

import pytest

from dagflow import AssetKey, AssetRecordsFilter, CheckError, DagflowEventType, EventRecordsFilter

START = DagflowEventType.STEP_START
SHARED = [
    ("asset_partitions", "2024"),
    ("asset_partitions", [2024]),
    ("storage_ids", 3),
    ("storage_ids", ["3"]),
    ("after_timestamp", datetime(2024, 1, 1)),
    ("before_timestamp", "today"),
]


@pytest.mark.parametrize(
    ("name", "value"), [*SHARED, ("asset_key", "water"), ("after_cursor", "3"), ("before_cursor", 1.5)]
)
def test_events_that_cannot_be_wanted(name, value):
    """The error about an invalid argument of the filter names it."""
    with pytest.raises(CheckError, match=f"'{name}'"):
        EventRecordsFilter(START, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [*SHARED, ("after_storage_id", "3"), ("before_storage_id", 1.5), ("asset_key", "water")],
)
def test_events_of_an_asset_that_cannot_be_wanted(name, value):
    """The error about an invalid argument of the asset filter names it."""
    with pytest.raises(CheckError, match=f"'{name}'"):
        AssetRecordsFilter(**{"asset_key": AssetKey("water"), name: value})


def test_a_type_of_events_by_its_name():
    """An event type as a string raises an error."""
    with pytest.raises(CheckError, match="'event_type'"):
        EventRecordsFilter("STEP_START")
