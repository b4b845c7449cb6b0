"""The event loop that runs async functions of the user: one for each async op, or one for the whole run if an
async resource needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import AsyncGeneratorType, CoroutineType
from typing import Any

from dagflow.errors import DagflowInvariantViolationError


def refuse_coroutine(result: object, function: str) -> None:
    """Raise if a function that is called without await is async: its body has not run.

    Args:
        result: The result of the function.
        function: The function, for the message.

    Raises:
        DagflowInvariantViolationError: The result is a coroutine or an async generator.
    """
    if type(result) in (CoroutineType, AsyncGeneratorType):
        if isinstance(result, CoroutineType):
            result.close()  # so that Python does not warn that it was never awaited
        raise DagflowInvariantViolationError(
            f"{function} is async, but it is called without await, so its body would not run. Write it as a "
            "plain function."
        )


class EventLoop:
    """An asyncio loop that is created at the first wait.

    Args:
        loop: An existing loop to use, which is not closed here; default: a new one.
    """

    __slots__ = ("_is_given", "_loop")

    def __init__(self, loop: Any = None) -> None:
        self._loop = loop
        self._is_given = loop is not None

    @property
    def is_used(self) -> bool:
        """True if the loop exists."""
        return self._loop is not None

    @property
    def is_ours(self) -> bool:
        """True if the loop exists and was created here."""
        return self._loop is not None and not self._is_given

    def wait(self, awaitable: Any) -> Any:
        """Run the loop until an awaitable is done, and return its result. Uses another thread if a loop is
        already running in this one.
        """
        import asyncio  # imported lazily: only async functions use it

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        if asyncio._get_running_loop() is None:  # noqa: SLF001 - the public function raises instead
            return self._loop.run_until_complete(awaitable)
        from concurrent.futures import ThreadPoolExecutor
        from contextvars import copy_context

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(copy_context().run, self._loop.run_until_complete, awaitable).result()

    def close(self) -> None:
        """Cancel the remaining tasks and close the loop, unless it was given."""
        loop = self._loop
        if not self.is_ours:
            return
        import asyncio

        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()

        async def rest() -> None:
            await asyncio.gather(*tasks, return_exceptions=True)

        self.wait(rest())
        self.wait(loop.shutdown_asyncgens())
        loop.close()
        self._loop = None


SHARED: ContextVar[EventLoop | None] = ContextVar("shared_event_loop", default=None)
"""The loop of async resources: set while resources start, and during a run whose resources use it."""


@contextmanager
def waiting() -> Iterator[Callable[[Any], Any]]:
    """Provide a function that waits for an awaitable, on the loop of the run's resources or on a new one."""
    shared = SHARED.get()
    if shared is not None and shared.is_used:
        yield shared.wait
        return
    loop = EventLoop()
    try:
        yield loop.wait
    finally:
        loop.close()
