"""Tests of the pause of the garbage collector."""

from __future__ import annotations

import gc

from pytest_dagflow.selecting.collector import paused_collector


def test_the_collector_is_as_before() -> None:
    """A pause leaves the collector on or off as it was, and no object frozen."""
    frozen = gc.get_freeze_count()
    with paused_collector():
        assert not gc.isenabled()

    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen
