"""The system clock and the virtual clock."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from dagflow.clock import SYSTEM_CLOCK, SkippingClock, VirtualClock
from dagflow.errors import CheckError


def test_the_system_clock_is_that_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system clock returns the seconds since the epoch and sleeps."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    before = time.time()

    SYSTEM_CLOCK.sleep(3)

    assert before <= SYSTEM_CLOCK.now() <= time.time()
    assert waits == [3]


def test_a_replaced_time_function_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system clocks use the present `time.time`, so that tools can freeze it."""
    monkeypatch.setattr(time, "time", lambda: 5.0)

    assert SYSTEM_CLOCK.now() == SkippingClock().now() == 5.0


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
        (date(1970, 1, 2), 86400.0),
        ("1970-01-02", 86400.0),
        (" 1970-01-02T01:00+01:00 ", 86400.0),
        ("1970-01-02T00:00:00Z", 86400.0),
    ],
)
def test_moments_of_every_kind(moment: float | str | date, seconds: float) -> None:
    """The start and `move_to` take seconds, a datetime, a date or ISO text; without a zone it is UTC."""
    clock = VirtualClock(0)
    clock.move_to(moment)

    assert clock.now() == VirtualClock(moment).now() == seconds


def test_a_virtual_clock_starts_now() -> None:
    """Without a start, a virtual clock has the time of its construction."""
    before = time.time()
    assert before <= VirtualClock().now() <= time.time()


@pytest.mark.parametrize(
    "moment", ["tomorrow", "", None, float("nan"), float("inf"), [2024], timedelta(days=1)]
)
def test_what_is_no_moment(moment: Any) -> None:
    """Anything else is refused, with the forms that a clock understands."""
    with pytest.raises(
        CheckError, match="pass seconds since the epoch, a datetime, a date, or a string in ISO"
    ):
        VirtualClock(0).move_to(moment)


def test_a_virtual_clock_can_be_advanced() -> None:
    """`advance` moves the clock forward by seconds or a timedelta, and records no wait."""
    clock = VirtualClock(0)

    clock.advance(5)
    clock.advance(timedelta(minutes=1))

    assert clock.now() == 65
    assert clock.sleeps == []


@pytest.mark.parametrize("by", [-1, timedelta(days=-1), "1 day", None, float("nan")])
def test_a_clock_advances_forward_only(by: Any) -> None:
    """A negative step, or anything else than a duration, is refused."""
    with pytest.raises(CheckError, match="takes a number of seconds or a timedelta, not less than 0"):
        VirtualClock(0).advance(by)


def test_a_skipping_clock_keeps_real_time() -> None:
    """A skipping clock records its waits, and has the time of the system."""
    clock = SkippingClock()
    before = time.time()

    clock.sleep(3600)

    assert before <= clock.now() <= time.time()
    assert clock.sleeps == [3600]
