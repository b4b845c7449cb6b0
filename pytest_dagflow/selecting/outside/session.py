"""The watch of one pytest session: from the start of the plugin, before the first conftest is imported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytest_dagflow.selecting.outside.places import Places
from pytest_dagflow.selecting.outside.watch import Watch, start_watch, stop_watch

_KEY = pytest.StashKey[Watch]()


def start_watching(config: pytest.Config) -> None:
    """Record what the code of the project reads, until the end of the session."""
    if _KEY in config.stash:
        return
    temporary = config.getoption("basetemp", None)
    places = Places(str(config.rootpath), (str(temporary),) if temporary else ())
    watch = config.stash[_KEY] = start_watch(places)
    config.add_cleanup(lambda: stop_watch(watch))


def watch_of(config: pytest.Config) -> Watch:
    """Return the reads of a session."""
    return config.stash[_KEY]


@contextmanager
def reads_of_test(item: pytest.Item) -> Iterator[None]:
    """Count the reads without code of the project, as in a thread of a library, for a test."""
    watch = watch_of(item.config)
    watch.test = item.nodeid
    try:
        yield
    finally:
        watch.test = ""
