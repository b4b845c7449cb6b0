"""Partitions along two dimensions."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowUnknownPartitionError,
    ElementCheckError,
    ParameterCheckError,
)
from dagflow.partitions.calendar import DailyPartitionsDefinition, MonthlyPartitionsDefinition
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.keys import PartitionKeyRange
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.multi_key import MultiPartitionKey
from dagflow.partitions.static import StaticPartitionsDefinition

LETTERS = StaticPartitionsDefinition(["x", "y"])
NUMBERS = StaticPartitionsDefinition(["1", "2"])
DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03")
PAIRS = MultiPartitionsDefinition({"z": NUMBERS, "c": LETTERS})
SALES = MultiPartitionsDefinition({"date": DAYS, "region": LETTERS})


def test_keys_are_pairs_in_the_order_of_the_names() -> None:
    """Keys are pairs in the alphabetical order of the dimensions, not in the given order."""
    assert PAIRS.get_partition_keys() == ["x|1", "x|2", "y|1", "y|2"]
    assert PAIRS.partition_dimension_names == ["c", "z"]
    assert PAIRS.dimensions == {"c": LETTERS, "z": NUMBERS}
    assert (PAIRS.get_first_partition_key(), PAIRS.get_last_partition_key()) == ("x|1", "y|2")


def test_keys_have_parts() -> None:
    """Each key is a string with an attribute for its part along each dimension."""
    key = PAIRS.get_partition_keys()[1]

    assert isinstance(key, MultiPartitionKey)
    assert key.keys_by_dimension == {"c": "x", "z": "2"}
    assert PAIRS.get_partition_key_from_str("x|2").keys_by_dimension == {"c": "x", "z": "2"}


def test_a_key_is_a_string() -> None:
    """A key equals the string, also after copying and pickling."""
    key = MultiPartitionKey({"z": "1", "c": "x"})

    assert key == "x|1"
    assert hash(key) == hash("x|1")
    for other in (copy.copy(key), copy.deepcopy(key), pickle.loads(pickle.dumps(key))):
        assert other == key
        assert other.keys_by_dimension == key.keys_by_dimension


def test_invalid_keys() -> None:
    """The names and parts of a key must be strings."""
    with pytest.raises(ParameterCheckError):
        MultiPartitionKey(None)  # type: ignore[arg-type]
    with pytest.raises(ElementCheckError):
        MultiPartitionKey({"a": 3})  # type: ignore[dict-item]


def test_membership() -> None:
    """Both parts must be keys, in the right order; the names of the dimensions of a key are ignored."""
    assert PAIRS.has_partition_key("x|1")
    for known in (MultiPartitionKey({"z": "1", "c": "x"}), MultiPartitionKey({"a": "x", "b": "1"})):
        assert PAIRS.has_partition_key(known)
        assert PAIRS.get_partition_key_from_str(known).keys_by_dimension == {"c": "x", "z": "1"}
    for key in ("1|x", "x", "x|1|2", "x|9", "", "|", None, MultiPartitionKey({"z": "x", "c": "1"})):
        assert not PAIRS.has_partition_key(key)  # type: ignore[arg-type]


def test_an_unknown_key_names_the_dimension() -> None:
    """The message names the unknown part."""
    with pytest.raises(DagflowUnknownPartitionError, match=r"Dimension 'z' has no key '9'"):
        PAIRS.validate_partition_key("x|9")
    with pytest.raises(DagflowUnknownPartitionError, match=r"two parts, joined by '\|': c and z"):
        PAIRS.validate_partition_key("x")
    with pytest.raises(DagflowUnknownPartitionError, match=r"of the dimensions a and b, but .* has c and z"):
        PAIRS.validate_partition_key(MultiPartitionKey({"a": "x", "b": "1"}))
    with pytest.raises(CheckError, match="two parts"):
        PAIRS.get_partition_key_from_str("x")


def test_a_range_is_a_range_along_each_dimension() -> None:
    """A range of pairs is a range along each dimension; it is empty if one of these is reversed."""
    assert PAIRS.get_partition_keys_in_range(PartitionKeyRange("x|1", "y|1")) == ["x|1", "y|1"]
    assert PAIRS.get_partition_keys_in_range(PartitionKeyRange("x|2", "y|1")) == []


def test_keys_along_one_dimension() -> None:
    """The keys with a given part along one dimension are returned."""
    assert PAIRS.get_multipartition_keys_with_dimension_value("z", "1") == ["x|1", "y|1"]
    with pytest.raises(CheckError, match=r"no dimension 'q'.*'c' and 'z'"):
        PAIRS.get_multipartition_keys_with_dimension_value("q", "1")


def test_keys_with_one_of_several_parts() -> None:
    """The given parts change slowest, in the given order; an unknown part is an error."""
    found = PAIRS.get_multipartition_keys_with_dimension_values("z", ["2", "1"])

    assert found == ["x|2", "y|2", "x|1", "y|1"]
    with pytest.raises(DagflowUnknownPartitionError, match="'nope'"):
        PAIRS.get_multipartition_keys_with_dimension_value("z", "nope")
    with pytest.raises(DagflowUnknownPartitionError, match="'nope'"):
        PAIRS.get_multipartition_keys_with_dimension_values("z", ["1", "nope"])


def test_time_windows() -> None:
    """The window of a key is the window of its part along the dimension of time."""
    assert SALES.has_time_window_dimension
    assert SALES.time_window_dimension.name == "date"
    assert SALES.time_window_partitions_def == DAYS
    assert SALES.time_window_for_partition_key("2024-01-02|x") == DAYS.time_window_for_partition_key(
        "2024-01-02"
    )


def test_no_time_window() -> None:
    """Without a dimension of time, or with two of them, a window is an error."""
    two = MultiPartitionsDefinition({"d": DAYS, "m": MonthlyPartitionsDefinition("2024-01-01")})

    assert not PAIRS.has_time_window_dimension
    with pytest.raises(CheckError, match="has 0"):
        PAIRS.time_window_for_partition_key("x|1")
    with pytest.raises(CheckError, match="has 2"):
        two.time_window_for_partition_key("2024-01-01|2024-01-01")


def test_a_dynamic_dimension(store: Any) -> None:
    """The keys of a dynamic dimension come from the store."""
    shops = MultiPartitionsDefinition({"shop": DynamicPartitionsDefinition(name="shops"), "n": NUMBERS})

    assert shops.get_partition_keys(dynamic_partitions_store=store) == [
        "1|corner",
        "1|station",
        "2|corner",
        "2|station",
    ]
    assert shops.has_partition_key("1|corner", dynamic_partitions_store=store)


def test_tags_of_a_run() -> None:
    """A run for a key has tags with the key and its parts."""
    assert PAIRS.get_tags_for_partition_key("x|1") == {
        "dagflow/partition": "x|1",
        "dagflow/partition/c": "x",
        "dagflow/partition/z": "1",
    }


def test_equal_by_content() -> None:
    """The order of the dimensions does not matter for equality, but their names do."""
    assert MultiPartitionsDefinition({"c": LETTERS, "z": NUMBERS}) == PAIRS
    assert hash(MultiPartitionsDefinition({"c": LETTERS, "z": NUMBERS})) == hash(PAIRS)
    assert MultiPartitionsDefinition({"d": LETTERS, "z": NUMBERS}) != PAIRS
    assert pickle.loads(pickle.dumps(PAIRS)) == PAIRS


@pytest.mark.parametrize("names", [[], ["a"], ["a", "b", "c"]])
def test_exactly_two_dimensions(names: list[str]) -> None:
    """One or three dimensions are an error."""
    with pytest.raises(DagflowInvalidInvocationError, match=f"exactly two dimensions, not {len(names)}"):
        MultiPartitionsDefinition(dict.fromkeys(names, LETTERS))


@pytest.mark.parametrize(
    ("dimension", "error"),
    [
        (StaticPartitionsDefinition(["a|b"]), DagflowInvalidDefinitionError),
        (StaticPartitionsDefinition(["a,b"]), DagflowInvalidDefinitionError),
        (DailyPartitionsDefinition("2024|01|01", fmt="%Y|%m|%d"), DagflowInvalidDefinitionError),
        (PAIRS, DagflowInvalidDefinitionError),
        (["a"], ParameterCheckError),
    ],
)
def test_invalid_dimensions(dimension: Any, error: type[Exception]) -> None:
    """Keys that contain the separator, and definitions with dimensions, are errors."""
    with pytest.raises(error):
        MultiPartitionsDefinition({"a": dimension, "b": NUMBERS})


def test_a_value_that_is_not_a_mapping() -> None:
    """The dimensions must be a mapping of names."""
    with pytest.raises(ParameterCheckError):
        MultiPartitionsDefinition([LETTERS, NUMBERS])  # type: ignore[arg-type]


def test_dimensions_in_order() -> None:
    """The dimension of time is the primary one; without a single one, the first by name."""
    of_time = MultiPartitionsDefinition({"a": StaticPartitionsDefinition(["x"]), "d": DAYS})
    both = MultiPartitionsDefinition({"d": DAYS, "m": MonthlyPartitionsDefinition("2024-01-01")})

    found = [(each.primary_dimension.name, each.secondary_dimension.name) for each in (of_time, PAIRS, both)]
    assert found == [("d", "a"), ("c", "z"), ("d", "m")]
    assert [PAIRS.is_valid_key_format(key) for key in ("q|9", "x", "x|1|2")] == [True, False, False]
