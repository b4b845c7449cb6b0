"""The tree of patterns that a search matches with events.

The leaves are numbers: the indexes of the patterns. `Series` has its parts in this order, `Parallel` in any
order. `join` keeps every tree in normal form, without redundant groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_dagflow.sequence.patterns import EventPattern, Group


@dataclass(frozen=True)
class Series:
    """Parts that follow one another."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Parallel:
    """Parts in any order, which may also be interleaved."""

    parts: tuple[Node, ...]


Node = int | Series | Parallel
NOTHING = Series(())
"""The tree without leaves."""


def tree_of(patterns: Sequence[EventPattern | Group], mode: str) -> tuple[Node, list[EventPattern]]:
    """Return the tree of patterns in a mode, and the pattern of each leaf.

    A pattern with `times=n` becomes n leaves in any order.
    """
    leaves: list[EventPattern] = []

    def build(pattern: EventPattern | Group) -> Node:
        if isinstance(pattern, Group):
            return join(Parallel if pattern.function == "par" else Series, map(build, pattern.items))
        first, count = len(leaves), 1 if pattern.times is None else pattern.times
        leaves.extend([pattern] * count)
        return join(Parallel, range(first, first + count))

    return join(Parallel if mode == "unordered" else Series, map(build, patterns)), leaves


def leaves_in(node: Node) -> list[int]:
    """Return the leaves of a tree, in the order of the patterns."""
    if isinstance(node, int):
        return [node]
    return [leaf for part in node.parts for leaf in leaves_in(part)]


def prune(node: Node, keep: set[int]) -> Node:
    """Return the tree with only the leaves in `keep`, in the same order."""
    if isinstance(node, int):
        return node if node in keep else NOTHING
    return join(type(node), (prune(part, keep) for part in node.parts))


def join(cls: type[Series] | type[Parallel], parts: Iterator[Node] | Sequence[Node]) -> Node:
    """Return the parts as one tree in normal form.

    It has no empty part, no group of one part, and no group directly in a group of the same class.
    """
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, cls):
            flat += part.parts
        elif part != NOTHING:
            flat.append(part)
    if not flat:
        return NOTHING
    return flat[0] if len(flat) == 1 else cls(tuple(flat))


def ordered_pairs(node: Node) -> Iterator[tuple[int, int]]:
    """Yield the pairs of leaves of which the first must precede the second, without the implied pairs."""
    if isinstance(node, int):
        return
    for part in node.parts:
        yield from ordered_pairs(part)
    if isinstance(node, Series):
        for one, other in zip(node.parts, node.parts[1:], strict=False):
            for earlier in _border_leaves(one, -1):
                for later in _border_leaves(other, 0):
                    yield earlier, later


def neighbors_of(node: Node, leaf: int) -> tuple[list[int], list[int]] | None:
    """Return the leaves that must precede a leaf, and those that must follow; None without the leaf."""
    if isinstance(node, int):
        return ([], []) if node == leaf else None
    for number, part in enumerate(node.parts):
        inside = neighbors_of(part, leaf)
        if inside is not None:
            before, after = inside
            if isinstance(node, Series):
                before += [other for part in node.parts[:number] for other in leaves_in(part)]
                after += [other for part in node.parts[number + 1 :] for other in leaves_in(part)]
            return before, after
    return None


def _border_leaves(node: Node, end: int) -> list[int]:
    """Return the leaves that may be the first of a tree (`end` 0) or the last (`end` -1)."""
    if isinstance(node, int):
        return [node]
    parts = node.parts if isinstance(node, Parallel) else (node.parts[end],)
    return [leaf for part in parts for leaf in _border_leaves(part, end)]


def equal_siblings(node: Node, masks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of first leaves of neighboring parallel parts that match the same events."""
    if isinstance(node, int):
        return
    for part in node.parts:
        yield from equal_siblings(part, masks)
    if isinstance(node, Parallel):
        last: dict[object, int] = {}
        for part in node.parts:
            structure, first = _structure(part, masks), leaves_in(part)[0]
            if structure in last:
                yield last[structure], first
            last[structure] = first


def _structure(node: Node, masks: Sequence[int]) -> object:
    if isinstance(node, int):
        return masks[node]
    return type(node), tuple(_structure(part, masks) for part in node.parts)


def first_leaves(node: Node) -> Iterator[tuple[int, Node]]:
    """Yield each leaf that may be the first, with the tree of the remaining leaves."""
    if isinstance(node, int):
        yield node, NOTHING
    elif isinstance(node, Series):
        for leaf, rest in first_leaves(node.parts[0]):
            yield leaf, join(Series, (rest, *node.parts[1:]))
    else:
        for number, part in enumerate(node.parts):
            for leaf, rest in first_leaves(part):
                yield leaf, join(Parallel, (*node.parts[:number], rest, *node.parts[number + 1 :]))
