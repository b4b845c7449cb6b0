"""The clocks of runs: the system clock, one that skips waits, and a virtual clock that only waits move."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from dagflow.errors import CheckError

if TYPE_CHECKING:
    from datetime import date, timedelta


class Clock(Protocol):
    """The interface of a clock.

    `now()` returns the seconds since the epoch, `sleep(seconds)` waits.
    """

    @property
    def now(self) -> Callable[[], float]: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The clock of the operating system. A tool that replaces `time.time`, such as freezegun, sets it too.

    Example:
        >>> SYSTEM_CLOCK.now() > 1_600_000_000
        True
    """

    __slots__ = ()

    @property
    def now(self) -> Callable[[], float]:
        """The function that returns the seconds since the epoch."""
        return time.time  # the function itself, because the engine calls it often

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        time.sleep(seconds)


class SkippingClock(SystemClock):
    """The clock of the operating system, on which waits take no time.

    Timestamps are real. A run counts the skipped seconds, so that its retries keep their order.

    Attributes:
        sleeps: The seconds of each skipped wait, in order.

    Example:
        >>> clock = SkippingClock()
        >>> clock.sleep(3600)
        >>> clock.sleeps
        [3600]
    """

    __slots__ = ("sleeps",)

    def __init__(self) -> None:
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Record the wait, without waiting."""
        self.sleeps.append(seconds)

    def __reduce__(self) -> tuple[type[SkippingClock], tuple[()]]:
        """Pickle the clock without its waits: another process counts its own."""
        return SkippingClock, ()


class VirtualClock:
    """A clock that only moves by `sleep`, `advance` and `move_to`.

    Args:
        start: A moment, as in `move_to`. Default: the time of construction.

    Attributes:
        sleeps: The seconds of each wait, in order.

    Example:
        >>> clock = VirtualClock(0)
        >>> clock.sleep(5)
        >>> clock.now(), clock.sleeps
        (5.0, [5])
    """

    __slots__ = ("_time", "sleeps")

    def __init__(self, start: float | str | date | None = None) -> None:
        self._time = time.time() if start is None else _seconds(start)
        self.sleeps: list[float] = []

    def now(self) -> float:
        """Return the seconds since the epoch on this clock."""
        return self._time

    def sleep(self, seconds: float) -> None:
        """Record the wait and move the clock forward by `seconds`, without waiting."""
        self.sleeps.append(seconds)
        self._time += max(0.0, seconds)

    def move_to(self, moment: float | str | date) -> None:
        """Set the clock.

        Args:
            moment: Seconds since the epoch, a datetime, a date (its midnight), or either in ISO format, such
                as "2024-01-05" or "2024-01-05T06:30+01:00". Without a time zone it is in UTC.

        Raises:
            CheckError: `moment` is none of these.
        """
        self._time = _seconds(moment)

    def advance(self, by: float | timedelta) -> None:
        """Move the clock forward, without recording a wait.

        Args:
            by: Seconds or a timedelta, not negative.

        Raises:
            CheckError: `by` is negative or neither of these.
        """
        seconds: object = by if isinstance(by, (int, float)) else getattr(by, "total_seconds", _nothing)()
        if not isinstance(seconds, (int, float)) or not seconds >= 0:
            raise CheckError(
                f"advance() takes a number of seconds or a timedelta, not less than 0. It got {by!r} of type "
                f"'{type(by).__name__}'. move_to() moves a clock back"
            )
        self._time += seconds


SYSTEM_CLOCK = SystemClock()


def _nothing() -> None:
    """Return None, for an object without `total_seconds`."""


def _seconds(moment: float | str | date) -> float:
    if isinstance(moment, (int, float)) and math.isfinite(moment):
        return float(moment)
    from datetime import date, datetime, timezone  # only datetimes need it

    found: object = moment
    if isinstance(moment, str):
        try:
            # Python 3.10 does not read a Z
            found = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", moment.strip()))
        except ValueError:
            found = None
    elif isinstance(moment, date) and not isinstance(moment, datetime):
        found = datetime(moment.year, moment.month, moment.day)
    if not isinstance(found, datetime):
        raise CheckError(
            f"a clock cannot be set to {moment!r} of type '{type(moment).__name__}': pass seconds since the "
            "epoch, a datetime, a date, or a string in ISO format such as '2024-01-05' or '2024-01-05T06:30'"
        )
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
