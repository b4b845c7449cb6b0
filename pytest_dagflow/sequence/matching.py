"""Which event belongs to which pattern: an assignment that satisfies a mode, if any does.

Patterns form a tree: leaves (numbered patterns), `Series` (in this order) and `Parallel` (in any order). What
each leaf matches is a bit set: bit n stands for the event at place n. Three rules keep the search small, and
none of them misses an assignment:

- A series is cut into its parts. Where every place must be taken, their sizes say where; where gaps are
  allowed, the earliest end of a part leaves the most to the next one.
- The parts of a parallel that no event could confuse are looked at one by one; leaves alone are a bipartite
  matching.
- What remains reads the events once, from left to right, with the set of what may still be to come (as a
  regular expression is simulated), equal remainders merged. With gaps, an event that can be taken is taken:
  whoever would take a later one can take this one instead.

`causal` asks for more than places: see `_embed`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from dagflow import DagflowError
from pytest_dagflow.sequence.patterns import EventPattern, Group

MODES = ("causal", "exact", "prefix", "suffix", "contiguous", "subsequence", "unordered")
_MAX_REMAINDERS = 4_000  # remainders at one place
_MAX_TRIES = 2_000

Assignment = dict[int, int]
"""For each leaf the place of its event."""


@dataclass(frozen=True)
class Series:
    """Parts that come one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Parallel:
    """Parts that come in any order, also interleaved."""

    parts: tuple[Node, ...]


Node = int | Series | Parallel
NOTHING = Series(())


def tree_of(patterns: Sequence[EventPattern | Group], mode: str) -> tuple[Node, list[EventPattern]]:
    """The tree that patterns mean in a mode, and its leaves. `times=n` stands for n leaves in any order."""
    leaves: list[EventPattern] = []

    def build(pattern: EventPattern | Group) -> Node:
        if isinstance(pattern, Group):
            return join(Parallel if pattern.kind == "par" else Series, map(build, pattern.items))
        first, count = len(leaves), 1 if pattern.times is None else pattern.times
        leaves.extend([pattern] * count)
        return join(Parallel, range(first, first + count))

    return join(Parallel if mode == "unordered" else Series, map(build, patterns)), leaves


def leaves_in(node: Node) -> list[int]:
    """The leaves of a tree, in written order."""
    if isinstance(node, int):
        return [node]
    return [leaf for part in node.parts for leaf in leaves_in(part)]


def prune(node: Node, keep: set[int]) -> Node:
    """The tree with only the leaves of `keep`; the order among these stays."""
    if isinstance(node, int):
        return node if node in keep else NOTHING
    return join(type(node), (prune(part, keep) for part in node.parts))


def orders_of(node: Node) -> Iterator[tuple[int, int]]:
    """The pairs of leaves of which the first must come before the second; those that follow are left out."""
    if isinstance(node, int):
        return
    for part in node.parts:
        yield from orders_of(part)
    if isinstance(node, Series):
        for one, other in zip(node.parts, node.parts[1:], strict=False):
            for earlier in _border_leaves(one, -1):
                for later in _border_leaves(other, 0):
                    yield earlier, later


def find(
    node: Node, masks: Sequence[int], count: int, mode: str, caused: Callable[[int, int], bool] | None = None
) -> Assignment | None:
    """An assignment that satisfies a mode, or None if there is none.

    Args:
        node: The tree.
        masks: For each leaf, the places that it matches.
        count: The number of places.
        mode: One of `MODES`.
        caused: For the mode "causal": whether the event at one place caused that at another.

    Example:
        >>> find(Series((0, 1)), [0b0101, 0b0010], 4, "subsequence")
        {0: 0, 1: 1}
        >>> find(Series((1, 0)), [0b0001, 0b0010], 2, "exact") is None
        True
    """
    size = len(leaves_in(node))
    if size > count:
        return None
    positions = range(count)
    if mode == "causal":
        return _find_causal(node, masks, caused or (lambda one, other: one < other))
    if mode == "subsequence":
        return _find_earliest(node, 0, count, masks)
    if mode == "prefix":
        return _fill(node, positions[:size], masks)
    if mode == "suffix":
        return _fill(node, positions[count - size :], masks)
    if mode == "contiguous":
        windows = (positions[start : start + size] for start in range(count - size + 1))
        return next((found for window in windows if (found := _fill(node, window, masks)) is not None), None)
    return _fill(node, positions, masks)


