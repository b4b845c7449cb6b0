"""Graph algorithms on bare names: topological levels, and cycles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

N = TypeVar("N")


def levels(parents: Mapping[N, Iterable[N]]) -> dict[N, int]:
    """Return the level of each name: 0 without parents, else one more than the highest level of a parent.

    Args:
        parents: The parents of each name, all of them keys too. Duplicates are allowed.

    Returns:
        The levels by name, parents first. Names on a cycle, and all names after it, are omitted.

    Example:
        >>> levels({"b": ["a"], "a": [], "c": ["a", "b"]})
        {'a': 0, 'b': 1, 'c': 2}
    """
    waiting: dict[N, int] = {}
    children: dict[N, list[N]] = {}
    for name, before in parents.items():
        count = 0
        for parent in before:
            children.setdefault(parent, []).append(name)
            count += 1
        waiting[name] = count
    level = {name: 0 for name, count in waiting.items() if not count}
    queue = list(level)
    for name in queue:
        next_level = level[name] + 1
        for child in children.get(name, ()):
            waiting[child] -= 1
            if not waiting[child]:
                level[child] = next_level
                queue.append(child)
    return level


def find_cycle(parents: Mapping[N, Iterable[N]]) -> list[N] | None:
    """Return the names on one cycle, in the order in which they depend on each other, or None.

    Example:
        >>> find_cycle({"a": ["c"], "b": ["a"], "c": ["b"]})
        ['a', 'b', 'c']
        >>> find_cycle({"a": [], "b": ["a"]})

    If there are several cycles, the choice depends on the names only, not on their order.
    """
    level = levels(parents)
    if len(level) == len(parents):
        return None
    trail: list[N] = []
    seen: set[N] = set()
    name = min((name for name in parents if name not in level), key=str)
    while (
        name not in seen
    ):  # each name without a level has a parent without one, so the walk up ends in a cycle
        seen.add(name)
        trail.append(name)
        name = min((parent for parent in parents[name] if parent not in level), key=str)
    cycle = trail[trail.index(name) :]
    cycle.reverse()
    start = min(range(len(cycle)), key=lambda index: str(cycle[index]))
    return cycle[start:] + cycle[:start]
