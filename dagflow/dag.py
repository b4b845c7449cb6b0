"""Graph algorithms on bare names: in which order they come, and how a cycle runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

N = TypeVar("N")


def levels(parents: Mapping[N, Iterable[N]]) -> dict[N, int]:
    """The level of each name: 0 without parents, else one more than the highest level of a parent.

    Args:
        parents: For each name, the names that come before it; a name may stand there more than once.

    Returns:
        Level by name, in an order in which parents come first. Names on a cycle, and after one, are missing.

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
    """The names along one cycle, in the order in which they depend on each other, or None.

    Example:
        >>> find_cycle({"a": ["c"], "b": ["a"], "c": ["b"]})
        ['a', 'b', 'c']
        >>> find_cycle({"a": [], "b": ["a"]})

    Where there are several, the choice depends on the names alone, not on the order in which they are given.
    """
    level = levels(parents)
    if len(level) == len(parents):
        return None
    trail: list[N] = []
    seen: set[N] = set()
    name = min((name for name in parents if name not in level), key=str)
    while name not in seen:  # every name here has a parent that is here too, so the walk upward must close
        seen.add(name)
        trail.append(name)
        name = min((parent for parent in parents[name] if parent not in level), key=str)
    cycle = trail[trail.index(name) :]
    cycle.reverse()
    start = min(range(len(cycle)), key=lambda index: str(cycle[index]))
    return cycle[start:] + cycle[:start]
