"""Partitions with a fixed list of keys."""

from __future__ import annotations

import copy
import pickle

import pytest

from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowUnknownPartitionError,
    ParameterCheckError,
)
from dagflow.partitions.keys import PartitionKeyRange
from dagflow.partitions.static import StaticPartitionsDefinition

LETTERS = StaticPartitionsDefinition(["b", "a", "c"])


def test_keys_keep_their_order() -> None:
    """The keys are in the given order, which also defines the first and the last."""
    assert LETTERS.get_partition_keys() == ["b", "a", "c"]
    assert (LETTERS.get_first_partition_key(), LETTERS.get_last_partition_key()) == ("b", "c")
    assert LETTERS.get_num_partitions() == 3


def test_no_keys_at_all() -> None:
    """A definition may be empty, without a first or last key."""
    empty = StaticPartitionsDefinition([])

    assert (empty.get_first_partition_key(), empty.get_last_partition_key()) == (None, None)
    with pytest.raises(DagflowUnknownPartitionError, match="It has no keys"):
        empty.validate_partition_key("a")


def test_equal_by_content() -> None:
    """Equality depends on the order, but not on the type of the list."""
    same = StaticPartitionsDefinition(("b", "a", "c"))

    assert same == LETTERS
    assert hash(same) == hash(LETTERS)
    assert StaticPartitionsDefinition(["a", "b", "c"]) != LETTERS
    assert LETTERS != "bac"


def test_copies_are_equal() -> None:
    """A copied or unpickled definition is equal."""
    assert copy.deepcopy(LETTERS) == LETTERS
    assert pickle.loads(pickle.dumps(LETTERS)) == LETTERS


@pytest.mark.parametrize("key", ["d", "", "../../x", "\x00", None, 3])
def test_unknown_keys(key: str) -> None:
    """Strings that are not keys are not in the definition."""
    assert not LETTERS.has_partition_key(key)


def test_an_unknown_key_is_named_with_its_neighbours() -> None:
    """The message names the key, the definition and a similar key."""
    regions = StaticPartitionsDefinition(["north", "south"])

    with pytest.raises(DagflowUnknownPartitionError, match=r"key 'nort' in .*Did you mean 'north'"):
        regions.validate_partition_key("nort")
    with pytest.raises(DagflowUnknownPartitionError, match="2 keys, from 'north' to 'south'"):
        regions.validate_partition_key("xyz")


def test_a_range_goes_by_order() -> None:
    """A range includes both ends and is empty if reversed; the error about unknown ends names them."""
    assert LETTERS.get_partition_keys_in_range(PartitionKeyRange("b", "a")) == ["b", "a"]
    assert LETTERS.get_partition_keys_in_range(PartitionKeyRange("c", "b")) == []
    with pytest.raises(DagflowInvalidInvocationError, match=r"'b' to 'x' .*\['x'\]"):
        LETTERS.get_partition_keys_in_range(PartitionKeyRange("b", "x"))


def test_duplicates_are_refused() -> None:
    """Duplicate keys are an error."""
    with pytest.raises(DagflowInvalidDefinitionError):
        StaticPartitionsDefinition(["a", "a"])


def test_many_keys_have_a_short_repr() -> None:
    """The repr of a large definition is short."""
    assert repr(StaticPartitionsDefinition([str(n) for n in range(9)])).endswith("'3', '4', ...])")


def test_tags_of_a_run() -> None:
    """A run for a key has it as a tag."""
    assert LETTERS.get_tags_for_partition_key("a") == {"dagflow/partition": "a"}


def test_a_set_has_no_order() -> None:
    """Keys in a set are refused, because they would be in another order in each process."""
    with pytest.raises(ParameterCheckError, match="must be a list, because they have an order"):
        StaticPartitionsDefinition({"a", "b"})  # type: ignore[arg-type]
