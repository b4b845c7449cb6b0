"""Keys, windows, subsets and mappings of random time partitions: the reference and dagflow agree on each."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import Any

import profiles
import pytest
from hypothesis import HealthCheck, Phase, given
from known_differences import KNOWN_WINDOWS, explanation
from windows import Link, links, observed

import dagflow

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")

examples = profiles.examples(
    12,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # an explanation takes minutes
)


@examples
@given(links())
def test_time_windows(link: Link) -> None:
    """Each question about keys, windows, subsets and a mapping has the same answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours: dict[str, Any] = {"definition": None}
        with suppress(dagflow.DagflowInvalidDefinitionError):
            ours = observed(dagflow, link)
        # the reference may search without an end, so it is asked only about definitions with keys
        if not ours.get("keys"):
            name = next(iter(ours))
            assert explanation(KNOWN_WINDOWS, link, name, None, ours[name])
            return
        theirs = observed(reference, link)

    different = {
        name: (theirs[name], ours.get(name))
        for name in theirs
        if theirs[name] != ours.get(name)
        and not explanation(KNOWN_WINDOWS, link, name, theirs[name], ours.get(name))
    }
    assert not different


PAGES = [
    ("StaticPartitionsDefinition", (["a", "b", "c", "d", "e"],)),
    ("DailyPartitionsDefinition", ("2024-01-01", "2024-01-06")),
]


@pytest.mark.parametrize(("name", "arguments"), PAGES)
@pytest.mark.parametrize("ascending", [True, False])
def test_pages(name: str, arguments: tuple[Any, ...], ascending: bool) -> None:
    """Pages have the same keys. The reference ignores the end of time windows in descending pages."""
    both = []
    for library in (reference, dagflow):
        definition = getattr(library, name)(*arguments)
        pages: list[list[str]] = []
        cursor = None
        with library.partition_loading_context() as context:
            for _ in range(2 if ascending else 1):
                page = definition.get_paginated_partition_keys(context, 3, ascending, cursor)
                pages.append(list(page.results))
                cursor = page.cursor
        both.append(pages)

    if ascending or name == "StaticPartitionsDefinition":
        assert both[0] == both[1]
    else:
        assert both[1] == [["2024-01-05", "2024-01-04", "2024-01-03"]]
