"""The graph algorithms on bare names."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow.dag import find_cycle, levels

Parents = dict[str, list[str]]


@st.composite
def dags(draw: st.DrawFn) -> Parents:
    """Build a graph whose names depend on earlier ones only, in any order."""
    count = draw(st.integers(0, 12))
    names = [f"n{number}" for number in range(count)]
    parents = {
        name: draw(st.lists(st.sampled_from(names[:index]), max_size=4)) if index else []
        for index, name in enumerate(names)
    }
    return {name: parents[name] for name in draw(st.permutations(names))}


@st.composite
def graphs(draw: st.DrawFn) -> Parents:
    """Build any graph, with or without cycles."""
    names = [f"n{number}" for number in range(draw(st.integers(1, 7)))]
    return {name: draw(st.lists(st.sampled_from(names), max_size=3)) for name in names}


def _shuffled(parents: Parents, seed: int) -> Parents:
    chance = random.Random(seed)
    names = list(parents)
    chance.shuffle(names)
    return {name: chance.sample(parents[name], len(parents[name])) for name in names}


@given(dags())
def test_a_level_is_one_more_than_the_highest_above(parents: Parents) -> None:
    """Every name has a level, and parents come first."""
    level = levels(parents)
    place = {name: index for index, name in enumerate(level)}

    assert set(level) == set(parents)
    for name, before in parents.items():
        assert level[name] == max((level[up] + 1 for up in before), default=0)
        assert all(place[up] < place[name] for up in before)


@given(graphs(), st.integers())
def test_the_order_of_writing_has_no_say(parents: Parents, seed: int) -> None:
    """Levels and the reported cycle depend on names and edges, not on their order."""
    again = _shuffled(parents, seed)

    assert levels(again) == levels(parents)
    assert find_cycle(again) == find_cycle(parents)


@given(graphs())
def test_a_cycle_is_one(parents: Parents) -> None:
    """Each name of a reported cycle depends on the previous one. Without a cycle, all names have a level."""
    cycle = find_cycle(parents)

    if cycle is None:
        assert len(levels(parents)) == len(parents)
        return
    assert len(set(cycle)) == len(cycle)
    assert cycle[0] == min(cycle)
    for before, name in zip([cycle[-1], *cycle], cycle, strict=False):
        assert before in parents[name]


@pytest.mark.parametrize(
    ("parents", "cycle"),
    [
        ({}, None),
        ({"a": ["a"]}, ["a"]),
        ({"b": ["a"], "a": ["b"]}, ["a", "b"]),
        ({"start": [], "x": ["z", "start"], "y": ["x"], "z": ["y"], "after": ["z"]}, ["x", "y", "z"]),
    ],
)
def test_cycles_by_hand(parents: Parents, cycle: list[str] | None) -> None:
    """Names before and after a cycle are not part of it."""
    assert find_cycle(parents) == cycle


def test_a_long_chain_takes_no_recursion() -> None:
    """A chain deeper than Python's stack has levels."""
    count = 20_000
    level = levels({str(n): [str(n - 1)] if n else [] for n in range(count)})

    assert level[str(count - 1)] == count - 1
