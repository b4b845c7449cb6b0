"""The check of the partition of a run."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    StaticPartitionsDefinition,
    job,
    op,
)
from dagflow.errors import (
    CheckError,
    DagflowUnknownPartitionError,
    ParameterCheckError,
)
from dagflow.plan.compile import compile_plan
from dagflow.plan.surroundings import Surroundings, check_partition

NOON = Surroundings({}, 1_704_283_200.0)  # 2024-01-03T12:00Z


@op
def one() -> Any:
    """Return a value."""
    return 1


@pytest.mark.parametrize(
    ("parts", "key", "error", "message"),
    [
        (None, "a", CheckError, "partition_key 'a' was given to job 'j', but nothing in it is partitioned"),
        (["a", "b"], "c", DagflowUnknownPartitionError, "'c'"),
        (["a"], 5, ParameterCheckError, "'partition_key' must be of type 'str', not 5"),
        (None, 5, ParameterCheckError, "'partition_key'"),
    ],
)
def test_partition_keys(parts: Any, key: Any, error: type[Exception], message: str) -> None:
    """A partition key needs a partitions definition that has the key."""
    made = job(name="j", partitions_def=parts and StaticPartitionsDefinition(parts))(lambda: (one(), None)[1])
    for check in (
        lambda: check_partition(made, key, NOON),
        lambda: compile_plan(made, {}, NOON, partition_key=key),
    ):
        with pytest.raises(error, match=message):
            check()


def test_no_partition_key() -> None:
    """A run without a partition is valid."""
    assert check_partition(job(name="j")(lambda: (one(), None)[1]), None, NOON) is None
