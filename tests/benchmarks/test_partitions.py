"""Benchmarks of partitions: questions to a million hourly keys, and runs of one asset for 30 partitions."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

BOTH = pytest.mark.parametrize("who", ["dagflow", "dagster"])
NOW = datetime(2024, 1, 1, tzinfo=timezone.utc)
START, COUNT = "1909-12-03-08:00", 1_000_000
SOME = "1964-02-29-12:00"
QUESTIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "keys_count": lambda hours, _one, _other: hours.get_num_partitions(),
    "keys_has": lambda hours, _one, _other: hours.has_partition_key(SOME),
    "keys_last": lambda hours, _one, _other: hours.get_last_partition_key(),
    "keys_window": lambda hours, _one, _other: hours.time_window_for_partition_key(SOME),
    "keys_subset": lambda _hours, one, other: len((one | other) & one) + len(one - other),
    "keys_in": lambda _hours, one, _other: SOME in one,
}


@BOTH
@pytest.mark.parametrize("row", QUESTIONS)
def test_a_million_keys(measure: Callable[..., Any], who: str, row: str) -> None:
    """Measure a question about a million hourly keys, and about subsets of them."""
    runtime = pytest.importorskip(who)
    hours = runtime.HourlyPartitionsDefinition(START)
    ask = QUESTIONS[row]
    many, rounds = (1000, 20) if who == "dagflow" else (1, 2)
    with runtime.partition_loading_context(NOW):
        assert hours.get_num_partitions() == COUNT
        every = hours.subset_with_all_partitions()
        window = runtime.TimeWindow(hours.time_window_for_partition_key(SOME).start, NOW)
        half = hours.get_partition_subset_in_time_window(window)

        measure(row, who, lambda: ask(hours, every, half), rounds=rounds, iterations=many)


@BOTH
def test_runs_of_partitions(measure: Callable[..., Any], who: str) -> None:
    """Measure 30 runs of one asset, each for a partition."""
    runtime = pytest.importorskip(who)
    days = runtime.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-31")
    silent = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    config = silent if who == "dagster" else None

    @runtime.asset(partitions_def=days)
    def water() -> int:
        return 1

    keys = days.get_partition_keys()

    def run() -> int:
        results = [
            runtime.materialize_to_memory([water], partition_key=key, run_config=config) for key in keys
        ]
        return sum(result.success for result in results)

    assert measure("partitions", who, run, rounds=30 if who == "dagflow" else 1) == 30
