"""The options of runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from dagflow.clock import SYSTEM_CLOCK, VirtualClock
from dagflow.options import RunOptions, current_options, set_defaults, set_options


def test_by_default_nothing_is_changed() -> None:
    """The defaults are the system clock, no pick, no given values and no faults."""
    defaults = RunOptions()

    assert defaults.clock is SYSTEM_CLOCK
    assert (defaults.pick, defaults.given, defaults.faults, defaults.random) == (None, {}, None, None)


@pytest.fixture(autouse=True)
def _system_clock() -> Iterator[None]:
    """The default of these tests is the system clock, not the clock of the plugin."""
    with set_defaults(clock=SYSTEM_CLOCK):
        yield


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


def test_defaults_hold_on_all_threads() -> None:
    """The defaults of the process hold on other threads too; the options of a context do not."""
    seen = []
    clock = VirtualClock(0)

    with set_defaults(clock=clock), set_options(given={"a": 1}):
        thread = threading.Thread(target=lambda: seen.append(current_options()))
        thread.start()
        thread.join()

    assert seen[0].clock is clock
    assert seen[0].given == {}
    assert current_options().clock is SYSTEM_CLOCK


def test_named_options_win_over_defaults() -> None:
    """A block inherits the current defaults of what it does not name, also if they change inside."""
    clock, other = VirtualClock(0), VirtualClock(0)

    with set_options(given={"a": 1}), set_defaults(clock=other):
        inherited = current_options()
        with set_options(clock=clock):
            named = current_options()

    assert (inherited.clock, inherited.given) == (other, {"a": 1})
    assert named.clock is clock
