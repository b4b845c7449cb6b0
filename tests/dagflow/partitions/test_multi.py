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
    DagflowInvariantViolationError,
    DagflowUnknownPartitionError,
    ElementCheckError,
    ParameterCheckError,
)
from dagflow.partitions.calendar import DailyPartitionsDefinition, MonthlyPartitionsDefinition
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.keys import PartitionKeyRange
from dagflow.partitions.multi import MultiPartitionKey, MultiPartitionsDefinition
from dagflow.partitions.static import StaticPartitionsDefinition

LETTERS = StaticPartitionsDefinition(["x", "y"])
NUMBERS = StaticPartitionsDefinition(["1", "2"])
DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03")
PAIRS = MultiPartitionsDefinition({"z": NUMBERS, "c": LETTERS})
SALES = MultiPartitionsDefinition({"date": DAYS, "region": LETTERS})


def test_keys_are_pairs_in_the_order_of_the_names() -> None:
    """The alphabetical order of the dimensions counts, not that in which they were given."""
    assert PAIRS.get_partition_keys() == ["x|1", "x|2", "y|1", "y|2"]
    assert PAIRS.partition_dimension_names == ["c", "z"]
    assert PAIRS.dimensions == {"c": LETTERS, "z": NUMBERS}
    assert (PAIRS.get_first_partition_key(), PAIRS.get_last_partition_key()) == ("x|1", "y|2")


def test_keys_know_their_parts() -> None:
    """Each key is a text that also knows its part along each dimension."""
    key = PAIRS.get_partition_keys()[1]

    assert isinstance(key, MultiPartitionKey)
    assert key.keys_by_dimension == {"c": "x", "z": "2"}
    assert PAIRS.get_partition_key_from_str("x|2").keys_by_dimension == {"c": "x", "z": "2"}


def test_a_key_is_a_text() -> None:
    """A key equals the text, and survives copies."""
    key = MultiPartitionKey({"z": "1", "c": "x"})

    assert key == "x|1"
    assert hash(key) == hash("x|1")
    for other in (copy.copy(key), copy.deepcopy(key), pickle.loads(pickle.dumps(key))):
        assert other == key
        assert other.keys_by_dimension == key.keys_by_dimension


def test_what_is_no_key() -> None:
    """Names and parts are texts."""
    with pytest.raises(ParameterCheckError):
        MultiPartitionKey(None)  # type: ignore[arg-type]
    with pytest.raises(ElementCheckError):
        MultiPartitionKey({"a": 3})  # type: ignore[dict-item]


def test_membership() -> None:
    """Both parts must be keys, in the right order; a key of other dimensions is foreign."""
    assert PAIRS.has_partition_key("x|1")
    assert PAIRS.has_partition_key(MultiPartitionKey({"z": "1", "c": "x"}))
    for key in ("1|x", "x", "x|1|2", "x|9", "", "|", None, MultiPartitionKey({"c": "x", "q": "1"})):
        assert not PAIRS.has_partition_key(key)  # type: ignore[arg-type]


def test_an_unknown_key_names_the_dimension() -> None:
    """The message says which part is wrong."""
    with pytest.raises(DagflowUnknownPartitionError, match=r"Dimension 'z' has no key '9'"):
        PAIRS.validate_partition_key("x|9")
    with pytest.raises(DagflowUnknownPartitionError, match=r"two parts, joined by '\|': c and z"):
        PAIRS.validate_partition_key("x")
    with pytest.raises(DagflowUnknownPartitionError, match="two parts"):
        PAIRS.get_partition_key_from_str("x")


def test_a_range_is_a_range_along_each_dimension() -> None:
    """From `x|1` to `y|1` the number stays."""
    assert PAIRS.get_partition_keys_in_range(PartitionKeyRange("x|1", "y|1")) == ["x|1", "y|1"]
    assert PAIRS.get_partition_keys_in_range(PartitionKeyRange("x|2", "y|1")) == []


def test_keys_along_one_dimension() -> None:
    """All keys with a certain part."""
    assert PAIRS.get_multipartition_keys_with_dimension_value("z", "1") == ["x|1", "y|1"]
    with pytest.raises(CheckError, match=r"no dimension 'q'.*'c' and 'z'"):
        PAIRS.get_multipartition_keys_with_dimension_value("q", "1")


def test_time_windows() -> None:
    """The window of a key is that of the one dimension of time."""
    assert SALES.has_time_window_dimension
    assert SALES.time_window_dimension.name == "date"
    assert SALES.time_window_partitions_def == DAYS
    assert SALES.time_window_for_partition_key("2024-01-02|x") == DAYS.time_window_for_partition_key(
        "2024-01-02"
    )


def test_no_time_window() -> None:
    """Without a dimension of time, or with two, no window is meant."""
    two = MultiPartitionsDefinition({"d": DAYS, "m": MonthlyPartitionsDefinition("2024-01-01")})

    assert not PAIRS.has_time_window_dimension
    with pytest.raises(DagflowInvariantViolationError, match="has 0"):
        PAIRS.time_window_for_partition_key("x|1")
    with pytest.raises(DagflowInvariantViolationError, match="has 2"):
        two.time_window_for_partition_key("2024-01-01|2024-01-01")


def test_a_dynamic_dimension(store: Any) -> None:
    """A dimension may grow."""
    shops = MultiPartitionsDefinition({"shop": DynamicPartitionsDefinition(name="shops"), "n": NUMBERS})

    assert shops.get_partition_keys(dynamic_partitions_store=store) == [
        "1|corner",
        "1|station",
        "2|corner",
        "2|station",
    ]
    assert shops.has_partition_key("1|corner", dynamic_partitions_store=store)


def test_tags_of_a_run() -> None:
    """A run bears the key and its parts."""
    assert PAIRS.get_tags_for_partition_key("x|1") == {
        "dagflow/partition": "x|1",
        "dagflow/partition/c": "x",
        "dagflow/partition/z": "1",
    }


def test_equal_by_content() -> None:
    """The order in which dimensions are given does not count; names do."""
    assert MultiPartitionsDefinition({"c": LETTERS, "z": NUMBERS}) == PAIRS
    assert hash(MultiPartitionsDefinition({"c": LETTERS, "z": NUMBERS})) == hash(PAIRS)
    assert MultiPartitionsDefinition({"d": LETTERS, "z": NUMBERS}) != PAIRS
    assert pickle.loads(pickle.dumps(PAIRS)) == PAIRS


@pytest.mark.parametrize("names", [[], ["a"], ["a", "b", "c"]])
def test_exactly_two_dimensions(names: list[str]) -> None:
    """One or three are refused."""
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
def test_what_is_no_dimension(dimension: Any, error: type[Exception]) -> None:
    """Keys that hold the separator, and definitions that have dimensions themselves, are refused."""
    with pytest.raises(error):
        MultiPartitionsDefinition({"a": dimension, "b": NUMBERS})


def test_what_is_no_mapping() -> None:
    """Dimensions have names."""
    with pytest.raises(ParameterCheckError):
        MultiPartitionsDefinition([LETTERS, NUMBERS])  # type: ignore[arg-type]
