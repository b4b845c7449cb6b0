"""Pages of results, and the cursors between them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Generic, TypeVar

from dagflow.errors import ParameterCheckError, repr_of
from dagflow.partitions.keys import DynamicPartitionsStore, Moment
from dagflow.partitions.loading import PartitionLoadingContext, partition_loading_context
from dagflow.partitions.windows import Windows

KeysAt = Callable[[Moment, DynamicPartitionsStore | None], Sequence[str]]
"""A function that returns keys: the method `get_partition_keys` of a definition."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class PaginatedResults(Generic[_T]):
    """A page of results.

    Attributes:
        results: The results of this page, in order.
        cursor: The position after this page. Pass it to the next call.
        has_more: Whether there are further results.

    Example:
        >>> page = PaginatedResults.create_from_sequence(["a", "b", "c"], limit=2, ascending=True)
        >>> page.results, page.has_more
        (['a', 'b'], True)
        >>> PaginatedResults.create_from_sequence(["a", "b", "c"], 2, True, cursor=page.cursor).results
        ['c']
    """

    results: Sequence[_T]
    cursor: str
    has_more: bool

    @staticmethod
    def create_from_sequence(
        seq: Sequence[_T], limit: int, ascending: bool, cursor: str | None = None
    ) -> PaginatedResults[_T]:
        """Return a page of a sequence.

        Args:
            seq: All results, as JSON can hold them.
            limit: The largest number of results of the page.
            ascending: Whether the page is in the order of the sequence. Otherwise it is in the reverse order.
            cursor: The cursor of the page before. If its last result is no longer in the sequence, the page
                is the first one.

        Raises:
            ParameterCheckError: The cursor does not come from a page, or the limit is negative.
        """
        return _page(seq, limit, ascending, _read(cursor).get("last"), {})


def page_of_keys(
    keys_at: KeysAt,
    context: PartitionLoadingContext,
    limit: int,
    ascending: bool,
    cursor: str | None,
) -> PaginatedResults[str]:
    """Return a page of the keys of a definition.

    The cursor keeps the time of the first page, so later pages have no newer keys.

    Raises:
        ParameterCheckError: The cursor does not come from a page, or the limit is negative.
    """
    read = _read(cursor)
    now, frozen = _time_of(read, context)
    store = context.dynamic_partitions_store
    with partition_loading_context(new_ctx=PartitionLoadingContext(now, store)):
        keys = [str(key) for key in keys_at(now, store)]
    return _page(keys, limit, ascending, read.get("last"), frozen)


def page_of_windows(
    windows: Windows,
    context: PartitionLoadingContext,
    limit: int,
    ascending: bool,
    cursor: str | None,
) -> PaginatedResults[str]:
    """Return a page of the keys of time windows. Only the windows of the page are listed.

    The arguments and errors are those of `page_of_keys`.
    """
    read = _read(cursor)
    now, frozen = _time_of(read, context)
    first, end = windows.first, windows.bound(now)
    last = windows.start(read["last"]) if isinstance(read.get("last"), str) else None
    if last is not None and ascending:
        first = max(first, windows.cadence.after(last))
    elif last is not None:
        end = min(end, last)
    starts = windows.starts(first, end) if ascending else windows.backward(first, end)
    keys = list(map(windows.key, islice(starts, _checked(limit) + 1)))
    position = keys[:limit][-1] if keys[:limit] else read.get("last")
    return PaginatedResults(
        keys[:limit], json.dumps({"last": position, **frozen}), has_more=len(keys) > limit
    )


def _time_of(read: dict[str, Any], context: PartitionLoadingContext) -> tuple[Moment, dict[str, Any]]:
    """Return the time of the first page, and the part of the cursor that keeps it."""
    now = read.get("time", context.effective_dt)
    try:
        now = datetime.fromisoformat(now) if isinstance(now, str) else now
    except ValueError:
        raise ParameterCheckError(
            f"the cursor of a page has the invalid time {repr_of(now)}: pass the 'cursor' of its results"
        ) from None
    return now, {"time": now.isoformat() if isinstance(now, datetime) else now}


def _checked(limit: int) -> int:
    if not isinstance(limit, int) or limit < 0:
        raise ParameterCheckError(f"the limit of a page must be an integer from 0, not {repr_of(limit)}")
    return limit


def _page(
    results: Sequence[_T], limit: int, ascending: bool, last: Any, further: dict[str, Any]
) -> PaginatedResults[_T]:
    _checked(limit)
    ordered = list(results) if ascending else list(reversed(results))
    first = ordered.index(last) + 1 if last in ordered else 0
    page = ordered[first : first + limit]
    position = page[-1] if page else last
    return PaginatedResults(page, json.dumps({"last": position, **further}), len(ordered) > first + len(page))


def _read(cursor: str | None) -> dict[str, Any]:
    if cursor is None:
        return {}
    try:
        read = json.loads(cursor)
    except (ValueError, TypeError):
        read = None
    if not isinstance(read, dict) or "last" not in read:
        raise ParameterCheckError(
            f"the cursor {repr_of(cursor)} does not come from a page: pass the 'cursor' of its results"
        )
    return read
