"""The search for an assignment: an event for each pattern, in an order that a mode allows.

Each leaf of the tree of patterns has a bit set as its mask: bit n is set if the event at position n matches.
Three rules keep the search small without missing an assignment:

- A series is cut into its parts. Without gaps the sizes of the parts are the cuts. With gaps the earliest end
  of a part leaves the most positions to the next part.
- Parts of a parallel that share no matching event are searched one by one. Leaves alone are a bipartite
  matching.
- For the other parts, the search reads the events once from left to right, with the set of possible
  remainders, like the simulation of a regular expression. Equal remainders are merged. With gaps, a matching
  event is always taken, because it can replace any later event.

The mode `causal` needs more than positions: see `_find_causal`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from dagflow import DagflowError, DagflowEvent, DagflowEventType
from pytest_dagflow.sequence.patterns import EventPattern
from pytest_dagflow.sequence.tree import (
    NOTHING,
    Node,
    Parallel,
    Series,
    equal_siblings,
    first_leaves,
    leaves_in,
    ordered_pairs,
)

MODES = ("causal", "exact", "prefix", "suffix", "contiguous", "subsequence", "unordered")
_MAX_REMAINDERS = 4_000  # at one position
_MAX_TRIES = 2_000

Assignment = dict[int, int]
"""The position of the event of each leaf."""

CausesAmong = Callable[[Sequence[int]], Callable[[int], int]]
"""A function of positions. The function that it returns takes an index of these positions, and returns the
indexes of all causes, also of the causes of causes, as a bit set. All of them are smaller."""


def find_assignment(
    node: Node, masks: Sequence[int], count: int, mode: str, causes_among: CausesAmong | None = None
) -> Assignment | None:
    """Return an assignment that satisfies a mode; None if there is no such assignment.

    Args:
        node: The tree.
        masks: For each leaf the matching positions, as a bit set.
        count: The number of events.
        mode: One of `MODES`.
        causes_among: Returns the causes among the events at some positions, for the mode "causal".

    Example:
        >>> find_assignment(Series((0, 1)), [0b0101, 0b0010], 4, "subsequence")
        {0: 0, 1: 1}
        >>> find_assignment(Series((1, 0)), [0b0001, 0b0010], 2, "exact") is None
        True
    """
    size = len(leaves_in(node))
    if size > count:
        return None
    positions = range(count)
    if mode == "causal":
        return _find_causal(node, masks, causes_among or (lambda _: _before))
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
    """Return an assignment that takes each of the positions."""
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
        return None  # a position without a matching leaf
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
    """Return the assignment from position `start` on with the earliest end; gaps are allowed."""
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
    """Return groups of parts with their matching positions, so that no position is in two groups."""
    reach = []
    for part in parts:
        mask = 0
        for leaf in leaves_in(part):
            mask |= masks[leaf]
        reach.append(mask)
    leader = list(range(len(parts)))

    def leader_of(part: int) -> int:
        while leader[part] != part:
            part = leader[part]
        return part

    owner: dict[int, int] = {}
    for position in positions:
        matching_parts = [part for part, mask in enumerate(reach) if mask >> position & 1]
        for part in matching_parts:
            owner.setdefault(position, part)
            leader[leader_of(part)] = leader_of(matching_parts[0])
    groups: dict[int, tuple[list[Node], list[int]]] = {}
    for number, part in enumerate(parts):
        groups.setdefault(leader_of(number), ([], []))[0].append(part)
    for position, number in owner.items():
        groups[leader_of(number)][1].append(position)
    return [(tuple(members), own) for members, own in groups.values()]


def _match_group(
    parts: tuple[Node, ...], positions: Sequence[int], masks: Sequence[int], *, gaps: bool
) -> Assignment | None:
    leaves = [part for part in parts if isinstance(part, int)]
    if len(leaves) == len(parts):
        return match_leaves(leaves, positions, masks)
    return _simulate(Parallel(parts), positions, masks, gaps=gaps)


def match_leaves(leaves: Sequence[int], positions: Sequence[int], masks: Sequence[int]) -> Assignment | None:
    """Return a different position for each leaf, by augmenting paths; positions are tried in their order.

    Example:
        >>> match_leaves([0, 1], [0, 1], [0b11, 0b01])
        {0: 1, 1: 0}
    """
    position_of: Assignment = {}
    leaf_of: dict[int, int] = {}
    for position in positions:
        if len(position_of) == len(leaves):
            break
        came_from: dict[int, int] = {}  # leaf -> the position from which it was reached
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
    """Read the positions once, with the possible remainders of the tree."""
    shapes: dict[object, int] = {}
    frontier: dict[int, tuple[Node, _Trail]] = {_shape_number(node, masks, shapes): (node, None)}
    for position in positions:
        next_frontier: dict[int, tuple[Node, _Trail]] = {}
        for shape, (residual, trail) in frontier.items():
            taken = False
            for leaf, rest in first_leaves(residual):
                if masks[leaf] >> position & 1:
                    taken = True
                    if rest == NOTHING and gaps:
                        return _unroll_trail((leaf, position, trail))
                    next_frontier.setdefault(
                        _shape_number(rest, masks, shapes), (rest, (leaf, position, trail))
                    )
            if gaps and not taken:
                next_frontier.setdefault(shape, (residual, trail))
        if len(next_frontier) > _MAX_REMAINDERS:
            raise _too_many_assignments()
        frontier = next_frontier
    ends = [trail for residual, trail in frontier.values() if residual == NOTHING]
    return _unroll_trail(ends[0]) if ends else None


def _unroll_trail(trail: _Trail) -> Assignment:
    found: Assignment = {}
    while trail is not None:
        leaf, position, trail = trail
        found[leaf] = position
    return found


def _shape_number(node: Node, masks: Sequence[int], shapes: dict[object, int]) -> int:
    """Return a number that is equal for trees that match the same events in the same orders."""
    key: object
    if isinstance(node, int):
        key = ("leaf", masks[node])
    else:
        inside = [_shape_number(part, masks, shapes) for part in node.parts]
        key = (type(node), tuple(inside if isinstance(node, Series) else sorted(inside)))
    return shapes.setdefault(key, len(shapes))


def _before(index: int) -> int:
    return (1 << index) - 1


def _find_causal(node: Node, masks: Sequence[int], causes_among: CausesAmong) -> Assignment | None:
    """Return an assignment in which the event of a leaf caused the events of all later leaves.

    Only the positions that match a leaf take part, so the bit sets are small.
    """
    leaves = leaves_in(node)
    union = 0
    for leaf in leaves:
        union |= masks[leaf]
    positions = positions_in(union)
    index_of = {position: index for index, position in enumerate(positions)}
    domain_of: dict[int, int] = {}  # equal masks are frequent
    for leaf in leaves:
        if masks[leaf] not in domain_of:
            domain_of[masks[leaf]] = _bits([index_of[position] for position in positions_in(masks[leaf])])
    causes = functools.cache(causes_among(positions))
    rules: list[_Rule] = [(one, other, causes) for one, other in ordered_pairs(node)]
    # equal siblings take their events in order, so that their permutations are not tried
    rules += [(one, other, _before) for one, other in equal_siblings(node, masks)]
    found = _CausalSearch(leaves, rules).find({leaf: domain_of[masks[leaf]] for leaf in leaves})
    return None if found is None else {leaf: positions[index] for leaf, index in found.items()}


_Rule = tuple[int, int, Callable[[int], int]]
"""Two leaves, and the function that returns the possible positions of the first for one of the second."""


class _CausalSearch:
    """The search for positions of leaves that satisfy rules.

    It keeps the domain of each leaf: its possible positions, as a bit set. Each rule removes the positions of
    its first leaf that have no partner. From the last rule to the first, this leaves a series that has a
    solution without a choice. Only if that fails, the search makes the domains consistent in both directions
    (arc consistency), and tries the positions of a leaf. A bipartite matching detects at once that several
    leaves need the same few events.
    """

    def __init__(self, leaves: Sequence[int], rules: list[_Rule]) -> None:
        self.leaves = leaves
        rank = {leaf: number for number, leaf in enumerate(leaves)}
        self.rules = sorted(rules, key=lambda rule: (rank[rule[0]], rank[rule[1]]))
        self.rules_of: dict[int, list[_Rule]] = {leaf: [] for leaf in leaves}
        for rule in rules:
            self.rules_of[rule[1]].append(rule)
        self.tries = 0

    def find(self, domains: dict[int, int]) -> Assignment | None:
        """Return an assignment, or None."""
        if not all(domains.values()):
            return None
        narrow = dict(domains)
        for one, other, partners in reversed(self.rules):
            reached, left = 0, narrow[other]
            while left:
                last = left.bit_length() - 1
                before = partners(last)
                reached |= before
                left &= ~(before | 1 << last)  # what caused a cause adds nothing
            narrow[one] &= reached
            if not narrow[one]:
                return None
        return self._take_first(narrow) or self._search(narrow, set(self.leaves))

    def _search(self, domains: dict[int, int], changed: set[int]) -> Assignment | None:
        self.tries += 1
        if self.tries > _MAX_TRIES:
            raise _too_many_assignments()
        if not _make_consistent(domains, self.rules, changed):
            return None
        found = self._take_first(domains)
        if found is not None:
            return found
        union = 0
        for domain in domains.values():
            union |= domain
        open_masks = [domains.get(leaf, 0) for leaf in range(max(self.leaves) + 1)]
        found = match_leaves(self.leaves, positions_in(union), open_masks)
        if found is None or all(of(found[other]) >> found[one] & 1 for one, other, of in self.rules):
            return found
        sizes = {leaf: domain.bit_count() for leaf, domain in domains.items()}
        leaf = min((leaf for leaf in self.leaves if sizes[leaf] > 1), key=lambda leaf: sizes[leaf])
        for position in positions_in(domains[leaf]):
            inside = self._search({**domains, leaf: 1 << position}, {leaf})
            if inside is not None:
                return inside
        return None

    def _take_first(self, domains: dict[int, int]) -> Assignment | None:
        """Return the assignment of the first possible position to each leaf in turn; None if one has none."""
        found: Assignment = {}
        taken = 0
        for leaf in self.leaves:
            rules = self.rules_of[leaf]
            # causes are at smaller positions
            start = max([found[one] for one, _, _ in rules], default=-1) + 1
            left = domains[leaf] & ~taken & (-1 << start)
            while left:  # the first one is nearly always possible
                lowest = left & -left
                position = lowest.bit_length() - 1
                if all(partners(position) >> found[one] & 1 for one, _, partners in rules):
                    found[leaf] = position
                    taken |= lowest
                    break
                left ^= lowest
            else:
                return None
        return found


def _make_consistent(domains: dict[int, int], rules: Sequence[_Rule], changed: set[int]) -> bool:
    """Remove the positions without a partner from `domains`; return False if a leaf has no position left."""
    if not all(domains.values()):
        return False
    ordered = list(rules)
    while changed:
        pending, changed = changed, set()
        for one, other, partners in ordered:
            if not pending & {one, other} and not changed & {one, other}:
                continue
            earlier, later = domains[one], domains[other]
            left = reached = 0
            for position in positions_in(later):
                causes = partners(position) & earlier
                if causes:
                    left |= 1 << position
                    reached |= causes
            if not left:
                return False
            domains[one], domains[other] = reached, left
            if reached != earlier:
                changed.add(one)
            if left != later:
                changed.add(other)
        ordered.reverse()  # a chain needs one pass in each direction, instead of one pass per link
    return True


def masks_of(patterns: Sequence[EventPattern], events: Sequence[DagflowEvent]) -> list[int]:
    """Return for each pattern the positions of the matching events, as a bit set."""
    types = {pattern.event_type for pattern in patterns}
    positions: dict[tuple[DagflowEventType, str | None], list[int]] = {}
    for position, event in enumerate(events):
        if event.event_type in types:
            step = event.step_key
            positions.setdefault((event.event_type, step), []).append(position)
            if step is not None:
                positions.setdefault((event.event_type, None), []).append(position)  # patterns without a step
    masks: dict[object, int] = {}

    def mask_of(pattern: EventPattern) -> int:
        expected = pattern.fields.get("step")
        step = expected if isinstance(expected, str) else None
        is_simple = len(pattern.fields) == (step is not None)
        # a pattern with times=n is in the list n times
        key: object = (pattern.event_type, step) if is_simple else id(pattern)
        if key not in masks:
            found = positions.get((pattern.event_type, step), [])
            if not is_simple:
                found = [position for position in found if pattern.matches(events[position])]
            masks[key] = _bits(found)
        return masks[key]

    return [mask_of(pattern) for pattern in patterns]


def _bits(positions: Sequence[int]) -> int:
    """Return the bit set of positions, which are in order."""
    digits = bytearray(b"0" * (positions[-1] + 1 if positions else 1))
    for position in positions:
        digits[-1 - position] = 49  # "1"
    return int(digits, 2)


def positions_in(mask: int) -> list[int]:
    """Return the positions of the bits of a bit set, in order.

    Example:
        >>> positions_in(0b1010)
        [1, 3]
    """
    digits = f"{mask:b}"[::-1]  # quicker than arithmetic with a number of thousands of bits
    if mask.bit_count() * 8 > len(digits):
        return [position for position, digit in enumerate(digits) if digit == "1"]
    found = []
    at = digits.find("1")
    while at >= 0:
        found.append(at)
        at = digits.find("1", at + 1)
    return found


def _too_many_assignments() -> DagflowError:
    return DagflowError(
        "these patterns can be matched in too many ways to try all of them: name the steps in the patterns "
        "of par(...)"
    )
