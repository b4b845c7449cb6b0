"""Tests of `dagflow.partitions.paging`."""

from __future__ import annotations

from datetime import datetime

import pytest

from dagflow.errors import ParameterCheckError
from dagflow.partitions.calendar import DailyPartitionsDefinition
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.loading import partition_loading_context
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.paging import PaginatedResults
from dagflow.partitions.static import StaticPartitionsDefinition

LETTERS = StaticPartitionsDefinition(["a", "b", "c", "d", "e"])
DAYS = DailyPartitionsDefinition("2024-01-01")
PAIRS = MultiPartitionsDefinition({"l": LETTERS, "d": DAYS})
SHOPS = DynamicPartitionsDefinition(lambda now: ["corner", "station", "park"])


@pytest.mark.parametrize("definition", [LETTERS, DAYS, PAIRS, SHOPS])
@pytest.mark.parametrize("ascending", [True, False])
def test_pages_have_all_keys(definition: PartitionsDefinition, ascending: bool) -> None:
    """The pages have all keys in order, or in reverse order, and the last page has nothing behind it."""
    found: list[str] = []
    with partition_loading_context(datetime(2024, 1, 6)) as context:
        expected = definition.get_partition_keys()
        page = definition.get_paginated_partition_keys(context, 2, ascending)
        found += page.results
        while page.has_more:
            page = definition.get_paginated_partition_keys(context, 2, ascending, page.cursor)
            found += page.results

    assert found == (expected if ascending else expected[::-1])


def test_later_pages_have_the_time_of_the_first() -> None:
    """Windows that complete after the first page are not in the later pages."""
    with partition_loading_context(datetime(2024, 1, 4)) as context:
        first = DAYS.get_paginated_partition_keys(context, 2, ascending=True)
    with partition_loading_context(datetime(2024, 1, 9)) as later:
        second = DAYS.get_paginated_partition_keys(later, 2, True, first.cursor)

    assert (first.results, second.results) == (["2024-01-01", "2024-01-02"], ["2024-01-03"])
    assert not second.has_more


def test_sequences() -> None:
    """A page of a sequence starts behind the cursor, or at the first result if that of the cursor is gone."""
    first = PaginatedResults.create_from_sequence(["a", "b", "c"], 1, ascending=True)

    assert PaginatedResults.create_from_sequence(["a", "b", "c"], 9, True, first.cursor).results == ["b", "c"]
    assert PaginatedResults.create_from_sequence(["b", "c"], 1, True, first.cursor).results == ["b"]
    nothing = PaginatedResults.create_from_sequence(["a"], 0, ascending=True)
    assert (nothing.results, nothing.has_more) == ([], True)


@pytest.mark.parametrize(("limit", "cursor"), [(-1, None), ("3", None), (1, "soon"), (1, "[]"), (1, 5)])
def test_invalid_pages(limit: int, cursor: str | None) -> None:
    """The limit is a number from 0, and the cursor comes from a page."""
    with partition_loading_context() as context, pytest.raises(ParameterCheckError):
        LETTERS.get_paginated_partition_keys(context, limit, ascending=True, cursor=cursor)


def test_pages_of_windows_list_their_own_keys_only() -> None:
    """Pages of time windows go in both directions, over gaps, and a deleted position is no error."""
    workdays = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-10", exclusions=["0 0 * * 0,6"])
    found: dict[bool, list[str]] = {True: [], False: []}
    with partition_loading_context() as context:
        for ascending, keys in found.items():
            cursor, has_more = None, True
            while has_more:
                page = workdays.get_paginated_partition_keys(context, 2, ascending, cursor)
                keys += page.results
                cursor, has_more = page.cursor, page.has_more
        empty = workdays.get_paginated_partition_keys(context, 0, True)

    assert found[True] == found[False][::-1] == workdays.get_partition_keys()
    assert (empty.results, empty.has_more) == ([], True)
    with pytest.raises(ParameterCheckError, match="invalid time 'soon'"):
        workdays.get_paginated_partition_keys(context, 2, True, '{"last": null, "time": "soon"}')
