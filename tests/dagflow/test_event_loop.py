"""The event loop of async functions and of async resources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from dagflow import ConfigurableResource, build_op_context, job, op
from dagflow.errors import DagflowInvariantViolationError
from dagflow.event_loop import SHARED, EventLoop

story: list[str] = []


class Session(ConfigurableResource[Any]):
    """A resource that is bound to an event loop."""

    @asynccontextmanager
    async def yield_for_execution(self, context: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        story.append("open")
        self.__dict__["loop"] = asyncio.get_running_loop()
        yield self
        await asyncio.sleep(0)
        story.append("closed")


@op
async def ask(session: Session) -> bool:
    """Return whether the op runs on the loop of the resource."""
    await asyncio.sleep(0)
    story.append("ask")
    return session.__dict__["loop"] is asyncio.get_running_loop()


@op
async def alone() -> int:
    """Run without a resource."""
    await asyncio.sleep(0)
    return 3


@job(resource_defs={"session": Session()})
def asking() -> None:
    """Run two steps on one loop."""
    ask.alias("first")()
    ask.alias("second")()


@job
def lonely() -> None:
    """Run on a new loop."""
    alone()


@pytest.fixture(autouse=True)
def _new_story() -> None:
    story.clear()


def _check() -> None:
    result = asking.execute_in_process()
    assert (result.output_for_node("first"), result.output_for_node("second")) == (True, True)
    assert story == ["open", "ask", "ask", "closed"]
    assert SHARED.get() is None
    assert lonely.execute_in_process().output_for_node("alone") == 3


def test_a_run_shares_the_loop_of_its_resources() -> None:
    """A run uses the loop of its resources, which closes with them. Another run has its own loop."""
    _check()


@pytest.mark.not_in_wasm("no event loop can run inside another one")
def test_inside_of_a_running_loop() -> None:
    """Inside a running loop, as in a notebook, another thread waits."""

    async def here() -> None:
        _check()

    asyncio.run(here())


def test_a_direct_call_needs_a_loop() -> None:
    """A direct call with an async resource needs a loop of the caller, which is not closed."""
    with pytest.raises(DagflowInvariantViolationError, match=r"async def yield_for_execution.*event_loop="):
        build_op_context(resources={"session": Session()})
    loop = asyncio.new_event_loop()
    with build_op_context(resources={"session": Session()}, event_loop=loop) as context:
        assert loop.run_until_complete(ask(context)) is True

    assert story == ["open", "ask", "closed"]
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_a_loop_is_made_when_it_is_needed() -> None:
    """A loop is created at the first wait, and closed with its remaining tasks."""
    loop = EventLoop()
    loop.close()
    assert not loop.is_used
    left: list[asyncio.Task[Any]] = []

    async def leave() -> int:
        left.append(asyncio.ensure_future(asyncio.sleep(60)))
        return 1

    assert loop.wait(leave()) == 1
    assert loop.is_used
    assert loop.is_ours
    loop.close()
    assert left[0].cancelled()
    assert not loop.is_used
