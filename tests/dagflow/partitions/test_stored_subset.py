"""Tests of `dagflow.partitions.stored_subset`, through the subsets that use it."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from dagflow.errors import DagflowInvalidDeserializationVersionError, DagflowSerializationError
from dagflow.partitions.calendar import DailyPartitionsDefinition, HourlyPartitionsDefinition
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.static import StaticPartitionsDefinition

LETTERS = StaticPartitionsDefinition(["a", "b", "c"])
DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
WORKDAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01", exclusions=["0 0 * * 0,6"])
HOURS = HourlyPartitionsDefinition(
    datetime(2024, 11, 3), end_date=datetime(2024, 11, 3, 5), timezone="America/New_York"
)
PAIRS = MultiPartitionsDefinition({"l": LETTERS, "d": DAYS})
FIRST = 1704067200.0  # 2024-01-01 in UTC
DAY = 86400.0


@pytest.mark.parametrize("definition", [LETTERS, DAYS, WORKDAYS, HOURS, PAIRS])
def test_a_stored_subset_is_restored(definition: PartitionsDefinition) -> None:
    """A subset is equal to itself after it was stored. The order of its keys does not matter."""
    keys = definition.get_partition_keys()[::2]
    subset = definition.subset_with_partition_keys(keys)

    stored = subset.serialize()
    assert definition.deserialize_subset(stored) == subset
    assert definition.subset_with_partition_keys(reversed(keys)).serialize() == stored
    assert definition.empty_subset().serialize() != stored
    assert subset.to_serializable_subset() == subset


def test_the_stored_form() -> None:
    """Keys are sorted; windows are spans of time, across windows that are left out."""
    assert json.loads(LETTERS.subset_with_partition_keys(["b", "a"]).serialize()) == {
        "version": 1,
        "subset": ["a", "b"],
    }
    weekend = WORKDAYS.subset_with_partition_keys(["2024-01-05", "2024-01-08", "2024-01-10"])
    assert json.loads(weekend.serialize()) == {
        "version": 1,
        "time_windows": [[FIRST + 4 * DAY, FIRST + 8 * DAY], [FIRST + 9 * DAY, FIRST + 10 * DAY]],
        "num_partitions": 3,
    }


def test_older_forms() -> None:
    """Lists without a version are read, and windows in a dict without a version."""
    assert LETTERS.deserialize_subset('["b", "a"]').get_partition_keys() == {"a", "b"}
    spans = [[FIRST, FIRST + DAY]]
    assert DAYS.deserialize_subset(json.dumps(spans)).get_partition_keys() == ["2024-01-01"]
    assert DAYS.deserialize_subset(json.dumps({"time_windows": spans})).get_partition_keys() == ["2024-01-01"]


@pytest.mark.parametrize(
    ("definition", "serialized"),
    [
        (LETTERS, '{"version": 99, "subset": []}'),
        (LETTERS, '{"subset": ["a"]}'),
        (DAYS, '{"version": 99, "time_windows": []}'),
    ],
)
def test_other_versions(definition: PartitionsDefinition, serialized: str) -> None:
    """A subset in the form of another version is refused."""
    with pytest.raises(DagflowInvalidDeserializationVersionError, match=r"has version (99|None), but only"):
        definition.deserialize_subset(serialized)
    assert not definition.can_deserialize_subset(serialized, "", type(definition).__name__)


@pytest.mark.parametrize(
    ("definition", "serialized"),
    [
        (LETTERS, "soon"),
        (LETTERS, "3"),
        (LETTERS, '{"version": 1}'),
        (LETTERS, "[3]"),
        (DAYS, '{"version": 1}'),
        (DAYS, "[3]"),
        (DAYS, '[["a", "b"]]'),
        (DAYS, "[[0, 1e300]]"),
        (DAYS, None),
    ],
)
def test_strings_that_are_not_subsets(definition: PartitionsDefinition, serialized: str) -> None:
    """Other strings are refused with the reason."""
    with pytest.raises(DagflowSerializationError, match="is not a stored subset"):
        definition.deserialize_subset(serialized)


def test_subsets_of_other_definitions() -> None:
    """Windows can be read by an equal definition, and other keys by a definition of the same class."""
    windows = DAYS.subset_with_all_partitions().serialize()
    name, other = "DailyPartitionsDefinition", WORKDAYS.get_serializable_unique_identifier()

    assert DAYS.can_deserialize_subset(windows, DAYS.get_serializable_unique_identifier(), name)
    assert not DAYS.can_deserialize_subset(windows, other, name)
    assert not DAYS.can_deserialize_subset("soon", DAYS.get_serializable_unique_identifier(), name)
    keys = LETTERS.subset_with_all_partitions().serialize()
    assert LETTERS.can_deserialize_subset(keys, None, "StaticPartitionsDefinition")
    assert not LETTERS.can_deserialize_subset(keys, None, name)
