"""The arithmetic of time windows and their keys; definitions are in `time_window`.

A window is identified by its start in UTC, which a `ZonedCadence` computes. Its key is the start in local
time, in a `KeyFormat`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from dagflow.errors import DagflowInvalidDefinitionError, ElementCheckError, ParameterCheckError, repr_of
from dagflow.partitions.cadence import ZonedCadence
from dagflow.partitions.key_format import DAY_FORMAT, MINUTE_FORMAT, KeyFormat
from dagflow.partitions.keys import Moment

_MAX_EXCLUDED = 100_000
_UNREADABLE = (ValueError, OverflowError, TypeError, re.error, ParameterCheckError)
"""The errors about a key in another format, of an impossible date, or of another type."""
_SAMPLED = (timedelta(hours=12), timedelta(days=35), timedelta(days=400))
"""The distances from the first window of further windows whose keys are checked."""


class Windows:
    """Windows of a cadence between two moments, and their keys.

    Args:
        key_format: The format of keys, and the starts of windows.
        start: The first window starts here or later; in UTC.
        end: The last window ends here or earlier; None if only the current time bounds them.
        end_offset: The number of windows in addition to the complete ones.
        is_excluded: A function that tests whether the window that starts at a moment is left out. None if no
            window is left out.

    Raises:
        DagflowInvalidDefinitionError: The format gives different windows the same key, a key cannot be read
            back, or all windows are left out.
    """

    __slots__ = ("cadence", "end", "end_offset", "first", "is_excluded", "key_format")

    # Invariant: `first` and `end` are starts of windows, in UTC; `first` is not left out.

    def __init__(
        self,
        key_format: KeyFormat,
        start: datetime,
        end: datetime | None,
        end_offset: int,
        is_excluded: Callable[[datetime], bool] | None = None,
    ) -> None:
        cadence = key_format.cadence
        self.cadence: ZonedCadence = cadence
        self.key_format: KeyFormat = key_format
        self.is_excluded: Callable[[datetime], bool] | None = is_excluded
        self.first: datetime = self.skip_excluded(cadence.ceil(start), cadence.after)
        self.end: datetime | None = None if end is None else cadence.floor(end)
        self.end_offset: int = end_offset
        self.check_format()
        if end_offset:
            self.bound(cadence.local(self.first))  # raises if the offset is too large

    def bound(self, now: Moment, *, ignores_exclusions: bool = False) -> datetime:
        """Return the end of the existing windows. It is at most `first` if no windows exist.

        Args:
            now: The current time.
            ignores_exclusions: Whether `end_offset` counts windows that are left out too.

        Raises:
            DagflowInvalidDefinitionError: `end_offset` moves it out of the range of dates.
        """
        moment = self.cadence.utc(now)
        if self.end is not None and moment >= self.end and self.end_offset >= 0:
            return self.end
        bound = running = self.cadence.floor(moment)
        if self.end_offset:
            try:
                bound = self._shifted(bound, ignores_exclusions)
                if self.end_offset > 0 and running < moment and self.next_existing(bound) == self.first:
                    bound = self.cadence.after(self.first)  # as in Dagster, the first window exists early
            except OverflowError as error:
                if self.end is not None and self.end_offset > 0:
                    return self.end
                raise DagflowInvalidDefinitionError(
                    f"the end_offset {self.end_offset} of time partitions moves their end from "
                    f"{self._shown(bound)} out of the range of dates ({error}): use a smaller offset"
                ) from None
        return bound if self.end is None else min(bound, self.end)

    def count(self, first: datetime, end: datetime) -> int:
        """Return the number of windows that start from the start `first` up to the start `end`, without it.

        It is 0 if `end` is not later. Windows are listed only if some can be left out.
        """
        if end <= first:
            return 0
        if self.is_excluded is None:
            return self.cadence.count(first, end)
        return sum(1 for _ in self.starts(first, end))

    def between(self, first: datetime, end: datetime, start_idx: int, end_idx: int) -> Iterator[datetime]:
        """Yield the starts at some positions among those from `first` up to `end`, without `end`."""
        if self.is_excluded is None and start_idx:
            if start_idx >= self.count(first, end):
                return
            first, start_idx, end_idx = self.cadence.shift(first, start_idx), 0, end_idx - start_idx
        yield from islice(self.starts(first, end), start_idx, max(start_idx, end_idx))

    def backward(self, first: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the starts before the start `end` down to the start `first`, the last one first."""
        while (end := self.before(end)) >= first:
            yield end

    def starts(self, first: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the starts from the start `first` up to `end`, without `end`."""
        after, is_excluded = self.cadence.after, self.is_excluded
        while first < end:
            if is_excluded is None or not is_excluded(first):
                yield first
            first = after(first)

    def lacks(self, start: datetime) -> bool:
        """Return whether the window that starts at `start` is left out."""
        return self.is_excluded is not None and self.is_excluded(start)

    def after(self, start: datetime) -> datetime:
        """Return the start of the window after the one that starts at `start`."""
        return self.skip_excluded(self.cadence.after(start), self.cadence.after)

    def before(self, start: datetime) -> datetime:
        """Return the start of the window before the one that starts at `start`."""
        return self.skip_excluded(self.cadence.before(start), self.cadence.before)

    def next_existing(self, start: datetime) -> datetime:
        """Return `start`, or the next start if the window that begins there is left out."""
        return self.skip_excluded(start, self.cadence.after)

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

    def _shifted(self, bound: datetime, ignores_exclusions: bool) -> datetime:
        """Return the end of the windows, moved by `end_offset` windows from `bound`."""
        shifted = self.cadence.shift(bound, self.end_offset)
        if self.is_excluded is None or ignores_exclusions:
            return shifted
        for _ in range(self.end_offset):
            bound = self.cadence.after(self.skip_excluded(bound, self.cadence.after))
        for _ in range(-self.end_offset):
            bound = self.before(bound)
        return bound

    def overlapping(self, first: datetime, end: datetime) -> Iterator[datetime]:
        """Return the starts of the windows that overlap the time from `first` to `end`."""
        return self.starts(self.cadence.floor(first), end) if first < end else iter(())

    def covering(self, first: datetime, end: datetime) -> tuple[datetime, datetime]:
        """Return the start and end of the windows that overlap the time from `first` to `end`."""
        return (self.cadence.floor(first), self.cadence.ceil(end)) if first < end else (first, first)

    def spans(
        self, starts: Iterable[datetime], *, joins_gaps: bool = False
    ) -> Iterator[tuple[datetime, datetime]]:
        """Yield the start and end of each span of adjacent windows.

        Args:
            starts: The starts of the windows, in order and without duplicates.
            joins_gaps: Whether windows are adjacent too if all windows between them are left out.
        """
        after = self.cadence.after
        following = self.next_existing if joins_gaps else lambda end: end
        span: tuple[datetime, datetime] | None = None
        for start in starts:
            if span is not None and following(span[1]) == start:
                span = (span[0], after(start))
                continue
            if span is not None:
                yield span
            span = (start, after(start))
        if span is not None:
            yield span

    def moved(
        self, span: tuple[datetime, datetime], start_offset: int, end_offset: int
    ) -> tuple[datetime, datetime]:
        """Return the start and end of a span of windows after a move by numbers of existing windows.

        Moved forward, a span begins with the gap before its new first window. Moved back, it ends with the
        gap behind its new last window. Gaps are windows that are left out.

        Raises:
            OverflowError: The move leads out of the range of dates.
        """
        start, end = span
        if self.is_excluded is None:
            return self.cadence.shift(start, start_offset), self.cadence.shift(end, end_offset)
        last = self.cadence.before(end)
        if start_offset > 0:
            start = self.cadence.after(self._stepped(start, start_offset - 1))
        else:
            start = self._stepped(start, start_offset)
        if end_offset < 0:
            end = self._stepped(last, end_offset + 1)
        else:
            end = self.cadence.after(self._stepped(last, end_offset))
        return start, end

    def _stepped(self, start: datetime, steps: int) -> datetime:
        self.cadence.shift(start, steps)  # raises soon if the steps lead out of the range of dates
        for _ in range(abs(steps)):
            start = self.after(start) if steps > 0 else self.before(start)
        return start

    def keys(self, first: datetime, end: datetime) -> list[str]:
        """Return the keys of the windows that start from the start `first` up to `end`, without `end`."""
        return [self.key(start) for start in self.starts(first, end)]

    def key(self, start: datetime) -> str:
        """Return the key of the window that starts at `start`."""
        return self.key_format.key(start)

    def start(self, key: str) -> datetime | None:
        """Return the start of the window of a key, or None if no window has this key."""
        try:
            moment = self.cadence.utc(self.key_format.read(key))
            start = self.cadence.floor(moment)
            if self.key(start) != key:
                start = self.cadence.after(start)
            return start if self.key(start) == key and has_neighbours(start) else None
        except _UNREADABLE:
            return None

    def start_near(self, key: str) -> datetime | None:
        """Return the start of the first existing window at or after the time that a string shows.

        The string is in the format of keys. Return None if it is not.
        """
        start = self.start(key)
        if start is None:
            try:
                start = self.cadence.ceil(self.cadence.utc(self.key_format.read(key)))
            except _UNREADABLE:
                return None
        return self.next_existing(start) if has_neighbours(start) else None

    def check_format(self) -> None:
        """Raise unless keys in the format can be read back. A format that is too coarse is left alone.

        Raises:
            DagflowInvalidDefinitionError: They cannot, at least for some windows near the first one.
        """
        fmt, first, following = self.key_format.fmt, self.first, self.cadence.after(self.first)
        key = self.key(first)
        if "..." in key:
            raise DagflowInvalidDefinitionError(
                f"the format '{fmt}' of partition keys must not contain '...'"
            )
        if key == self.key(following):
            return
        starts = [first]
        if fmt not in (DAY_FORMAT, MINUTE_FORMAT):
            starts += [following, *(self.cadence.floor(first + distance) for distance in _SAMPLED)]
        for start in starts:
            self._check_key(start)

    def check_distinct(self) -> None:
        """Raise if the format is too coarse to give each window its own key.

        Raises:
            DagflowInvalidDefinitionError: It is.
        """
        first, following = self.first, self.cadence.after(self.first)
        if self.key(first) == self.key(following):
            raise DagflowInvalidDefinitionError(
                f"the format '{self.key_format.fmt}' of partition keys does not distinguish windows: those "
                f"that start at {self._shown(first)} and {self._shown(following)} have the key "
                f"'{self.key(first)}'. Include more of the date and time."
            )

    def _check_key(self, start: datetime) -> None:
        """Raise unless the key of the window that starts at `start` can be read back."""
        key = self.key(start)
        if self.start(key) == start or not has_neighbours(start):
            return
        try:
            reason = f"is read back as {self._shown(self.cadence.utc(self.key_format.read(key)))}"
        except _UNREADABLE as error:
            reason = f"cannot be read back ({error})"
        raise DagflowInvalidDefinitionError(
            f"the format '{self.key_format.fmt}' of partition keys is ambiguous: '{key}', the key of the "
            f"window that starts at {self._shown(start)}, {reason}. Include more of the date and time."
        )

    def _shown(self, moment: datetime) -> str:
        return self.cadence.local(moment).isoformat(" ", "minutes")


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
