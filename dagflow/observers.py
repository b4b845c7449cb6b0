"""Who wants to see each event of each run of this process as it happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dagflow.events.record import DagflowEvent

Observer = Callable[[DagflowEvent], None]
_observers: list[Observer] = []


def current_observers() -> tuple[Observer, ...]:
    """The observers of a run that starts now."""
    return tuple(_observers)


@contextmanager
def observe(callback: Observer) -> Iterator[None]:
    """Call `callback` with each event of each run that starts in this block, on any thread.

    Args:
        callback: Takes a DagflowEvent. What it raises ends the run.

    Example:
        >>> from dagflow import job
        >>> from dagflow.testing import observe
        >>> @job
        ... def nothing():
        ...     pass
        >>> seen = []
        >>> with observe(seen.append):
        ...     result = nothing.execute_in_process()
        >>> seen[0].event_type.name
        'RUN_START'
    """
    _observers.append(callback)
    try:
        yield
    finally:
        _observers.remove(callback)
