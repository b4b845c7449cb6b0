"""The system clock and the virtual clock."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest

from dagflow.clock import SYSTEM_CLOCK, VirtualClock


def test_the_system_clock_is_that_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system clock returns the seconds since the epoch and sleeps."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    before = time.time()

    SYSTEM_CLOCK.sleep(3)

    assert before <= SYSTEM_CLOCK.now() <= time.time()
    assert waits == [3]


def test_a_virtual_clock_moves_by_waits_alone() -> None:
    """A virtual clock only moves by its waits, and records them. A negative wait does not move it back."""
    clock = VirtualClock(100)

    clock.sleep(5)
    clock.sleep(-2)

    assert clock.now() == 105
    assert clock.sleeps == [5, -2]


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (7, 7.0),
        (datetime(1970, 1, 2), 86400.0),
        (datetime(1970, 1, 2, tzinfo=timezone.utc), 86400.0),
        (datetime(1970, 1, 2, tzinfo=timezone(timedelta(hours=1))), 82800.0),
    ],
)
def test_moments_of_every_kind(moment: float | datetime, seconds: float) -> None:
    """The start and `move_to` take seconds or a datetime, and a naive datetime is UTC."""
    clock = VirtualClock(0)
    clock.move_to(moment)

    assert clock.now() == VirtualClock(moment).now() == seconds


def test_a_virtual_clock_starts_now() -> None:
    """Without a start, a virtual clock has the time of its construction."""
    before = time.time()
    assert before <= VirtualClock().now() <= time.time()
