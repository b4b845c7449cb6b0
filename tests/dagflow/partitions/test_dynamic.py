"""Partitions whose keys are in a store."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from dagflow.errors import CheckError, DagflowInvalidDefinitionError, DagflowUnknownPartitionError
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.keys import PartitionKeyRange

SHOPS = DynamicPartitionsDefinition(name="shops")


def test_keys_come_from_the_store(store: Any) -> None:
    """The keys are those of the store, in its order."""
    assert SHOPS.get_partition_keys(dynamic_partitions_store=store) == ["corner", "station"]
    assert SHOPS.has_partition_key("corner", dynamic_partitions_store=store)
    assert SHOPS.get_last_partition_key(dynamic_partitions_store=store) == "station"
    whole = PartitionKeyRange("corner", "station")
    assert SHOPS.get_partition_keys_in_range(whole, dynamic_partitions_store=store) == ["corner", "station"]


def test_an_unknown_name_has_no_keys(store: Any) -> None:
    """A name without keys in the store is empty, not an error."""
    assert DynamicPartitionsDefinition(name="ships").get_partition_keys(dynamic_partitions_store=store) == []


def test_a_missing_store() -> None:
    """A missing store is an error that names the definition."""
    with pytest.raises(CheckError, match="'shops' are stored by an instance"):
        SHOPS.get_partition_keys()
    with pytest.raises(CheckError):
        SHOPS.has_partition_key("corner")


def test_the_error_about_an_unknown_key(store: Any) -> None:
    """The error about an unknown key shows the call that adds it."""
    with pytest.raises(
        DagflowUnknownPartitionError, match=r"add_dynamic_partitions\('shops', \['conrer'\]\)"
    ):
        SHOPS.validate_partition_key("conrer", dynamic_partitions_store=store)


def test_a_function_may_give_the_keys() -> None:
    """A partition_fn receives the current time as a datetime, or None."""
    seen = []

    def shops(now: datetime | None) -> list[str]:
        seen.append(now)
        return ["a", "b"]

    definition = DynamicPartitionsDefinition(shops)

    assert definition.get_partition_keys(0.0) == ["a", "b"]
    assert definition.has_partition_key("a")
    assert seen == [datetime(1970, 1, 1, tzinfo=timezone.utc), None]
    with pytest.raises(DagflowUnknownPartitionError, match=r"key 'q' in .*shops"):
        definition.validate_partition_key("q")


@pytest.mark.parametrize("arguments", [{}, {"name": "x", "partition_fn": lambda now: []}, {"name": 3}])
def test_a_name_or_a_function(arguments: dict[str, Any]) -> None:
    """Exactly one of a name and a function must be given."""
    with pytest.raises(DagflowInvalidDefinitionError):
        DynamicPartitionsDefinition(**arguments)


def test_equal_by_name() -> None:
    """Definitions with the same name are equal."""
    assert DynamicPartitionsDefinition(name="shops") == SHOPS
    assert hash(DynamicPartitionsDefinition(name="shops")) == hash(SHOPS)
    assert DynamicPartitionsDefinition(name="ships") != SHOPS
