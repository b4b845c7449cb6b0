"""The methods of the base class, on a definition of a user."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from dagflow.clock import VirtualClock
from dagflow.errors import DagflowUnknownPartitionError
from dagflow.options import set_options
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.keys import PartitionKeyRange
from dagflow.partitions.loading import effective_time


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
