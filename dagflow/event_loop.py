"""The event loop on which async functions of the user are waited for: one for each async op, or, where an
async resource lives on one, that of the resource for the whole run.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any


class EventLoop:
    """An asyncio loop that is made when something is first waited for.

    Args:
        loop: One that exists and is not ours to close.
    """

    __slots__ = ("_is_given", "_loop")

    def __init__(self, loop: Any = None) -> None:
        self._loop = loop
        self._is_given = loop is not None

    @property
    def is_used(self) -> bool:
        """Whether there is a loop by now."""
        return self._loop is not None

    @property
    def is_ours(self) -> bool:
        """Whether there is a loop by now, made here."""
        return self._loop is not None and not self._is_given

    def wait(self, awaitable: Any) -> Any:
        """What an awaitable gives; waited for on another thread where this one has a loop that runs."""
        import asyncio  # an async function only

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        if asyncio._get_running_loop() is None:  # noqa: SLF001 - the public function raises instead
            return self._loop.run_until_complete(awaitable)
        from concurrent.futures import ThreadPoolExecutor
        from contextvars import copy_context

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(copy_context().run, self._loop.run_until_complete, awaitable).result()

    def close(self) -> None:
        """Cancel the tasks that are left, and close the loop, unless it was given."""
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
"""The loop where resources may live: set while they are started, and in a run as long as one lives there."""
