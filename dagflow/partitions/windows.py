"""The arithmetic of time windows and their keys; definitions are in `time_window`.

A window is identified by its start in UTC, which a `ZonedCadence` computes. Its key is the start in local
time, in a format. If a clock is put back and shows an hour twice, the keys of the second hour end with the
offset from UTC (`2024-11-03-01:00-0500`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time

from dagflow.errors import DagflowInvalidDefinitionError, ElementCheckError, ParameterCheckError, repr_of
from dagflow.partitions.cadence import UTC, ZonedCadence
from dagflow.partitions.keys import Moment

DAY_FORMAT = "%Y-%m-%d"
MINUTE_FORMAT = "%Y-%m-%d-%H:%M"
_MAX_EXCLUDED = 100_000


class Windows:
    """Windows of a cadence between two moments, and their keys.

    Args:
        cadence: The starts of windows.
        fmt: The format of keys.
        start: The first window starts here or later; in UTC.
        end: The last window ends here or earlier; None if only the current time bounds them.
        end_offset: The number of windows in addition to the complete ones.
        is_excluded: A function that tests whether the window that starts at a moment is left out. None if no
            window is left out.

    Raises:
        DagflowInvalidDefinitionError: `fmt` gives different windows the same key, or all windows are left
            out.
    """

    __slots__ = ("cadence", "end", "end_offset", "first", "fmt", "is_excluded")

    # Invariant: `first` and `end` are starts of windows, in UTC; `first` is not left out.

    def __init__(
        self,
        cadence: ZonedCadence,
        fmt: str,
        start: datetime,
        end: datetime | None,
        end_offset: int,
        is_excluded: Callable[[datetime], bool] | None = None,
    ) -> None:
        self.cadence: ZonedCadence = cadence
        self.fmt: str = fmt
        self.is_excluded: Callable[[datetime], bool] | None = is_excluded
        self.first: datetime = self.skip_excluded(cadence.ceil(start), cadence.after)
        self.end: datetime | None = None if end is None else cadence.floor(end)
        self.end_offset: int = end_offset
        self._check_format()

    def bound(self, now: Moment) -> datetime:
        """Return the end of the existing windows. It is at most `first` if no windows exist."""
        moment = self.cadence.utc(now)
        if self.end is not None and moment >= self.end and self.end_offset >= 0:
            return self.end
        bound = self.cadence.floor(moment)
        if self.end_offset:
            bound = self._shifted(bound)
        return bound if self.end is None else min(bound, self.end)

    def starts(self, first: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the starts from the start `first` up to `end`, without `end`."""
        after, is_excluded = self.cadence.after, self.is_excluded
        while first < end:
            if is_excluded is None or not is_excluded(first):
                yield first
            first = after(first)

    def after(self, start: datetime) -> datetime:
        """Return the start of the window after the one that starts at `start`."""
        return self.skip_excluded(self.cadence.after(start), self.cadence.after)

    def before(self, start: datetime) -> datetime:
        """Return the start of the window before the one that starts at `start`."""
        return self.skip_excluded(self.cadence.before(start), self.cadence.before)

    def skip_excluded(self, start: datetime, step: Callable[[datetime], datetime]) -> datetime:
        """Return `start`, or the next start in the direction of `step` whose window is not left out."""
        if self.is_excluded is None:
            return start
        steps = 0
        while self.is_excluded(start):
            start = step(start)
            steps += 1
            if steps > _MAX_EXCLUDED or not has_neighbours(start):
                raise DagflowInvalidDefinitionError(
                    f"the exclusions of time partitions leave out {steps:,} windows in a row: exclude fewer"
                )
        return start

    def _shifted(self, bound: datetime) -> datetime:
        """Return the end of the windows, moved by `end_offset` windows from `bound`."""
        if self.is_excluded is None:
            return self.cadence.shift(bound, self.end_offset)
        for _ in range(self.end_offset):
            bound = self.cadence.after(self.skip_excluded(bound, self.cadence.after))
        for _ in range(-self.end_offset):
            bound = self.before(bound)
        return bound

    def overlapping(self, first: datetime, end: datetime) -> Iterator[datetime]:
        """Return the starts of the windows that overlap the time from `first` to `end`."""
        return self.starts(self.cadence.floor(first), end) if first < end else iter(())

    def keys(self, first: datetime, end: datetime) -> list[str]:
        """Return the keys of the windows that start from the start `first` up to `end`, without `end`."""
        return [self.key(start) for start in self.starts(first, end)]

    def key(self, start: datetime) -> str:
        """Return the key of the window that starts at `start`."""
        cadence = self.cadence
        local = start if cadence.zone is UTC else cadence.local(start)
        fmt = self.fmt
        if fmt == DAY_FORMAT:
            key = local.isoformat()[:10]
        elif fmt == MINUTE_FORMAT:
            key = local.isoformat("-")[:16]
        else:
            key = local.strftime(fmt)
        return key + local.strftime("%z") if local.fold and cadence.wall_cadence.repeats else key

    def start(self, key: str) -> datetime | None:
        """Return the start of the window of a key, or None if no window has this key."""
        try:
            moment = self.cadence.utc(parse_time(key, self.fmt))
            start = self.cadence.floor(moment)
            if self.key(start) != key:
                start = self.cadence.after(start)
            return start if self.key(start) == key and has_neighbours(start) else None
        except (ValueError, OverflowError, TypeError):  # another format, an impossible date, not a string
            return None

    def _check_format(self) -> None:
        key, following = self.key(self.first), self.key(self.cadence.after(self.first))
        if "..." in key:
            raise DagflowInvalidDefinitionError(
                f"the format '{self.fmt}' of partition keys must not contain '...'"
            )
        if key == following or self.start(key) != self.first:
            raise DagflowInvalidDefinitionError(
                f"the format '{self.fmt}' of partition keys does not distinguish windows "
                f"(the first keys are '{key}' and '{following}'): include more of the date and time"
            )


