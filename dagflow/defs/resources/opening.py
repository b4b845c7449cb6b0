"""The start and stop of one resource."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import GeneratorType
from typing import Any

from dagflow.errors import CheckError, DagflowInvariantViolationError
from dagflow.event_loop import SHARED, refuse_coroutine

Opened = tuple[Any, "Callable[[], None] | None"]
"""A started resource and the function that stops it, or None."""


def enter(made: Any, place: str) -> Opened:
    """Return a started resource from the result of a function. A generator or context manager is entered.

    Raises:
        DagflowInvariantViolationError: A generator yields nothing, or later yields more than once; or the
            function is async.
    """
    if type(made) is GeneratorType:
        generator = made
        try:
            value = next(generator)
        except StopIteration:
            raise DagflowInvariantViolationError(
                f"the resource function at {place} is a generator that yielded nothing"
            ) from None
        return value, lambda: _finish(generator, place)
    if isinstance(made, AbstractContextManager) and _is_wrapped_generator(made):
        manager = made
        return manager.__enter__(), lambda: _exit(manager)
    if type(made).__name__ == "_AsyncGeneratorContextManager":
        return _enter_async(made, place)
    refuse_coroutine(made, f"the resource function at {place}")
    return made, None


def _enter_async(manager: Any, place: str) -> Opened:
    loop = SHARED.get()
    if loop is None:
        raise DagflowInvariantViolationError(
            f"Unable to handle resource with async def yield_for_execution: {place} lives on an event loop, "
            "but none is running. Pass one, as in build_op_context(..., "
            "event_loop=asyncio.new_event_loop()); a run has its own."
        )
    return loop.wait(manager.__aenter__()), lambda: loop.wait(manager.__aexit__(None, None, None))


def _is_wrapped_generator(made: Any) -> bool:
    # `@contextmanager` functions are resources that clean up; another object that happens to be a context
    # manager (a file, a connection) is the resource itself
    return type(made).__name__ == "_GeneratorContextManager"


def _finish(generator: Any, place: str) -> None:
    try:
        next(generator)
    except StopIteration:
        return
    generator.close()
    raise DagflowInvariantViolationError(
        f"the resource function at {place} is a generator that yielded more than once"
    )


def _exit(manager: AbstractContextManager[Any]) -> None:
    manager.__exit__(None, None, None)


@contextlib.contextmanager
def closing(opened: Opened) -> Iterator[Any]:
    """Yield the value of a started resource, and stop it at the end of the `with` block."""
    value, close = opened
    try:
        yield value
    finally:
        if close is not None:
            close()


def must_not_close(value: Any, close: Callable[[], None] | None) -> Any:
    """Return the value of a started resource that needs no stop.

    Raises:
        CheckError: The resource must be stopped.
    """
    if close is not None:
        close()
        raise CheckError(
            f"{type(value).__name__} must be torn down, which only a with block does. Use "
            "process_config_and_initialize_cm() or from_resource_context_cm() in a with block."
        )
    return value


def close_all(closers: list[Callable[[], None]]) -> None:
    """Call all functions in reverse order. The first error is raised at the end."""
    with contextlib.ExitStack() as stack:
        for close in closers:
            stack.callback(close)
