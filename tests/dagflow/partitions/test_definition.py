"""What every partitions definition can do, seen on one of a user's own."""

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
    """A definition of a user's own, which says nothing but its keys."""

    def get_partition_keys(self, current_time: Any = None, dynamic_partitions_store: Any = None) -> list[str]:
        return ["2", "3", "5", "7"]


def test_keys_are_all_it_takes() -> None:
    """Everything else follows from the keys."""
    primes = Primes()

    assert primes.has_partition_key("5")
    assert (primes.get_first_partition_key(), primes.get_last_partition_key()) == ("2", "7")
    assert primes.get_num_partitions() == 4
    assert primes.get_partition_keys_in_range(PartitionKeyRange("3", "5")) == ["3", "5"]
    with pytest.raises(DagflowUnknownPartitionError):
        primes.validate_partition_key("4")


def test_the_clock_in_force_says_now() -> None:
    """Without a given time, that of the options in force holds."""
    with set_options(clock=VirtualClock(datetime(2024, 1, 1, tzinfo=timezone.utc))):
        assert effective_time(None) == datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp()
    assert effective_time(5.0) == 5.0