def _fill(node: Node, positions: Sequence[int], masks: Sequence[int]) -> Assignment | None:
    """An assignment in which every one of these places is taken."""
    if isinstance(node, int):
        return {node: positions[0]} if len(positions) == 1 and masks[node] >> positions[0] & 1 else None
    found: Assignment = {}
    if isinstance(node, Series):
        start = 0
        for part in node.parts:
            end = start + len(leaves_in(part))
            inside = _fill(part, positions[start:end], masks)
            if inside is None:
                return None
            found.update(inside)
            start = end
        return found if start == len(positions) else None
    groups = _independent_groups(node.parts, positions, masks)
    if sum(len(own) for _, own in groups) != len(positions):
        return None  # a place that nothing matches
    for parts, own in groups:
        if len(parts) == 1:
            inside = _fill(parts[0], own, masks)
        elif sum(len(leaves_in(part)) for part in parts) != len(own):
            return None
        else:
            inside = _match_group(parts, own, masks, gaps=False)
        if inside is None:
            return None
        found.update(inside)
    return found


def _find_earliest(node: Node, start: int, stop: int, masks: Sequence[int]) -> Assignment | None:
    """An assignment from place `start` on that ends as early as any does; gaps are allowed."""
    if isinstance(node, int):
        rest = masks[node] >> start
        return {node: start + (rest & -rest).bit_length() - 1} if rest else None
    found: Assignment = {}
    if isinstance(node, Series):
        for part in node.parts:
            inside = _find_earliest(part, start, stop, masks)
            if inside is None:
                return None
            found.update(inside)
            start = max(inside.values(), default=start - 1) + 1
        return found
    for parts, own in _independent_groups(node.parts, range(start, stop), masks):
        inside = _find_earliest(parts[0], start, stop, masks) if len(parts) == 1 else None
        if len(parts) > 1:
            inside = _match_group(parts, own, masks, gaps=True)
        if inside is None:
            return None
        found.update(inside)
    return found


def _independent_groups(
    parts: Sequence[Node], positions: Sequence[int], masks: Sequence[int]
) -> list[tuple[tuple[Node, ...], list[int]]]:
    """The parts in groups, each with its places, so that no place could belong to two groups."""
    reach = []
    for part in parts:
        mask = 0
        for leaf in leaves_in(part):
            mask |= masks[leaf]
        reach.append(mask)
    leader = list(range(len(parts)))

    def lead(part: int) -> int:
        while leader[part] != part:
            part = leader[part]
        return part

    owner: dict[int, int] = {}
    for position in positions:
        touching = [part for part, mask in enumerate(reach) if mask >> position & 1]
        for part in touching:
            owner.setdefault(position, part)
            leader[lead(part)] = lead(touching[0])
    groups: dict[int, tuple[list[Node], list[int]]] = {}
    for number, part in enumerate(parts):
        groups.setdefault(lead(number), ([], []))[0].append(part)
    for position, number in owner.items():
        groups[lead(number)][1].append(position)
    return [(tuple(members), own) for members, own in groups.values()]


def _match_group(
    parts: tuple[Node, ...], positions: Sequence[int], masks: Sequence[int], *, gaps: bool
) -> Assignment | None:
    leaves = [part for part in parts if isinstance(part, int)]
    if len(leaves) == len(parts):
        return match_leaves(leaves, positions, masks)
    return _simulate(Parallel(parts), positions, masks, gaps=gaps)


