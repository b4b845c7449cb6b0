"""The default time and the default store of partitions."""

from __future__ import annotations

from datetime import datetime

import pytest

from dagflow import (
    CheckError,
    DagflowInstance,
    DailyPartitionsDefinition,
    DynamicPartitionsDefinition,
    partition_loading_context,
)

DAYS = DailyPartitionsDefinition("2024-01-01")
SHOPS = DynamicPartitionsDefinition(name="shops")


def test_the_time_of_the_context_bounds() -> None:
    """The time of a context is valid only inside it; an explicit time or an inner context overrides it."""
    with partition_loading_context(datetime(2024, 1, 4)) as context:
        assert context.effective_dt == datetime(2024, 1, 4)
        assert len(DAYS.get_partition_keys()) == 3
        assert not DAYS.has_partition_key("2024-01-04")
        assert len(DAYS.get_partition_keys(datetime(2024, 1, 2))) == 1
        with partition_loading_context(datetime(2024, 1, 3)):
            assert DAYS.get_last_partition_key() == "2024-01-02"
        assert DAYS.get_last_partition_key() == "2024-01-03"

    assert len(DAYS.get_partition_keys()) > 100


def test_the_store_of_the_context_is_asked() -> None:
    """An inner context inherits the store of the outer one, or takes both values of another context."""
    instance = DagflowInstance.ephemeral()
    instance.add_dynamic_partitions("shops", ["corner"])

    with partition_loading_context(datetime(2024, 1, 3), instance) as outer:
        assert SHOPS.get_partition_keys() == ["corner"]
        with partition_loading_context(datetime(2024, 1, 2)) as inner:
            assert inner.dynamic_partitions_store is instance
        with partition_loading_context() as inner:
            assert inner == outer
    with partition_loading_context(new_ctx=outer):
        assert SHOPS.get_partition_keys() == ["corner"]
        assert len(DAYS.get_partition_keys()) == 2

    with pytest.raises(CheckError, match=r"'shops'.*partition_loading_context"):
        SHOPS.get_partition_keys()
