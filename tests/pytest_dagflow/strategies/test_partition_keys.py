"""`partition_keys` and `time_windows` draw partitions, and often those at boundaries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import find, given, settings

import dagflow as dg
from pytest_dagflow.strategies import partition_keys, time_windows

DAYS = dg.DailyPartitionsDefinition("2023-01-01", end_date="2024-12-31", timezone="Europe/Berlin")
TOWNS = dg.StaticPartitionsDefinition(["york", "bath", "ely"])
SHOPS = dg.DynamicPartitionsDefinition(name="shops")
BOTH = dg.MultiPartitionsDefinition({"day": DAYS, "town": TOWNS})


@dg.asset(partitions_def=TOWNS)
def visits() -> None: ...


@given(
    partition_keys(DAYS),
    partition_keys(BOTH, boundaries=False),
    partition_keys(visits),
    partition_keys(SHOPS, dynamic={"shops": ["s1", "s2"]}),
    partition_keys(SHOPS, dynamic=["s3"]),
)
def test_each_key_exists(day: str, both: str, town: str, shop: str, other: str) -> None:
    """A drawn key is one of the definition, of an asset, or of the dynamic keys that are given."""
    DAYS.validate_partition_key(day)
    BOTH.validate_partition_key(both)
    assert town in ("york", "bath", "ely")
    assert (shop, other) in (("s1", "s3"), ("s2", "s3"))


@pytest.mark.parametrize("key", ["2023-01-01", "2024-02-29", "2024-03-31", "2024-12-30"])
def test_boundaries_are_drawn(key: str) -> None:
    """The first day, a leap day, a day on which the clock changes and the last day come in few examples."""
    few = settings(max_examples=400, derandomize=True, database=None)

    assert find(partition_keys(DAYS), lambda drawn: drawn == key, settings=few) == key


@given(time_windows(DAYS), time_windows(DAYS, max_partitions=3), time_windows(BOTH))
def test_windows_are_those_of_partitions(
    one: dg.TimeWindow, many: dg.TimeWindow, of_both: dg.TimeWindow
) -> None:
    """A window is that of one partition, or of adjacent ones."""
    for window, most in ((one, 1), (many, 3), (of_both, 1)):
        keys = DAYS.get_partition_keys_in_time_window(window)
        assert 1 <= len(keys) <= most
        assert DAYS.time_window_for_partition_key(keys[0]).start == window.start
        assert DAYS.time_window_for_partition_key(keys[-1]).end == window.end


def test_small_examples() -> None:
    """A key shrinks to the first that fits, and a window to that of the first partition."""
    assert find(partition_keys(DAYS), lambda key: key > "2023-05-05") == "2023-05-06"
    assert (
        find(time_windows(DAYS, max_partitions=9), lambda window: True).start.date().isoformat()
        == "2023-01-01"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: partition_keys(3), "must be a partitions definition, or an asset or job with one, not 3"),
        (lambda: partition_keys(dg.DynamicPartitionsDefinition(name="x")), "has no keys.*dynamic="),
        (
            lambda: partition_keys(dg.DynamicPartitionsDefinition(name="x"), dynamic="a"),
            r"\['a'\], not be a string",
        ),
        (lambda: partition_keys(TOWNS, boundaries=2), "'boundaries' must be True or False"),
        (lambda: time_windows(TOWNS), "must be a definition of time windows"),
        (lambda: time_windows(DAYS, max_partitions=0), "'max_partitions' must be an int from 1"),
    ],
)
def test_bad_arguments_are_refused_at_the_call(call: Any, message: str) -> None:
    """An invalid argument is an error of the call, not of a draw."""
    with pytest.raises(dg.ParameterCheckError, match=message):
        call()
