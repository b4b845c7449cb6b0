"""The folding of ticks: equal ticks in a row and at equal intervals become one line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from dagflow.testing import Tick
from pytest_dagflow.ticks.expected import ExpectedTick


class Entry(NamedTuple):
    """A tick that happened, one that was expected, or a pair of both."""

    tick: Tick | None
    expected: ExpectedTick | None

    @property
    def sign(self) -> str:
        """The first character of the line: a minus for a missing tick, a plus for an unexpected one."""
        return "-" if self.tick is None else "+" if self.expected is None else " "

    @property
    def name(self) -> str:
        """The name of the schedule or sensor."""
        one = self.tick or self.expected
        assert one is not None
        return one.name


class Fold:
    """Entries of one schedule or sensor that make one line.

    Attributes:
        entries: The entries, with one sign. Ticks among them have the same outcome, at equal intervals.
    """

    __slots__ = ("entries", "interval", "wall_interval")

    def __init__(self, first: Entry) -> None:
        self.entries: list[Entry] = [first]
        self.interval: timedelta | None = None
        self.wall_interval: timedelta | None = None  # as the clock of the zone shows it

    @property
    def sign(self) -> str:
        """The first character of the line."""
        return self.entries[0].sign

    def add(self, entry: Entry) -> bool:
        """Add an entry. Return False, without a change, if it does not continue this line."""
        last = self.entries[-1]
        if entry.sign != last.sign:
            return False
        if entry.tick is None or last.tick is None:
            is_same = (
                entry.expected is not None
                and last.expected is not None
                and entry.expected.number == last.expected.number
            )
        else:
            is_same = entry.tick.outcome == last.tick.outcome and self._continues(last.tick, entry.tick)
        if is_same:
            self.entries.append(entry)
        return is_same

    def _continues(self, last: Tick, tick: Tick) -> bool:
        """Return whether a tick has the interval of this line, in real time or on the clock of its zone."""
        interval = timedelta(seconds=tick.time.timestamp() - last.time.timestamp())
        wall_interval = tick.time.replace(tzinfo=None) - last.time.replace(tzinfo=None)
        if len(self.entries) == 1:
            self.interval, self.wall_interval = interval, wall_interval
            return True
        is_equal, is_equal_on_wall = interval == self.interval, wall_interval == self.wall_interval
        if is_equal or is_equal_on_wall:
            # one that differs once, at a change of the clock, is no longer compared
            self.interval = interval if is_equal else None
            self.wall_interval = wall_interval if is_equal_on_wall else None
        return is_equal or is_equal_on_wall

    def __str__(self) -> str:
        first, last = self.entries[0], self.entries[-1]
        number = len(self.entries)
        if first.tick is None or last.tick is None:
            assert first.expected is not None
            times = first.expected.times
            return first.expected.line + (
                f"  <- {number} of {times} did not happen" if number < times else ""
            )
        if number == 1:
            return str(first.tick)
        span = f"{first.tick.time_text} to {last.tick.time_text}"
        return f"{span} {first.name}: {first.tick.outcome} ({number} ticks)"


def folded(entries: Iterable[Entry]) -> list[Fold]:
    """Return the lines of entries, which are in order. Each line is at the position of its first entry."""
    folds: list[Fold] = []
    latest: dict[str, Fold] = {}
    for entry in entries:
        fold = latest.get(entry.name)
        if fold is None or not fold.add(entry):
            latest[entry.name] = Fold(entry)
            folds.append(latest[entry.name])
    return folds
