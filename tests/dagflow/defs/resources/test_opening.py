"""The start and stop of one resource."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import pytest

from dagflow.defs.resources.opening import close_all, closing, enter, must_not_close
from dagflow.errors import CheckError, DagflowInvariantViolationError


def test_what_a_function_returns() -> None:
    """A generator and a context manager are entered and stopped later; any other value is the resource."""
    story: list[str] = []

    def pump() -> Iterator[str]:
        yield "pump"
        story.append("off")

    assert enter(3, "here") == (3, None)
    for made in (pump(), contextmanager(pump)()):
        with closing(enter(made, "here")) as value:
            assert (value, story) == ("pump", [])
        assert story.pop() == "off"


@pytest.mark.parametrize(("count", "message"), [(0, "at here is a generator"), (2, "more than once")])
def test_a_generator_yields_once(count: int, message: str) -> None:
    """No yield raises at the start, a second yield raises at the stop."""
    with pytest.raises(DagflowInvariantViolationError, match=message):
        close_all([enter((number for number in range(count)), "here")[1] or (lambda: None)])


def test_an_async_function_is_no_resource_function() -> None:
    """A coroutine or an async generator is refused, because nothing would run its body."""

    async def pump() -> str:
        return "pump"

    async def pumps() -> AsyncIterator[str]:
        yield "pump"

    for made in (pump(), pumps()):
        with pytest.raises(DagflowInvariantViolationError, match="the resource function at here is async"):
            enter(made, "here")


def test_what_must_be_stopped() -> None:
    """It raises and is stopped, if no later code would stop it."""
    stopped: list[str] = []

    assert must_not_close(3, None) == 3
    with pytest.raises(CheckError, match="process_config_and_initialize_cm"):
        must_not_close(3, lambda: stopped.append("3"))
    assert stopped == ["3"]


def test_all_are_stopped() -> None:
    """Resources are stopped in reverse order, even if one of them raises."""
    stopped: list[int] = []

    def stop(number: int) -> Callable[[], None]:
        def close() -> None:
            stopped.append(number)
            if number == 2:
                raise ValueError("two")

        return close

    with pytest.raises(ValueError, match="two"):
        close_all([stop(1), stop(2), stop(3)])
    assert stopped == [3, 2, 1]
