"""The code of a node that a direct call runs under a watch.

A generator and a coroutine give control to their caller in between. The watch is then left, because the code
that runs is not that of the node.
"""

from __future__ import annotations

import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.options import NodeWatch, current_options
from dagflow.plan.node_label import label_of_definition


def watched_code(op: OpDefinition, assets_def: AssetsDefinition | None) -> WatchedCode | None:
    """Return the code of the node of a direct call, None without a watch."""
    watch = current_options().watch
    return None if watch is None else WatchedCode(watch, op, assets_def)


class WatchedCode:
    """The code of one node under a watch."""

    __slots__ = ("_around",)

    def __init__(self, watch: NodeWatch, op: OpDefinition, assets_def: AssetsDefinition | None) -> None:
        label = label_of_definition(op, assets_def)
        self._around: Callable[[], AbstractContextManager[object]] = partial(watch.around, label)

    def call(self, function: Callable[[], Any]) -> Any:
        """Call a function."""
        with self._around():
            return function()

    def generator(self, generator: Generator[Any, Any, Any]) -> Generator[Any, None, None]:
        """Yield the items of a generator."""
        try:
            while True:
                with self._around():
                    try:
                        item = next(generator)
                    except StopIteration:
                        return
                yield item
        finally:
            with self._around():
                generator.close()

    async def awaited(self, awaitable: Awaitable[Any]) -> Any:
        """Wait for an awaitable, and return its result."""
        return await self._steps(awaitable)

    async def async_generator(self, generator: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
        """Yield the items of an async generator."""
        try:
            while True:
                try:
                    item = await self._steps(anext(generator))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            await self._steps(generator.aclose())

    @types.coroutine
    def _steps(self, awaitable: Awaitable[Any]) -> Generator[Any, Any, Any]:
        """Run an awaitable to its end, and give each pause of it to the event loop."""
        steps = _waiting_for(awaitable).__await__()
        resume: Callable[[], Any] = partial(next, steps)
        while True:
            with self._around():
                try:
                    waited = resume()
                except StopIteration as end:
                    return end.value
            try:
                sent = yield waited
            except GeneratorExit:
                with self._around():
                    steps.close()
                raise
            except BaseException as error:  # such as the cancellation of the task
                resume = partial(steps.throw, error)
            else:
                resume = partial(steps.send, sent)


async def _waiting_for(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
