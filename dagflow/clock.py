"""The clocks of runs: the system clock, and a virtual clock on which waits take no time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """The interface of a clock.

    `now()` returns the seconds since the epoch, `sleep(seconds)` waits.
    """

    @property
    def now(self) -> Callable[[], float]: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The clock of the operating system.

    Example:
        >>> SYSTEM_CLOCK.now() > 1_600_000_000
        True
    """

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now: Callable[[], float] = time.time  # an attribute, not a method: the engine calls it often

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        time.sleep(seconds)


class VirtualClock:
    """A clock that only moves by `sleep` and `move_to`.

    Args:
        start: Seconds since the epoch, or a datetime (UTC if naive). Default: the time of construction.

    Attributes:
        sleeps: The seconds of each wait, in order.

    Example:
        >>> clock = VirtualClock(0)
        >>> clock.sleep(5)
        >>> clock.now(), clock.sleeps
        (5.0, [5])
    """

    __slots__ = ("_time", "sleeps")

    def __init__(self, start: float | datetime | None = None) -> None:
        self._time = time.time() if start is None else _seconds(start)
        self.sleeps: list[float] = []

    def now(self) -> float:
        """Return the seconds since the epoch on this clock."""
        return self._time

    def sleep(self, seconds: float) -> None:
        """Record the wait and move the clock forward by `seconds`, without waiting."""
        self.sleeps.append(seconds)
        self._time += max(0.0, seconds)

    def move_to(self, moment: float | datetime) -> None:
        """Set the clock to `moment`: seconds since the epoch, or a datetime (UTC if naive)."""
        self._time = _seconds(moment)


SYSTEM_CLOCK = SystemClock()


def _seconds(moment: float | datetime) -> float:
    if isinstance(moment, (int, float)):
        return float(moment)
    from datetime import timezone  # only a datetime needs it

    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
