"""Tests of the watch over direct calls: only the code of the node is in its block."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dagflow import AssetCheckResult, Output, asset, asset_check, op
from dagflow.testing import default_options


class Watch:
    """A watch that knows the nodes whose code runs now."""

    def __init__(self) -> None:
        self.running: list[str] = []

    @contextmanager
    def around(self, node: str) -> Iterator[None]:
        """Return a block in which the node runs."""
        self.running.append(node)
        try:
            yield
        finally:
            assert self.running.pop() == node

    def in_worker(self) -> None:
        """Return no watch."""


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Watch the direct calls of a test."""
    found = Watch()
    with default_options(watch=found):
        yield found


def test_plain_functions(watch: Watch) -> None:
    """A plain function of an op, asset or check runs in its block, an inner one in a block of its own."""

    @op
    def grind():
        return list(watch.running)

    @asset
    def beans():
        return [*grind(), *watch.running]

    @asset_check(asset=beans)
    def fresh():
        return AssetCheckResult(passed=watch.running == ["check beans:fresh"])

    assert (beans(), fresh().passed, watch.running) == (["asset beans", "op grind", "asset beans"], True, [])


def test_generator(watch: Watch) -> None:
    """The code between two yields is in the block, also at an early end, and the caller is not."""
    ended = []

    @op
    def brew():
        try:
            yield Output(list(watch.running))
        finally:
            ended.append(list(watch.running))

    items = brew()
    assert next(items).value == ["op brew"]
    assert watch.running == []
    items.close()

    assert ended == [["op brew"]]


@pytest.mark.not_in_wasm("asyncio.run cannot suspend there")
def test_coroutines(watch: Watch) -> None:
    """Coroutines that run side by side are never in the block of each other, and errors reach them."""
    seen = []

    @op
    async def wait(name: str) -> str:
        for _ in range(2):
            seen.append((name, list(watch.running)))
            await asyncio.sleep(0)
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)
        except asyncio.TimeoutError:
            seen.append((name, list(watch.running)))
        return name

    async def beside() -> None:
        for _ in range(2):
            seen.append(("beside", list(watch.running)))
            await asyncio.sleep(0)

    async def both() -> list[object]:
        return await asyncio.gather(wait("a"), beside(), wait("b"))

    assert asyncio.run(both()) == ["a", None, "b"]
    assert {(name, tuple(running)) for name, running in seen} == {
        ("a", ("op wait",)),
        ("b", ("op wait",)),
        ("beside", ()),
    }


@pytest.mark.not_in_wasm("asyncio.run cannot suspend there")
def test_cancelled_coroutine(watch: Watch) -> None:
    """A cancelled coroutine ends in its block."""
    ended = []

    @op
    async def wait():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(list(watch.running))

    async def cancelled() -> None:
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())

    assert (ended, watch.running) == ([["op wait"]], [])


@pytest.mark.not_in_wasm("asyncio.run cannot suspend there")
def test_async_generator(watch: Watch) -> None:
    """The code of an async generator is in the block, and its caller is not."""

    @op
    async def brew():
        await asyncio.sleep(0)
        yield Output(list(watch.running))

    async def drained() -> list[object]:
        found: list[object] = []
        async for item in brew():
            found += [item.value, list(watch.running)]
        return found

    assert asyncio.run(drained()) == [["op brew"], []]
