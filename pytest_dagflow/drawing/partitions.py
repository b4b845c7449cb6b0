"""The strategies that draw partition keys and time windows, with those where pipelines often fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from dagflow import (
    JobDefinition,
    MultiPartitionsDefinition,
    ParameterCheckError,
    PartitionsDefinition,
    TimeWindow,
    TimeWindowPartitionsDefinition,
)
from dagflow.testing import boundaries as boundary_keys
from pytest_dagflow.drawing.arguments import check_count, check_flag, check_kind


def partition_keys(
    defn: Any, *, boundaries: bool = True, dynamic: Iterable[str] | Mapping[str, Iterable[str]] = ()
) -> st.SearchStrategy[str]:
    """Draw partition keys.

    Half of them are the keys where pipelines often fail: the first and the last one, the ends of months and
    years, leap days, and the days on which the clock changes. It shrinks to the first key.

    Args:
        defn: A partitions definition, or an asset or a job with partitions.
        boundaries: Whether keys where pipelines often fail are drawn more often than others.
        dynamic: The keys of dynamic partitions: a list, or a dict of lists by the name of the definition.

    Returns:
        A strategy of keys. The keys of definitions that grow with time are those of the time of this call.

    Raises:
        ParameterCheckError: There are no partitions, or they have no keys.

    Example:
        >>> from dagflow import DailyPartitionsDefinition
        >>> from hypothesis import find
        >>> days = DailyPartitionsDefinition("2024-01-01", end_date="2024-12-31")
        >>> find(partition_keys(days), lambda key: key > "2024-01-31")
        '2024-02-01'
    """
    definition = _definition_of(defn)
    check_flag("boundaries", boundaries)
    store = _DynamicKeys(dynamic)
    keys = definition.get_partition_keys(dynamic_partitions_store=store)
    if not keys:
        raise ParameterCheckError(
            f"{definition!r} has no keys, so none can be drawn. Pass the keys of dynamic partitions as "
            "dynamic=['a', 'b']."
        )
    drawn = st.sampled_from(keys)
    if not boundaries:
        return drawn
    return drawn | st.sampled_from(boundary_keys(definition, dynamic_partitions_store=store))


def time_windows(
    defn: Any, *, boundaries: bool = True, max_partitions: int = 1
) -> st.SearchStrategy[TimeWindow]:
    """Draw the time windows of partitions.

    Args:
        defn: A definition of time windows, or an asset or a job with such partitions.
        boundaries: As in `partition_keys`.
        max_partitions: The largest number of adjacent partitions of one window, for runs of a range.

    Returns:
        A strategy of windows, which shrinks to that of the first partition.

    Raises:
        ParameterCheckError: The partitions are not time windows, or there are none.

    Example:
        >>> from dagflow import DailyPartitionsDefinition
        >>> from hypothesis import find
        >>> days = DailyPartitionsDefinition("2024-02-28", end_date="2024-03-31")
        >>> find(time_windows(days), lambda window: window.start.month == 3).start.isoformat()
        '2024-03-01T00:00:00+00:00'
    """
    definition = _definition_of(defn)
    check_count("max_partitions", max_partitions, 1, 1_000_000)
    if isinstance(definition, MultiPartitionsDefinition):
        inner = definition.dimensions.values()
        timed = [one for one in inner if isinstance(one, TimeWindowPartitionsDefinition)]
        definition = timed[0] if len(timed) == 1 else definition
    windows = check_kind("defn", definition, TimeWindowPartitionsDefinition, "a definition of time windows")
    first = partition_keys(windows, boundaries=boundaries).map(windows.time_window_for_partition_key)
    if max_partitions == 1:
        return first
    keys = windows.get_partition_keys()
    at = {key: index for index, key in enumerate(keys)}

    def range_of(key: str, more: int) -> TimeWindow:
        last = keys[min(at[key] + more, len(keys) - 1)]
        start, end = windows.time_window_for_partition_key(key), windows.time_window_for_partition_key(last)
        return TimeWindow(start.start, end.end)

    more = st.integers(0, max_partitions - 1)
    return st.builds(range_of, partition_keys(windows, boundaries=boundaries), more)


class _DynamicKeys:
    """The keys of dynamic definitions, with the method by which partitions read them from an instance."""

    def __init__(self, keys: Iterable[str] | Mapping[str, Iterable[str]]) -> None:
        if isinstance(keys, str):
            raise ParameterCheckError(f"parameter 'dynamic' must list keys, as [{keys!r}], not be a string")
        self._keys = (
            {name: list(some) for name, some in keys.items()} if isinstance(keys, Mapping) else list(keys)
        )

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        """Return the keys of one definition."""
        keys = self._keys
        return list(keys.get(partitions_def_name, ())) if isinstance(keys, dict) else keys


def partitions_of(target: Any) -> PartitionsDefinition | None:
    """Return the partitions of an asset, a job or a list of assets; None if it has none."""
    if isinstance(target, PartitionsDefinition):
        return target
    if isinstance(target, JobDefinition):
        found: Any = target.partitions_def
    else:
        found = getattr(target, "partitions_def", None)
    return found if isinstance(found, PartitionsDefinition) else None


def _definition_of(target: Any) -> PartitionsDefinition:
    found = partitions_of(target)
    if found is None:
        raise ParameterCheckError(
            f"parameter 'defn' must be a partitions definition, or an asset or job with one, not {target!r}"
        )
    return found