def match_leaves(leaves: Sequence[int], positions: Sequence[int], masks: Sequence[int]) -> Assignment | None:
    """A place of its own for each leaf, by augmenting paths; the places are tried in their order.

    Example:
        >>> match_leaves([0, 1], [0, 1], [0b11, 0b01])
        {0: 1, 1: 0}
    """
    position_of: Assignment = {}
    leaf_of: dict[int, int] = {}
    for position in positions:
        if len(position_of) == len(leaves):
            break
        came_from: dict[int, int] = {}  # leaf -> the place that reached it
        queue = [position]
        for current in queue:
            fresh = [leaf for leaf in leaves if masks[leaf] >> current & 1 and leaf not in came_from]
            free = next((leaf for leaf in fresh if leaf not in position_of), None)
            if free is not None:
                leaf: int | None = free
                while leaf is not None:
                    taken = came_from.get(leaf, current)
                    before = leaf_of.get(taken)
                    position_of[leaf], leaf_of[taken] = taken, leaf
                    leaf = before if taken != position else None
                break
            for leaf in fresh:
                came_from[leaf] = current
                queue.append(position_of[leaf])
    return position_of if len(position_of) == len(leaves) else None


_Trail = tuple[int, int, "_Trail"] | None


def _simulate(node: Node, positions: Sequence[int], masks: Sequence[int], *, gaps: bool) -> Assignment | None:
    """Read the places once, with all that may still be to come."""
    shapes: dict[object, int] = {}
    frontier: dict[int, tuple[Node, _Trail]] = {_shape_number(node, masks, shapes): (node, None)}
    for position in positions:
        following: dict[int, tuple[Node, _Trail]] = {}
        for shape, (residual, trail) in frontier.items():
            taken = False
            for leaf, rest in _first_leaves(residual):
                if masks[leaf] >> position & 1:
                    taken = True
                    if rest == NOTHING and gaps:
                        return _unroll_trail((leaf, position, trail))
                    following.setdefault(_shape_number(rest, masks, shapes), (rest, (leaf, position, trail)))
            if gaps and not taken:
                following.setdefault(shape, (residual, trail))
        if len(following) > _MAX_REMAINDERS:
            raise _too_many_assignments()
        frontier = following
    ends = [trail for residual, trail in frontier.values() if residual == NOTHING]
    return _unroll_trail(ends[0]) if ends else None


def _unroll_trail(trail: _Trail) -> Assignment:
    found: Assignment = {}
    while trail is not None:
        leaf, position, trail = trail
        found[leaf] = position
    return found


def _first_leaves(node: Node) -> Iterator[tuple[int, Node]]:
    """Each leaf that may come first, and what is then still to come."""
    if isinstance(node, int):
        yield node, NOTHING
    elif isinstance(node, Series):
        for leaf, rest in _first_leaves(node.parts[0]):
            yield leaf, join(Series, (rest, *node.parts[1:]))
    else:
        for number, part in enumerate(node.parts):
            for leaf, rest in _first_leaves(part):
                yield leaf, join(Parallel, (*node.parts[:number], rest, *node.parts[number + 1 :]))


def _shape_number(node: Node, masks: Sequence[int], shapes: dict[object, int]) -> int:
    """A number, equal for trees that match the same: siblings in any order, leaves by what they match."""
    key: object
    if isinstance(node, int):
        key = ("leaf", masks[node])
    else:
        inside = [_shape_number(part, masks, shapes) for part in node.parts]
        key = (type(node), tuple(inside if isinstance(node, Series) else sorted(inside)))
    return shapes.setdefault(key, len(shapes))


