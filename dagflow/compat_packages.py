"""Functions that public packages import from Dagster, and that are no part of dagflow itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, TypeVar

from dagflow.clock import SYSTEM_CLOCK

T = TypeVar("T")


def dagster_maintained_io_manager(io_manager: T) -> T:
    """Return an I/O manager unchanged. Dagster marks those of its own packages for its usage statistics.

    Example:
        >>> dagster_maintained_io_manager(1)
        1
    """
    return io_manager


def backoff(
    fn: Callable[..., T],
    retry_on: tuple[type[BaseException], ...],
    args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    max_retries: int = 4,
    delay_generator: Iterator[float] | None = None,
) -> T:
    """Call a function again after some errors, with waits that become longer.

    Args:
        fn: The function.
        retry_on: The classes of errors after which it is called again.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        max_retries: The number of calls after the first one.
        delay_generator: The seconds of each wait; default: 0.1, 0.2, 0.4 and so on.

    Returns:
        The result of the first call that raises none of these errors.

    Example:
        >>> backoff(int, (ValueError,), ["7"])
        7
    """
    delays = delay_generator or (0.1 * 2**power for power in count())
    retries = 0
    while True:
        try:
            return fn(*(args or ()), **(kwargs or {}))
        except retry_on:
            if retries == max_retries:
                raise
        retries += 1
        SYSTEM_CLOCK.sleep(next(delays))
