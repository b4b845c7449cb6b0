"""The default time and the default store of dynamic keys, which partitions definitions use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from dagflow.options import current_options
from dagflow.partitions.keys import DynamicPartitionsStore, Moment


class PartitionLoadingContext(NamedTuple):
    """The time that bounds growing definitions, and the store of the keys of dynamic definitions."""

    effective_dt: Moment
    dynamic_partitions_store: DynamicPartitionsStore | None = None


_current: ContextVar[PartitionLoadingContext | None] = ContextVar("dagflow_partition_loading", default=None)


@contextmanager
def partition_loading_context(
    effective_dt: Moment | None = None,
    dynamic_partitions_store: DynamicPartitionsStore | None = None,
    *,
    new_ctx: PartitionLoadingContext | None = None,
) -> Iterator[PartitionLoadingContext]:
    """Set a default time and a default store for the partitions definitions used in the block.

    Args:
        effective_dt: The time. Default: the time of the surrounding context, else of the current clock.
        dynamic_partitions_store: The store, such as an instance. Default: the store of the surrounding
            context.
        new_ctx: Both values in one object, instead of the other arguments.

    Example:
        >>> from datetime import datetime
        >>> from dagflow import DailyPartitionsDefinition
        >>> with partition_loading_context(datetime(2024, 1, 3)):
        ...     DailyPartitionsDefinition("2024-01-01").get_partition_keys()
        ['2024-01-01', '2024-01-02']
    """
    if new_ctx is None:
        outer = _current.get()
        store = outer.dynamic_partitions_store if outer is not None else None
        new_ctx = PartitionLoadingContext(effective_time(effective_dt), dynamic_partitions_store or store)
    token = _current.set(new_ctx)
    try:
        yield new_ctx
    finally:
        _current.reset(token)


def effective_time(current_time: Moment | None) -> Moment:
    """Return `current_time`. Default: the time of the surrounding context, else of the current clock."""
    if current_time is not None:
        return current_time
    context = _current.get()
    return current_options().clock.now() if context is None else context.effective_dt


def effective_store(given: DynamicPartitionsStore | None) -> DynamicPartitionsStore | None:
    """Return `given`. Default: the store of the surrounding context."""
    if given is not None:
        return given
    context = _current.get()
    return None if context is None else context.dynamic_partitions_store
