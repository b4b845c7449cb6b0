"""Tests of the watch over the code of the nodes of runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from dagflow import asset, failure_hook, job, materialize_to_memory, op
from dagflow.testing import default_options


class Watch:
    """A watch that records the starts and ends of blocks. In other processes there is none."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @contextmanager
    def _block(self, node: str) -> Iterator[None]:
        self.seen.append(f"> {node}")
        try:
            yield
        finally:
            self.seen.append(f"< {node}")

    def around(self, node: str) -> AbstractContextManager[None]:
        """Return a recorded block."""
        return self._block(node)

    def in_worker(self) -> None:
        """Return no watch."""


def test_attempts_and_hooks() -> None:
    """The attempt of a step and each call of its hooks is in a block of its node, also after a failure."""
    watch = Watch()

    @failure_hook
    def note(context):
        watch.seen.append("hook")

    @op
    def breaks():
        watch.seen.append("body")
        raise ValueError

    @job(hooks={note})
    def broken():
        breaks()

    with default_options(watch=watch):
        broken.execute_in_process(raise_on_error=False)
    broken.execute_in_process(raise_on_error=False)

    block = ["> op broken:breaks", "body", "< op broken:breaks"]
    hook = ["> op broken:breaks", "hook", "< op broken:breaks"]
    assert watch.seen == [*block, *hook, "body", "hook"]


def test_interrupt() -> None:
    """A block is left when an interrupt ends the run."""
    watch = Watch()

    @asset
    def stopped():
        raise KeyboardInterrupt

    with default_options(watch=watch), pytest.raises(KeyboardInterrupt):
        materialize_to_memory([stopped])

    assert watch.seen == ["> asset stopped", "< asset stopped"]
