"""The methods of the base class, on a definition of a user."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from dagflow.clock import VirtualClock
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, DagflowUnknownPartitionError
from dagflow.options import set_options
from dagflow.partitions.calendar import DailyPartitionsDefinition
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.keys import PartitionKeyRange
from dagflow.partitions.loading import effective_time
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition


class Primes(PartitionsDefinition):
    """A definition of a user, which implements only its keys."""

    def get_partition_keys(self, current_time: Any = None, dynamic_partitions_store: Any = None) -> list[str]:
        return ["2", "3", "5", "7"]


def test_keys_are_enough() -> None:
    """All other methods work with the keys alone."""
    primes = Primes()

    assert primes.has_partition_key("5")
    assert (primes.get_first_partition_key(), primes.get_last_partition_key()) == ("2", "7")
    assert primes.get_num_partitions() == 4
    assert primes.get_partition_keys_in_range(PartitionKeyRange("3", "5")) == ["3", "5"]
    with pytest.raises(DagflowUnknownPartitionError):
        primes.validate_partition_key("4")


def test_the_default_time_is_the_current_clock() -> None:
    """The default of the current time is the clock of the current options."""
    with set_options(clock=VirtualClock(datetime(2024, 1, 1, tzinfo=timezone.utc))):
        assert effective_time(None) == datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp()
    assert effective_time(5.0) == 5.0


def test_identifiers_depend_on_the_content(store: Any) -> None:
    """Equal definitions have one identifier of 40 hexadecimal digits, and others have others."""
    days = DailyPartitionsDefinition("2024-01-01")
    shops = DynamicPartitionsDefinition(name="shops")
    letters = StaticPartitionsDefinition(["a", "b"])
    different = [
        days,
        DailyPartitionsDefinition("2024-01-02"),
        DailyPartitionsDefinition("2024-01-01", exclusions=["0 0 * * 0"]),
        letters,
        StaticPartitionsDefinition(["a"]),
        shops,
        MultiPartitionsDefinition({"l": letters, "s": shops}),
        MultiPartitionsDefinition({"m": letters, "s": shops}),
    ]

    found = [each.get_serializable_unique_identifier(store) for each in different]
    assert len(set(found)) == len(different)
    assert {len(each) for each in found} == {40}
    by_cron = TimeWindowPartitionsDefinition("2024-01-01", "%Y-%m-%d", cron_schedule="0 0 * * *")
    assert by_cron.get_serializable_unique_identifier() == days.get_serializable_unique_identifier()
    with pytest.raises(CheckError, match="stored by an instance"):
        shops.get_serializable_unique_identifier()


def test_valid_keys_and_definitions() -> None:
    """The existing ones of some keys are known, and the keys of a definition can be checked."""
    letters = StaticPartitionsDefinition(["a", "b"])
    doubled = DynamicPartitionsDefinition(lambda now: ["a", "a"])

    assert letters.filter_valid_partition_keys({"a", "q"}) == {"a"}
    shops = DynamicPartitionsDefinition(name="shops")
    for valid in (
        letters,
        DailyPartitionsDefinition("2024-01-01"),
        shops,
        MultiPartitionsDefinition({"l": letters, "s": shops}),
    ):
        valid.validate_partition_definition()
    with pytest.raises(DagflowInvalidDefinitionError, match="Duplicate"):
        doubled.validate_partition_definition()
