"""The options of runs."""

from __future__ import annotations

import pytest

from dagflow.clock import SYSTEM_CLOCK, VirtualClock
from dagflow.options import RunOptions, current_options, set_options


def test_by_default_nothing_is_changed() -> None:
    """The defaults are the system clock, no pick, no given values and no faults."""
    assert current_options() == RunOptions()
    assert current_options().clock is SYSTEM_CLOCK


def test_blocks_nest() -> None:
    """An inner block inherits the options that it does not name, and the outer options return after it."""
    clock, given = VirtualClock(0), {"a": 1}

    with set_options(clock=clock) as outer:
        with set_options(given=given):
            inner = current_options()
        after = current_options()

    assert (inner.clock, inner.given) == (clock, given)
    assert after is outer
    assert current_options().clock is SYSTEM_CLOCK


def test_a_block_that_raises_is_over() -> None:
    """Options are reset if their block raises."""
    with pytest.raises(ValueError, match="x"), set_options(clock=VirtualClock(0)):
        raise ValueError("x")

    assert current_options().clock is SYSTEM_CLOCK


def test_what_was_used_belongs_to_what_was_given() -> None:
    """A block with `given` has a new `used`. A block without shares the outer one."""
    with set_options(given={"a": 1}) as outer:
        with set_options(clock=VirtualClock(0)) as same:
            same.used.add("a")
        with set_options(given={"b": 1}) as inner:
            inner.used.add("b")

    assert (outer.used, inner.used) == ({"a"}, {"b"})
    assert current_options().used == set()
