"""Subsets of time windows. They are stored as spans: adjacent windows are one pair of datetimes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from dagflow.errors import CheckError, repr_of
from dagflow.partitions.cadence import UTC
from dagflow.partitions.keys import PartitionKeyRange, TimeWindow
from dagflow.partitions.loading import effective_time
from dagflow.partitions.spans import Span, differences, overlaps
from dagflow.partitions.stored_subset import VERSION, content_of, stored, unreadable
from dagflow.partitions.subset import OrderedKeys, PartitionsSubset

if TYPE_CHECKING:
    from dagflow.partitions.windows import Windows


class KeysOfWindows(OrderedKeys, Protocol):
    """A definition of time windows, as far as its subsets use it."""

    windows: Windows

    def without_calendar(self) -> KeysOfWindows:
        """Return an equal definition that can be stored."""
        ...

    def start_of(self, key: str) -> datetime:
        """Return the start of the window of a key, in UTC without zone."""
        ...


class TimeWindowPartitionsSubset(PartitionsSubset):
    """A set of time windows.

    Args:
        partitions_def: The definition of the windows.
        starts: The starts of the windows of the subset, in UTC without zone. They are not checked.
    """

    __slots__ = ("_spans", "partitions_def")
    stored_names = ("partitions_def", "stored_form")

    # Invariant: `_spans` are in order and not adjacent. They begin and end with existing windows.

    def __init__(self, partitions_def: KeysOfWindows, starts: Iterable[datetime] = ()) -> None:
        self.partitions_def: KeysOfWindows = partitions_def
        given = sorted(set(starts))
        self._spans: tuple[Span, ...] = tuple(partitions_def.windows.spans(given, joins_gaps=True))

    @classmethod
    def create_empty_subset(cls, partitions_def: KeysOfWindows) -> TimeWindowPartitionsSubset:
        """Return the empty subset of a definition."""
        return cls(partitions_def)

    @property
    def stored_form(self) -> str:
        """The subset as a string. Internal: `serialize_value` stores it beside the definition."""
        return self.serialize()

    @staticmethod
    def from_stored(partitions_def: Any, stored_form: str) -> TimeWindowPartitionsSubset:
        """Return the subset of which `stored_form` returned this string. Internal."""
        found: TimeWindowPartitionsSubset = partitions_def.deserialize_subset(stored_form)
        return found

    def to_serializable_subset(self) -> TimeWindowPartitionsSubset:
        """Return an equal subset that `serialize_value` can store.

        Example:
            >>> from dagflow import DailyPartitionsDefinition, deserialize_value, serialize_value
            >>> days = DailyPartitionsDefinition("2024-01-01").subset_with_partition_keys(["2024-01-02"])
            >>> deserialize_value(serialize_value(days.to_serializable_subset())) == days
            True
        """
        made = TimeWindowPartitionsSubset(self.partitions_def.without_calendar())
        made._spans = self._spans
        return made

    @property
    def spans(self) -> tuple[Span, ...]:
        """The start and end of each longest run of adjacent windows, in UTC without zone."""
        return self._spans

    @property
    def num_partitions(self) -> int:
        """The number of keys."""
        count = self.partitions_def.windows.count
        return sum(count(first, end) for first, end in self._spans)

    @property
    def is_empty(self) -> bool:
        """True if there are no keys."""
        return not self._spans

    @property
    def first_start(self) -> datetime:
        """The start of the first window.

        Raises:
            CheckError: The subset is empty.
        """
        if not self._spans:
            raise CheckError(f"{self!r} is empty, so it has no first window")
        return self.partitions_def.windows.cadence.local(self._spans[0][0])

    @property
    def included_time_windows(self) -> list[TimeWindow]:
        """The windows of the subset in order, with adjacent windows as one.

        Windows are adjacent too if `exclusions` leaves out all windows between them.
        """
        local = self.partitions_def.windows.cadence.local
        return [TimeWindow(local(start), local(end)) for start, end in self._spans]

    def starts(self) -> Iterator[datetime]:
        """Yield the start of each window in order, in UTC without zone."""
        for first, end in self._spans:
            yield from self.partitions_def.windows.starts(first, end)

    def get_partition_keys(self) -> list[str]:
        """Return the keys, by time."""
        return list(map(self.partitions_def.windows.key, self.starts()))

    def with_partition_keys(self, partition_keys: Iterable[str]) -> TimeWindowPartitionsSubset:
        """Return a subset with further keys. Keys of windows that do not exist are left out.

        Raises:
            DagflowUnknownPartitionError: A key is not in the format of the definition.
        """
        windows = self.partitions_def.windows
        bound = windows.bound(effective_time(None))
        starts = map(self.partitions_def.start_of, partition_keys)
        existing = (start for start in starts if windows.first <= start < bound and not windows.lacks(start))
        added = TimeWindowPartitionsSubset(self.partitions_def, existing)
        return self._of([*self._spans, *added.spans])

    def with_span(self, first: datetime, end: datetime) -> TimeWindowPartitionsSubset:
        """Return a subset with the windows from the start `first` up to the start `end` in addition."""
        return self._of([*self._spans, (first, end)] if first < end else self._spans)

    def with_partition_key_range(
        self, partitions_def: OrderedKeys, partition_key_range: PartitionKeyRange
    ) -> TimeWindowPartitionsSubset:
        """Return a subset with the keys of a range in addition."""
        keys = partitions_def.get_partition_keys_in_range(partition_key_range)
        starts = map(self.partitions_def.start_of, keys)
        return self | TimeWindowPartitionsSubset(self.partitions_def, starts)

    def get_partition_keys_not_in_subset(self, partitions_def: OrderedKeys) -> list[str]:
        """Return the existing keys that are not in this subset, in order."""
        if partitions_def != self.partitions_def:
            return super().get_partition_keys_not_in_subset(partitions_def)
        windows = self.partitions_def.windows
        every = self.empty_subset().with_span(windows.first, windows.bound(effective_time(None)))
        return (every - self).get_partition_keys()

    def get_partition_key_ranges(self, partitions_def: OrderedKeys) -> list[PartitionKeyRange]:
        """Return the longest ranges of adjacent keys. Windows that are left out do not end a range."""
        windows = self.partitions_def.windows
        return [
            PartitionKeyRange(windows.key(first), windows.key(windows.before(end)))
            for first, end in self._spans
        ]

    def empty_subset(self) -> TimeWindowPartitionsSubset:
        """Return the empty subset of the same definition."""
        return TimeWindowPartitionsSubset(self.partitions_def)

    def serialize(self) -> str:
        """Return the subset as a string, which `deserialize_subset` of its definition reads."""
        spans = [[_seconds(start), _seconds(end)] for start, end in self._spans]
        return stored("time_windows", spans, num_partitions=self.num_partitions)

    def restored(self, serialized: str) -> TimeWindowPartitionsSubset:
        """Return the subset of the same definition that `serialize` has stored.

        Raises:
            DagflowInvalidDeserializationVersionError: The string has another version.
            DagflowSerializationError: The string is not such a subset.
        """
        cadence = self.partitions_def.windows.cadence
        spans: list[Span] = []
        try:
            for first, end in content_of(serialized, "time_windows", default_version=VERSION):
                spans.append((cadence.ceil(cadence.utc(first)), cadence.ceil(cadence.utc(end))))
        except (TypeError, ValueError, OverflowError, CheckError):
            problem = "its windows must be pairs of a start and an end in seconds since the epoch"
            raise unreadable(serialized, problem) from None
        return self._of(spans)

    def _of(self, spans: Iterable[Span]) -> TimeWindowPartitionsSubset:
        """Return the subset of the windows in some spans, which can overlap and are in any order."""
        windows = self.partitions_def.windows
        joined: list[Span] = []
        for first, end in sorted(spans):
            if windows.is_excluded is not None:
                first = windows.next_existing(first)
                end = windows.cadence.after(windows.before(end))
            if first >= end:
                continue
            if joined and first <= windows.next_existing(joined[-1][1]):
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((first, end))
        made = TimeWindowPartitionsSubset(self.partitions_def)
        made._spans = tuple(joined)  # of the same class
        return made

    def _only(self, keys: set[str]) -> TimeWindowPartitionsSubset:
        starts = [start for start in self.starts() if self.partitions_def.windows.key(start) in keys]
        return TimeWindowPartitionsSubset(self.partitions_def, starts)

    def _spans_of(self, other: PartitionsSubset) -> tuple[Span, ...]:
        """Return the spans of another subset.

        Raises:
            CheckError: It is a subset of other partitions.
        """
        if isinstance(other, TimeWindowPartitionsSubset):
            windows, theirs = self.partitions_def.windows, other.partitions_def.windows
            if windows.cadence == theirs.cadence:
                return other.spans
        raise CheckError(
            f"{self!r} cannot be combined with {repr_of(other)}: combine subsets of one partitions definition"
        )

    def __or__(self, other: PartitionsSubset) -> TimeWindowPartitionsSubset:
        return self._of([*self._spans, *self._spans_of(other)])

    def __and__(self, other: PartitionsSubset) -> TimeWindowPartitionsSubset:
        return self._of(overlaps(self._spans, self._spans_of(other)))

    def __sub__(self, other: PartitionsSubset) -> TimeWindowPartitionsSubset:
        return self._of(differences(self._spans, self._spans_of(other)))

    def __contains__(self, partition_key: object) -> bool:
        windows = self.partitions_def.windows
        start = windows.start(partition_key) if isinstance(partition_key, str) else None
        if start is None or windows.lacks(start):
            return False
        position = bisect_right(self._spans, start, key=_first)
        return position > 0 and start < self._spans[position - 1][1]

    def __len__(self) -> int:
        return self.num_partitions

    def __bool__(self) -> bool:
        return bool(self._spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TimeWindowPartitionsSubset) and (
            (self._spans, self.partitions_def) == (other._spans, other.partitions_def)
        )

    def __repr__(self) -> str:
        windows = (f"{start.isoformat()} to {end.isoformat()}" for start, end in self.included_time_windows)
        return f"TimeWindowPartitionsSubset({', '.join(windows)})"


def _first(span: Span) -> datetime:
    return span[0]


def _seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()
