"""Definitions, subsets and mappings of partitions as JSON strings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dagflow import (
    AllPartitionMapping,
    DagflowSerializationError,
    DailyPartitionsDefinition,
    DimensionPartitionMapping,
    IdentityPartitionMapping,
    LastPartitionMapping,
    MultiPartitionMapping,
    MultiToSingleDimensionPartitionMapping,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
    TimeWindowPartitionMapping,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
    deserialize_value,
    serialize_value,
)

DAYS = DailyPartitionsDefinition(
    datetime(2024, 1, 1, 5),
    end_date="2024-05-01",
    timezone="America/New_York",
    end_offset=1,
    exclusions=["0 0 * * 6", datetime(2024, 1, 3)],
)
WEEKS = WeeklyPartitionsDefinition("2024-01-01", hour_offset=3)


@pytest.mark.parametrize("definition", [DAYS, WEEKS])
def test_a_subset_of_windows(definition: DailyPartitionsDefinition) -> None:
    """A subset that can be stored has a definition without a calendar; both are equal to the first ones."""
    keys = definition.get_partition_keys(current_time=datetime(2024, 3, 1))[2:4]
    subset = definition.subset_with_partition_keys(keys).to_serializable_subset()

    stored = deserialize_value(serialize_value(subset))
    assert stored == subset
    assert stored.get_partition_keys() == keys
    assert type(stored.partitions_def) is TimeWindowPartitionsDefinition
    assert stored.partitions_def == definition
    assert subset.to_serializable_subset() == subset


@pytest.mark.parametrize("definition", [DAYS, WEEKS])
def test_a_definition_with_a_calendar(definition: DailyPartitionsDefinition) -> None:
    """Only a TimeWindowPartitionsDefinition itself can be stored."""
    with pytest.raises(DagflowSerializationError, match="cannot be written as JSON"):
        serialize_value(definition)

    assert deserialize_value(serialize_value(definition.without_calendar())) == definition


@pytest.mark.parametrize(
    "mapping",
    [
        AllPartitionMapping(),
        IdentityPartitionMapping(),
        LastPartitionMapping(),
        SpecificPartitionsPartitionMapping(["a"]),
        StaticPartitionMapping({"a": "b", "c": ["d", "e"]}),
        TimeWindowPartitionMapping(-1, 0),
        MultiToSingleDimensionPartitionMapping("x"),
        MultiPartitionMapping({"a": DimensionPartitionMapping("b", IdentityPartitionMapping())}),
    ],
    ids=lambda mapping: type(mapping).__name__,
)
def test_mappings(mapping: Any) -> None:
    """Each mapping of dagflow is read back as an equal one."""
    assert deserialize_value(serialize_value(mapping), type(mapping)) == mapping


def test_damaged_windows() -> None:
    """The error names the class."""
    text = serialize_value(WEEKS.without_calendar())

    with pytest.raises(DagflowSerializationError, match="not a valid 'TimeWindowPartitionsDefinition'"):
        deserialize_value(text.replace('"end": null, ', ""))
    with pytest.raises(DagflowSerializationError, match="not a valid 'TimeWindowPartitionsDefinition'"):
        deserialize_value(text.replace("0 3 * * 0", "never"))