def exclusion_test(exclusions: Sequence[str | datetime], cadence: ZonedCadence) -> Callable[[datetime], bool]:
    """Return a function that tests whether the window that starts at a moment (in UTC) is left out.

    Args:
        exclusions: The starts of windows to leave out, as cron expressions and datetimes.
        cadence: The starts of all windows.

    Raises:
        ParameterCheckError: `exclusions` is not a list.
        ElementCheckError: An exclusion is neither a string nor a datetime.
        DagflowInvalidDefinitionError: A cron expression is invalid.
    """
    if isinstance(exclusions, str) or not isinstance(exclusions, Sequence):
        raise ParameterCheckError(
            f"the exclusions of time partitions must be a list, not {repr_of(exclusions)}"
        )
    moments, cadences = set(), []
    for each in exclusions:
        if isinstance(each, datetime):
            moments.add(cadence.utc(each))
        elif isinstance(each, str):
            from dagflow.partitions.cron import cadence_of  # imported lazily: few definitions have exclusions

            cadences.append(ZonedCadence(cadence_of(each), cadence.zone))
        else:
            raise ElementCheckError(
                f"an exclusion of time partitions must be a cron expression or a datetime, not "
                f"{repr_of(each)}"
            )
    return lambda start: start in moments or any(times.floor(start) == start for times in cadences)


def has_neighbours(moment: datetime) -> bool:
    """Return whether a moment is far enough from the limits of `datetime` for neighbours of its window."""
    return 10 <= moment.year < 9990


def parse_time(text: str, fmt: str) -> datetime:
    """Return the date and time of a string in the format `fmt`, optionally followed by an offset from UTC.

    Raises:
        ValueError: The string does not match the format.

    Example:
        >>> parse_time("2024-01", "%Y-%m")
        datetime.datetime(2024, 1, 1, 0, 0)
    """
    if fmt == DAY_FORMAT and len(text) == 10:
        return datetime.combine(date.fromisoformat(text), _MIDNIGHT)
    if fmt == MINUTE_FORMAT and len(text) == 16:
        return datetime.fromisoformat(text[:10] + "T" + text[11:])
    try:
        if "%d" in fmt and not any(year in fmt for year in ("%Y", "%y", "%G", "%c", "%x", "%D", "%F", "%s")):
            text, fmt = f"1900 {text}", f"%Y {fmt}"  # the default year; newer Pythons warn without a year
        return datetime.strptime(text, fmt)
    except ValueError:
        return datetime.strptime(text, fmt + "%z")


_MIDNIGHT = time()
