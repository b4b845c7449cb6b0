"""What the keys of partitions are read with where nobody says: the time, and the store of dynamic ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from dagflow.options import current_options
from dagflow.partitions.keys import DynamicPartitionsStore, Moment


class PartitionLoadingContext(NamedTuple):
    """The time that bounds partitions which grow with it, and what keeps the keys of dynamic ones."""

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
    """Within it, partitions definitions that are asked without a time or a store take these.

    Args:
        effective_dt: The time; default: that of the context around this one, else now.
        dynamic_partitions_store: An instance, say; default: that of the context around this one.
        new_ctx: Both at once.

    Example:
        >>> from datetime import datetime
        >>> from dagflow import DailyPartitionsDefinition
        >>> with partition_loading_context(datetime(2024, 1, 3)):
        ...     DailyPartitionsDefinition("2024-01-01").get_partition_keys()
        ['2024-01-01', '2024-01-02']
    """
    if new_ctx is None:
        around = _current.get()
        store = around.dynamic_partitions_store if around is not None else None
        new_ctx = PartitionLoadingContext(effective_time(effective_dt), dynamic_partitions_store or store)
    token = _current.set(new_ctx)
    try:
        yield new_ctx
    finally:
        _current.reset(token)


def effective_time(current_time: Moment | None) -> Moment:
    """`current_time`, or if it is None that of the context around, else what the clock in force says."""
    if current_time is not None:
        return current_time
    context = _current.get()
    return current_options().clock.now() if context is None else context.effective_dt


def effective_store(given: DynamicPartitionsStore | None) -> DynamicPartitionsStore | None:
    """`given`, or if it is None that of the context around."""
    if given is not None:
        return given
    context = _current.get()
    return None if context is None else context.dynamic_partitions_store
