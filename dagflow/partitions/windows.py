"""The arithmetic of time windows and their keys, without a word about definitions.

A window is known by its start, in UTC; `Grid` says where windows start. A key is the start in local time,
written in a format. Where a clock is put back and shows an hour twice, the keys of the second hour end in the
offset from UTC (`2024-11-03-01:00-0500`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time

from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.partitions.grid import UTC, Grid
from dagflow.partitions.keys import Moment

DAY_FORMAT = "%Y-%m-%d"
MINUTE_FORMAT = "%Y-%m-%d-%H:%M"


class Windows:
    """Windows on a grid between two moments, and their keys.

    Args:
        grid: Where windows start.
        fmt: How keys are written.
        start: The first window starts here or later; in UTC.
        end: The last window ends here or earlier; None if only the current time says where.
        end_offset: How many windows more than are complete.

    Raises:
        DagflowInvalidDefinitionError: `fmt` does not tell windows apart.
    """

    __slots__ = ("end", "end_offset", "first", "fmt", "grid")

    # Invariant: `first` and `end` are starts of windows, in UTC.

    def __init__(self, grid: Grid, fmt: str, start: datetime, end: datetime | None, end_offset: int) -> None:
        self.grid = grid
        self.fmt = fmt
        self.first = grid.ceil(start)
        self.end = None if end is None else grid.floor(end)
        self.end_offset = end_offset
        self._check_format()

    def bound(self, now: Moment) -> datetime:
        """Where the windows that exist end; before or at `first` if there is none."""
        moment = self.grid.utc(now)
        if self.end is not None and moment >= self.end and self.end_offset >= 0:
            return self.end
        bound = self.grid.floor(moment)
        if self.end_offset:
            bound = self.grid.shift(bound, self.end_offset)
        return bound if self.end is None else min(bound, self.end)

    def starts(self, first: datetime, end: datetime) -> Iterator[datetime]:
        """The starts from the start `first` up to and without `end`."""
        after = self.grid.after
        while first < end:
            yield first
            first = after(first)

    def overlapping(self, first: datetime, end: datetime) -> Iterator[datetime]:
        """The starts of the windows that share time with the time from `first` to `end`."""
        return self.starts(self.grid.floor(first), end) if first < end else iter(())

    def keys(self, first: datetime, end: datetime) -> list[str]:
        """The keys of the windows that start from the start `first` up to and without `end`."""
        return [self.key(start) for start in self.starts(first, end)]

    def key(self, start: datetime) -> str:
        """The key of the window that starts at `start`."""
        grid = self.grid
        local = start if grid.zone is UTC else grid.local(start)
        fmt = self.fmt
        if fmt == DAY_FORMAT:
            key = local.isoformat()[:10]
        elif fmt == MINUTE_FORMAT:
            key = local.isoformat("-")[:16]
        else:
            key = local.strftime(fmt)
        return key + local.strftime("%z") if local.fold and grid.cadence.repeats else key

    def start(self, key: str) -> datetime | None:
        """The start of the window of a key, or None if no window has this key."""
        try:
            moment = self.grid.utc(read(key, self.fmt))
            start = self.grid.floor(moment)
            if self.key(start) != key:
                start = self.grid.after(start)
            return start if self.key(start) == key and has_room(start) else None
        except (ValueError, OverflowError, TypeError):  # another format, no such day, no text
            return None

    def _check_format(self) -> None:
        key, following = self.key(self.first), self.key(self.grid.after(self.first))
        if "..." in key:
            raise DagflowInvalidDefinitionError(
                f"the format '{self.fmt}' of partition keys must not hold '...'"
            )
        if key == following or self.start(key) != self.first:
            raise DagflowInvalidDefinitionError(
                f"the format '{self.fmt}' of partition keys loses what tells their windows apart "
                f"(it makes '{key}', then '{following}'): write more of the date and time"
            )


def has_room(moment: datetime) -> bool:
    """Whether there are years before and after a moment, as the neighbours of its window need them."""
    return 10 <= moment.year < 9990


def read(text: str, fmt: str) -> datetime:
    """The date and time that `text` stands for in the format `fmt`, perhaps followed by an offset from UTC.

    Raises:
        ValueError: It does not match.

    Example:
        >>> read("2024-01", "%Y-%m")
        datetime.datetime(2024, 1, 1, 0, 0)
    """
    if fmt == DAY_FORMAT and len(text) == 10:
        return datetime.combine(date.fromisoformat(text), _MIDNIGHT)
    if fmt == MINUTE_FORMAT and len(text) == 16:
        return datetime.fromisoformat(text[:10] + "T" + text[11:])
    try:
        if "%d" in fmt and not any(year in fmt for year in ("%Y", "%y", "%G", "%c", "%x", "%D", "%F", "%s")):
            text, fmt = f"1900 {text}", f"%Y {fmt}"  # the year that is meant without one; newer Pythons warn
        return datetime.strptime(text, fmt)
    except ValueError:
        return datetime.strptime(text, fmt + "%z")


_MIDNIGHT = time()