def _find_causal(node: Node, masks: Sequence[int], caused: Callable[[int, int], bool]) -> Assignment | None:
    """An assignment in which, wherever one leaf stands before another, the one event caused the other.

    Arc consistency with backtracking: places that have no partner for some rule are struck out, and only
    where that leaves a choice, one is tried. A bipartite matching sees at once when several leaves want the
    same few events.
    """
    known: dict[tuple[int, int], bool] = {}

    def causes(one: int, other: int) -> bool:
        if (one, other) not in known:
            known[one, other] = caused(one, other)
        return known[one, other]

    leaves = leaves_in(node)
    rules: list[_Rule] = [(one, other, causes) for one, other in orders_of(node)]
    # of equal parts side by side the first has the first event: their permutations need not be tried
    rules += [(one, other, int.__lt__) for one, other in equal_siblings(node, masks)]
    tries = 0

    def search(domains: dict[int, list[int]], changed: set[int]) -> Assignment | None:
        nonlocal tries
        tries += 1
        if tries > _MAX_TRIES:
            raise _too_many_assignments()
        if not _consistent(domains, rules, changed):
            return None
        open_masks = {leaf: sum(1 << position for position in domains[leaf]) for leaf in leaves}
        union = sorted({position for positions in domains.values() for position in positions})
        found = match_leaves(leaves, union, [open_masks.get(leaf, 0) for leaf in range(len(masks))])
        if found is None or all(related(found[one], found[other]) for one, other, related in rules):
            return found
        leaf = min((leaf for leaf in leaves if len(domains[leaf]) > 1), key=lambda leaf: len(domains[leaf]))
        for position in domains[leaf]:
            inside = search({**domains, leaf: [position]}, {leaf})
            if inside is not None:
                return inside
        return None

    return search({leaf: positions_in(masks[leaf]) for leaf in leaves}, set(leaves))


_Rule = tuple[int, int, Callable[[int, int], bool]]


def _consistent(domains: dict[int, list[int]], rules: Sequence[_Rule], changed: set[int]) -> bool:
    """Strike out, in `domains`, every place without a partner; False if nothing is left for some leaf."""
    if not all(domains.values()):
        return False
    ordered = list(rules)
    while changed:
        dirty, changed = changed, set()
        for one, other, related in ordered:
            if not dirty & {one, other} and not changed & {one, other}:
                continue
            earlier, later = domains[one], domains[other]
            # every rule asks for an order of places too, so only what lies on the right side is tried, and
            # first the earliest cause and the latest effect, which are the likeliest partners
            domains[other] = left = [
                b for b in later if any(related(a, b) for a in islice(earlier, bisect_left(earlier, b)))
            ]
            domains[one] = [
                a
                for a in earlier
                if any(related(a, b) for b in islice(reversed(left), len(left) - bisect_right(left, a)))
            ]
            if not domains[one]:
                return False
            if len(domains[one]) < len(earlier):
                changed.add(one)
            if len(left) < len(later):
                changed.add(other)
        ordered.reverse()  # along a chain once forwards, once backwards, instead of link by link
    return True


def positions_in(mask: int) -> list[int]:
    """The places of a bit set, in order.

    Example:
        >>> positions_in(0b1010)
        [1, 3]
    """
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


def _border_leaves(node: Node, end: int) -> list[int]:
    """The leaves of a tree that nothing stands before (`end` 0) or behind (`end` -1)."""
    if isinstance(node, int):
        return [node]
    parts = node.parts if isinstance(node, Parallel) else (node.parts[end],)
    return [leaf for part in parts for leaf in _border_leaves(part, end)]


def equal_siblings(node: Node, masks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first leaves of parts side by side that are built alike."""
    if isinstance(node, int):
        return
    for part in node.parts:
        yield from equal_siblings(part, masks)
    if isinstance(node, Parallel):
        last: dict[object, int] = {}
        for part in node.parts:
            likeness, first = _structure(part, masks), leaves_in(part)[0]
            if likeness in last:
                yield last[likeness], first
            last[likeness] = first


def _structure(node: Node, masks: Sequence[int]) -> object:
    if isinstance(node, int):
        return masks[node]
    return type(node), tuple(_structure(part, masks) for part in node.parts)


def join(kind: type[Series] | type[Parallel], parts: Iterator[Node] | Sequence[Node]) -> Node:
    """A tree without empty parts, without a group of one and without a group directly in one of its kind."""
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, kind):
            flat += part.parts
        elif part != NOTHING:
            flat.append(part)
    if not flat:
        return NOTHING
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def _too_many_assignments() -> DagflowError:
    return DagflowError(
        "these patterns can be matched in too many ways to try them all: name the steps in the patterns of "
        "par(...)"
    )
