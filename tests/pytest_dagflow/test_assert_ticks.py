"""Tests of `assert_ticks`: the forms of expected lines, and the message about a difference."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from dagflow import DagflowError, RunRequest
from dagflow.testing import SimulatedRequest, Tick
from pytest_dagflow import assert_ticks

START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def hourly(
    number: int, target: str = "brew", name: str = "hourly", start: datetime = START, hours: int = 1
) -> list[Tick]:
    """Return ticks at equal intervals."""
    request = SimulatedRequest(RunRequest(), target)
    return [Tick(name, start + timedelta(hours=hours * index), [request]) for index in range(number)]


def skipped(number: int, name: str = "files") -> list[Tick]:
    """Return skipped ticks of a sensor."""
    return [Tick(name, START + timedelta(minutes=index), skip_message="none") for index in range(number)]


def message(ticks: list[Tick], expected: list[str], **options: bool) -> list[str]:
    """Return the lines of the failure."""
    with pytest.raises(AssertionError) as error:
        assert_ticks(ticks, expected, **options)
    return str(error.value).splitlines()


@pytest.mark.parametrize(
    "expected",
    [
        ["2024-01-01 00:00 to 2024-01-01 02:00 hourly: brew (3 ticks)"],
        ["2024-01-01 hourly: brew", "hourly: brew (2 ticks)"],
        ["2024-01-01 00:00 hourly: br*", "hourly: *", "2024-01-01 02:00 hourly: brew"],
    ],
)
def test_a_line_is_as_exact_as_the_test_wants(expected: list[str]):
    """Times may be dates or missing, outcomes may have a star, and lines may be folded."""
    assert_ticks(hourly(3), expected)


def test_each_name_is_compared_on_its_own():
    """The lines of several schedules can be grouped by name."""
    both = [tick for pair in zip(hourly(2), hourly(2, name="other"), strict=True) for tick in pair]

    assert_ticks(both, ["other: brew (2 ticks)", "hourly: brew (2 ticks)"])


def test_equal_ticks_are_folded_in_the_message():
    """A year of equal ticks is one line, and ticks of another sensor in between do not divide it."""
    ticks = sorted(
        [*hourly(8760), *hourly(2, "clean", "rare", START + timedelta(minutes=30))], key=lambda t: t.time
    )

    assert message(ticks, []) == [
        "8,762 ticks (+) were not expected:",
        "+ 2024-01-01 00:00 to 2024-12-30 23:00 hourly: brew (8760 ticks)",
        "+ 2024-01-01 00:30 to 2024-01-01 01:30 rare: clean (2 ticks)",
    ]


def test_the_message_shows_what_differs():
    """Missing and unexpected ticks are at their position, among a few equal lines."""
    ticks = [*hourly(5, "brew", hours=24), *hourly(1, "clean", start=START + timedelta(days=5))]

    assert message(ticks, ["hourly: brew (2 ticks)", "hourly: heat", "hourly: brew (3 ticks)"]) == [
        "1 expected tick (-) did not happen and 1 tick (+) was not expected:",
        "  2024-01-01 00:00 to 2024-01-02 00:00 hourly: brew (2 ticks)",
        "- hourly: heat",
        "  2024-01-03 00:00 to 2024-01-05 00:00 hourly: brew (3 ticks)",
        "+ 2024-01-06 00:00 hourly: clean",
    ]


def test_a_part_of_a_folded_line_can_be_missing():
    """The message says how many of its ticks did not happen, and which name is meant."""
    assert message(hourly(2), ["hourly: brew (5 ticks)", "hurly: brew"]) == [
        "4 expected ticks (-) did not happen:",
        "- hurly: brew",
        "  2024-01-01 00:00 to 2024-01-01 01:00 hourly: brew (2 ticks)",
        "- hourly: brew (5 ticks)  <- 3 of 5 did not happen",
        "  there is no tick of 'hurly'. Did you mean 'hourly'?",
    ]


def test_a_missing_tick_is_shown_at_its_time():
    """A missing tick without a time is behind the tick before it."""
    ticks = [*hourly(2), *hourly(1, name="other", start=START + timedelta(minutes=30))]

    assert message(ticks, ["2024-01-01 00:45 zzz: brew", "hourly: brew (2 ticks)", "other: brew"])[1:] == [
        "  2024-01-01 00:00 to 2024-01-01 01:00 hourly: brew (2 ticks)",
        "  2024-01-01 00:30 other: brew",
        "- 2024-01-01 00:45 zzz: brew",
    ]


def test_equal_lines_far_away_are_left_out():
    """Only three lines around a difference are shown."""
    ticks = [
        tick for index in range(9) for tick in hourly(1, f"job_{index}", start=START + timedelta(days=index))
    ]

    lines = message(ticks, [f"hourly: job_{index}" for index in range(8)])

    assert lines[1] == "  ... 5 equal lines"
    assert lines[-1] == "+ 2024-01-09 00:00 hourly: job_8"


def test_skipped_ticks_are_compared_on_demand():
    """By default the message only counts them."""
    ticks = [*hourly(1), *skipped(60)]

    assert_ticks(ticks, ["hourly: brew"])
    assert_ticks(ticks, ["hourly: brew", "files: skipped: none (60 ticks)"], skips=True)
    assert message(ticks, [])[-1] == "  60 skipped ticks not compared: skips=True compares them too"


def test_a_change_of_the_clock_does_not_end_a_line():
    """Ticks are folded if they are regular on the clock or in real time. Zones other than UTC
    show their offset, which tells the two times of a repeated hour apart."""
    zone = ZoneInfo("Europe/Berlin")
    request = SimulatedRequest(RunRequest(), "brew")
    start = datetime(2024, 10, 26, 22, tzinfo=timezone.utc)
    hours = [Tick("hourly", (start + timedelta(hours=n)).astimezone(zone), [request]) for n in range(4)]
    days = [Tick("daily", datetime(2024, 10, day, 6, tzinfo=zone), [request]) for day in (26, 27, 28)]

    assert message([*hours, *days], [])[1:] == [
        "+ 2024-10-26 06:00+02:00 to 2024-10-28 06:00+01:00 daily: brew (3 ticks)",
        "+ 2024-10-27 00:00+02:00 to 2024-10-27 02:00+01:00 hourly: brew (4 ticks)",
    ]
    assert_ticks(hours, [
        "hourly: brew (2 ticks)", "2024-10-27 02:00+02:00 hourly: brew", "2024-10-27 02:00 hourly: brew"
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("ticks", "expected", "match"),
    [
        ([], ["2024-01-05 nightly"], "is not of the form"),
        ([], [3], "is not of the form"),
        ([], "nightly: brew", "takes a list of expected lines"),
        ([], ["2024-01-05 to 2024-01-06 nightly: brew"], "not a number"),
        ([], ["files: skipped: none"], "skips=True"),
        (["nightly: brew"], [], "compares the ticks of dag_clock.ticks"),
    ],
)
def test_invalid_arguments(ticks: list[Tick], expected: list[str], match: str):
    """The error says what the form of a line is."""
    with pytest.raises(DagflowError, match=match):
        assert_ticks(ticks, expected)
