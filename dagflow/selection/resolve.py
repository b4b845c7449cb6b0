"""What a selection selects: walks along a graph, and the set operations over them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Final, TypeVar

_N = TypeVar("_N", bound=Hashable)

ALL: Final = -1
"""The depth of a walk that goes on to the end."""


def walk(starts: Iterable[_N], depth: int, neighbours: Callable[[_N], Iterable[_N]]) -> set[_N]:
    """Return `starts` and what is at most `depth` steps away from them.

    Args:
        starts: Where the walk begins.
        depth: How many steps to go; ALL means to the end.
        neighbours: The next nodes of a node: its parents to walk up, its children to walk down.

    Example:
        >>> children = {"a": ["b"], "b": ["c"], "c": []}
        >>> sorted(walk(["a"], 1, children.__getitem__)), sorted(walk(["a"], ALL, children.__getitem__))
        (['a', 'b'], ['a', 'b', 'c'])
    """
    seen = set(starts)
    frontier = seen
    while depth and frontier:
        frontier = {after for node in frontier for after in neighbours(node)} - seen
        seen |= frontier
        depth -= 1
    return seen
