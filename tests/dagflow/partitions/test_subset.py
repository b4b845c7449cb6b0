"""Subsets of partitions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow.errors import CheckError, DagflowUnknownPartitionError
from dagflow.partitions.calendar import DailyPartitionsDefinition, HourlyPartitionsDefinition
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.keys import PartitionKeyRange
from dagflow.partitions.loading import partition_loading_context
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.subset import DefaultPartitionsSubset
from dagflow.partitions.window_subset import TimeWindowPartitionsSubset

LETTERS = StaticPartitionsDefinition(["a", "b", "c", "d"])
DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-06")
WORKDAYS = DailyPartitionsDefinition("2024-01-05", end_date="2024-01-10", exclusions=["0 0 * * 0,6"])
PAIRS = MultiPartitionsDefinition({"x": LETTERS, "y": StaticPartitionsDefinition(["1", "2"])})


@pytest.mark.parametrize("definition", [LETTERS, DAYS, PAIRS])
def test_the_algebra_of_subsets(definition: PartitionsDefinition) -> None:
    """Subsets of one definition are united, intersected and subtracted, and compared by their keys."""
    keys = definition.get_partition_keys()
    one, other = map(definition.subset_with_partition_keys, (keys[:3], keys[2:4]))

    assert set((one | other).get_partition_keys()) == set(keys[:4])
    assert list((one & other).get_partition_keys()) == keys[2:3]
    assert set((one - other).get_partition_keys()) == set(keys[:2])
    assert (len(one), keys[0] in one, keys[3] in one, "q" in one) == (3, True, False, False)
    assert one == definition.subset_with_partition_keys(reversed(keys[:3])) != other
    assert definition.subset_with_all_partitions() - definition.subset_with_all_partitions() == (
        definition.empty_subset()
    )
    assert (definition.empty_subset().is_empty, one.is_empty) == (True, False)
    assert one.empty_subset() == definition.empty_subset()
    assert not definition.empty_subset()
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_keys_of_static_partitions_are_a_set_of_strings() -> None:
    """A subset of partitions that are not time windows has a set of plain strings, also for dimensions."""
    subset = PAIRS.subset_with_partition_keys(PAIRS.get_partition_keys()[:1])

    assert subset.get_partition_keys() == {"a|1"}
    assert [type(key) for key in subset.get_partition_keys()] == [str]
    assert LETTERS.subset_with_partition_keys(["q"]).get_partition_keys() == {"q"}
    assert repr(subset) == "DefaultPartitionsSubset(subset={'a|1'})"
    assert DefaultPartitionsSubset.create_empty_subset(LETTERS) == LETTERS.empty_subset()


def test_windows_are_in_order_and_exist() -> None:
    """A subset of time windows has a list by time, without windows that do not exist."""
    subset = DAYS.subset_with_partition_keys(["2024-01-03", "2024-01-01", "2024-01-02", "2024-02-01"])

    assert subset.get_partition_keys() == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert WORKDAYS.subset_with_partition_keys(["2024-01-06"]).is_empty
    with pytest.raises(DagflowUnknownPartitionError, match="'soon'"):
        DAYS.subset_with_partition_keys(["soon"])


def test_attributes_of_windows() -> None:
    """A subset of time windows joins adjacent windows, and knows its first start."""
    subset = DAYS.empty_subset().with_partition_keys(["2024-01-01", "2024-01-02", "2024-01-04"])

    assert [(start.day, end.day) for start, end in subset.included_time_windows] == [(1, 3), (4, 5)]
    assert (subset.num_partitions, subset.first_start.isoformat()) == (3, "2024-01-01T00:00:00+00:00")
    assert subset.partitions_def == DAYS
    assert repr(subset) == (
        "TimeWindowPartitionsSubset(2024-01-01T00:00:00+00:00 to 2024-01-03T00:00:00+00:00, "
        "2024-01-04T00:00:00+00:00 to 2024-01-05T00:00:00+00:00)"
    )
    with pytest.raises(CheckError, match="is empty"):
        _ = TimeWindowPartitionsSubset.create_empty_subset(DAYS).first_start


@pytest.mark.parametrize(
    ("definition", "keys", "expected"),
    [
        (LETTERS, ["d", "a", "b"], [("a", "b"), ("d", "d")]),
        (
            DAYS,
            ["2024-01-02", "2024-01-03", "2024-01-05"],
            [("2024-01-02", "2024-01-03"), ("2024-01-05",) * 2],
        ),
        (WORKDAYS, ["2024-01-05", "2024-01-08"], [("2024-01-05", "2024-01-08")]),
        (PAIRS, ["a|1", "a|2", "b|1", "c|2"], [("a|1", "b|1"), ("a|2", "a|2"), ("c|2", "c|2")]),
        (PAIRS, ["a|1", "a|2", "b|1"], [("a|1", "a|2"), ("b|1", "b|1")]),
        (LETTERS, [], []),
    ],
)
def test_ranges_and_the_rest(
    definition: PartitionsDefinition, keys: list[str], expected: list[tuple[str, str]]
) -> None:
    """A subset is divided into its longest ranges, and the other keys are those that it lacks."""
    subset = definition.subset_with_partition_keys(keys)

    ranges = subset.get_partition_key_ranges(definition)
    assert ranges == [PartitionKeyRange(*each) for each in expected]
    rest = subset.get_partition_keys_not_in_subset(definition)
    assert sorted([*rest, *keys]) == sorted(definition.get_partition_keys())
    again = definition.empty_subset()
    for each in ranges:
        again = again.with_partition_key_range(definition, each)
    assert again == subset


def test_the_keys_of_dynamic_partitions(store: Any) -> None:
    """A subset of all dynamic partitions has the keys of the store of the surrounding context."""
    shops = DynamicPartitionsDefinition(name="shops")
    with partition_loading_context(dynamic_partitions_store=store):
        assert shops.subset_with_all_partitions().get_partition_keys() == set(shops.get_partition_keys())


def test_subsets_of_different_kinds() -> None:
    """Subsets of time windows and of other partitions cannot be combined."""
    with pytest.raises(CheckError, match="cannot be combined"):
        _ = DAYS.empty_subset() | LETTERS.empty_subset()


@given(st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)), st.booleans())
def test_spans_are_sets_of_keys(one: set[int], other: set[int], has_gaps: bool) -> None:
    """The algebra of spans is that of sets of keys, also over windows that are left out."""
    exclusions = ["0 0 * * 0,6"] if has_gaps else None
    days = DailyPartitionsDefinition("2024-01-05", end_date="2024-02-05", exclusions=exclusions)
    keys = days.get_partition_keys()
    left, right = ({keys[position] for position in each} for each in (one, other))
    first, second = map(days.subset_with_partition_keys, (left, right))

    for found, expected in ((first | second, left | right), (first & second, left & right)):
        assert found.get_partition_keys() == sorted(expected)
        assert found == days.subset_with_partition_keys(expected)
        assert (len(found), bool(found)) == (len(expected), bool(expected))
    assert (first - second).get_partition_keys() == sorted(left - right)
    assert first.get_partition_keys_not_in_subset(days) == sorted(set(keys) - left)
    assert {key for key in keys if key in first} == left
    assert days.deserialize_subset(first.serialize()) == first


def test_subsets_of_other_windows() -> None:
    """Subsets of time windows with other starts cannot be combined."""
    hours = HourlyPartitionsDefinition("2024-01-01-00:00")
    with pytest.raises(CheckError, match="combine subsets of one partitions definition"):
        _ = DAYS.empty_subset() & hours.empty_subset()
