"""Tests of the search for an assignment: it is complete, and its time does not explode."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import DagflowError
from pytest_dagflow.sequence.matching import MODES, find_assignment, match_leaves
from pytest_dagflow.sequence.tree import NOTHING, Parallel, Series, leaves_in, prune


def numbered(shape, counter):
    """Return the tree of a nested list, with leaves numbered from left to right."""
    if shape == "leaf":
        return next(counter)
    kind, parts = shape
    return kind(tuple(numbered(part, counter) for part in parts))


shapes = st.recursive(
    st.just("leaf"),
    lambda inside: st.tuples(st.sampled_from([Series, Parallel]), st.lists(inside, min_size=1, max_size=3)),
    max_leaves=5,
)
trees = shapes.map(lambda shape: numbered(shape, itertools.count()))


def causes_by(caused):
    """Return the function of the causes among positions, from the relation of two positions."""
    return lambda positions: (
        lambda at: sum(1 << one for one in range(at) if caused(positions[one], positions[at]))
    )


def before(tree):
    """Return all pairs of leaves of which the first must precede the second."""
    if isinstance(tree, int):
        return set()
    found = set().union(*map(before, tree.parts))
    if isinstance(tree, Series):
        for one, other in itertools.combinations(tree.parts, 2):
            found |= set(itertools.product(leaves_in(one), leaves_in(other)))
    return found


def holds(tree, masks, positions, caused):
    """Return whether an assignment, position by leaf, satisfies patterns and order."""
    return all(masks[leaf] >> position & 1 for leaf, position in positions.items()) and all(
        positions[one] < positions[other] and caused(positions[one], positions[other])
        for one, other in before(tree)
    )


def by_trying_all(tree, masks, count, mode, caused):
    """Return whether any assignment satisfies a mode."""
    leaves = leaves_in(tree)
    size = len(leaves)
    windows = {
        "exact": [range(count)] if size == count else [],
        "unordered": [range(count)] if size == count else [],
        "prefix": [range(size)] if size <= count else [],
        "suffix": [range(count - size, count)] if size <= count else [],
        "contiguous": [range(start, start + size) for start in range(count - size + 1)],
    }.get(mode, [range(count)])
    relation = caused if mode == "causal" else lambda one, other: True
    return any(
        holds(tree, masks, dict(zip(leaves, positions, strict=True)), relation)
        for window in windows
        for positions in itertools.permutations(window, size)
    )


@given(data=st.data(), tree=trees, mode=st.sampled_from(MODES))
def test_an_assignment_is_found_if_and_only_if_there_is_one(data, tree, mode):
    """The result agrees with a search through all assignments, in every mode."""
    leaves = leaves_in(tree)
    count = data.draw(st.integers(len(leaves), 6) | st.integers(0, 6), label="count")
    masks = data.draw(st.lists(st.integers(0, 2**count - 1), min_size=len(leaves), max_size=len(leaves)))
    links = data.draw(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda p: p[0] < p[1])))
    ancestors = {position: {one for one, other in links if other == position} for position in range(6)}
    for position in range(6):
        ancestors[position] |= set().union(*(ancestors[above] for above in ancestors[position]), set())

    def caused(one, other):
        return one in ancestors[other]

    found = find_assignment(tree, masks, count, mode, causes_by(caused))

    assert (found is not None) == by_trying_all(tree, masks, count, mode, caused)
    if found is not None:
        relation = caused if mode == "causal" else lambda one, other: True
        assert sorted(found) == sorted(leaves)
        assert len(set(found.values())) == len(found)
        assert holds(tree, masks, found, relation)


@given(tree=trees, keep=st.sets(st.integers(0, 4)))
def test_pruning_keeps_the_order_of_the_leaves_that_stay(tree, keep):
    """Leaves stay ordered after a leaf between them is removed."""
    left = prune(tree, keep)

    assert set(leaves_in(left)) == set(leaves_in(tree)) & keep
    assert before(left) == {(one, other) for one, other in before(tree) if {one, other} <= keep}


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_always_found_among_nothing(mode):
    """An empty list of patterns matches an empty list of events."""
    assert find_assignment(NOTHING, [], 0, mode) == {}


@pytest.mark.parametrize("mode", ["exact", "unordered", "subsequence", "contiguous", "causal"])
@pytest.mark.parametrize("missing", [0, 1])
def test_equal_patterns_in_any_order_do_not_explode(mode, missing):
    """Thirty equal patterns are compared with thirty events, and with one event less."""
    count = 30 - missing
    tree = Parallel(tuple(range(30)))

    found = find_assignment(tree, [2**count - 1] * 30, count, mode)

    assert (found is None) == bool(missing)


@pytest.mark.parametrize("mode", ["exact", "unordered", "subsequence", "causal"])
@pytest.mark.parametrize("ends", [15, 14])
def test_equal_chains_side_by_side_do_not_explode(mode, ends):
    """Fifteen equal chains are compared with interleaved events, and with one end less."""
    tree = Parallel(tuple(Series((3 * n, 3 * n + 1, 3 * n + 2)) for n in range(15)))
    kinds = [0] * 15 + [1] * 15 + [2] * ends + [0] * (15 - ends)
    of_kind = [
        sum(1 << position for position, other in enumerate(kinds) if other == kind) for kind in range(3)
    ]

    found = find_assignment(tree, of_kind * 15, len(kinds), mode)

    assert (found is None) == (ends < 15)


def test_causal_tries_a_choice_that_no_rule_settles():
    """Each cause and each effect has a partner, but the first cause does not fit the first effect."""
    links = {(0, 3), (1, 2)}

    causes = causes_by(lambda *pair: pair in links)
    found = find_assignment(Series((0, 1)), [0b0011, 0b1100], 4, "causal", causes)

    assert found == {0: 0, 1: 3}


PAIRS = Parallel(tuple(Series((2 * n, 2 * n + 1)) for n in range(16)))


def too_few_effects(one, other):
    """Return masks by which eight causes share seven effects, and the other eight have nine."""
    return one < 16 <= other < 32 and (one < 8) == (other < 23)


def test_causal_sees_through_equal_pairs():
    """The permutations of sixteen equal pairs are not tried."""
    masks = [2**16 - 1, (2**16 - 1) << 16] * 16

    assert find_assignment(PAIRS, masks, 32, "causal", causes_by(too_few_effects)) is None


def test_causal_refuses_what_it_cannot_try_in_time():
    """Pairs that are nearly equal raise an error, instead of an endless search."""
    masks = [mask for n in range(16) for mask in (2**16 - 1 | 1 << 32 + n, (2**16 - 1) << 16)]

    with pytest.raises(DagflowError, match="too many ways"):
        find_assignment(PAIRS, masks, 48, "causal", causes_by(too_few_effects))


def test_overlapping_patterns_are_a_bipartite_matching():
    """Each pattern matches all events up to its own; the only assignment is found at once."""
    masks = [2 ** (leaf + 1) - 1 for leaf in range(200)]

    found = find_assignment(Parallel(tuple(range(200))), masks, 200, "unordered")

    assert found == {leaf: leaf for leaf in range(200)}


def test_a_long_chain_among_many_events_is_quick():
    """A thousand patterns match every second event."""
    every_second = sum(1 << position for position in range(0, 4000, 2))

    found = find_assignment(Series(tuple(range(1000))), [every_second] * 1000, 4000, "subsequence")

    assert found == {leaf: 2 * leaf for leaf in range(1000)}


def test_what_cannot_be_tried_in_time_is_an_error():
    """Chains with many different overlaps raise an error, instead of an endless search."""
    tree = Parallel(tuple(Series(tuple(range(4 * n, 4 * n + 4))) for n in range(20)))
    masks = [
        sum(1 << position for position in range(400) if (position * 7 + leaf) % (5 + leaf % 11) < 4)
        for leaf in range(80)
    ]

    with pytest.raises(DagflowError, match="too many ways"):
        find_assignment(tree, masks, 80, "exact")


@given(st.permutations(range(6)))
def test_matched_gives_each_leaf_a_place_of_its_own(order):
    """The first choice of a leaf may be changed."""
    found = match_leaves(list(range(6)), range(6), [1 << position | 1 for position in order])

    assert found is not None
    assert sorted(found.values()) == list(range(6))
