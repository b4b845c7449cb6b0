"""Ranges of partition keys, time windows, and the check of keys.

A key is any string without `...`, the separator in the string form of a range, and without the control
characters that have a short escape in Python, such as line break, tab and NUL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from dagflow.errors import DagflowInvalidDefinitionError, ElementCheckError, ParameterCheckError, repr_of

Moment = datetime | float
"""A point in time: a datetime (one without zone is read in the zone of the definition), or seconds since the
epoch."""


class DynamicPartitionsStore(Protocol):
    """A store of the keys of dynamic partitions definitions: an instance, or any object with this method."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of the dynamic partitions definition with this name, in order."""
        ...


class PartitionKeyRange(NamedTuple):
    """The keys from `start` to `end`, both included, in the order of a partitions definition. Not checked.

    Example:
        >>> PartitionKeyRange("2024-01-01", "2024-01-05").end
        '2024-01-05'
    """

    start: str
    end: str


class TimeWindow(NamedTuple):
    """The time from `start` up to `end`, without `end`. Both are datetimes with a time zone.

    Example:
        >>> from datetime import timezone
        >>> noon = datetime(2024, 1, 1, 12, tzinfo=timezone.utc)
        >>> window = TimeWindow(noon, noon.replace(hour=15))
        >>> window.end - window.start
        datetime.timedelta(seconds=10800)
    """

    start: datetime
    end: datetime


class TimestampWithTimezone(NamedTuple):
    """A moment: the seconds since the epoch, and the IANA name of a time zone."""

    timestamp: float
    timezone: str


class Partition:
    """A partition, in the form of an older interface.

    Args:
        value: The value of the partition, of any type.
        name: The partition key. Default: the value as a string.

    Raises:
        ParameterCheckError: The name is not a string.

    Example:
        >>> Partition("north").name
        'north'
    """

    __slots__ = ("name", "value")

    def __init__(self, value: Any, name: str | None = None) -> None:
        if name is not None and not isinstance(name, str):
            raise ParameterCheckError(f"the name of a Partition must be a string, not {repr_of(name)}")
        self.value: Any = value
        self.name: str = str(value) if name is None else name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Partition) and (self.value, self.name) == (other.value, other.name)

    def __hash__(self) -> int:
        return hash((self.value, self.name))

    def __repr__(self) -> str:
        return f"Partition({self.value!r}, {self.name!r})"


_CONTROL = frozenset("\a\b\f\n\r\t\v\0")


def check_keys(keys: Iterable[str], where: str) -> tuple[str, ...]:
    """Return `keys` as a tuple, after a check that they are valid partition keys.

    Args:
        keys: Strings, in order.
        where: The owner of the keys as a noun phrase, for the error message.

    Raises:
        ParameterCheckError: `keys` is a string, or not iterable.
        ElementCheckError: A key is not a string.
        DagflowInvalidDefinitionError: A key contains `...` or a control character, or is a duplicate.

    Example:
        >>> check_keys(["a", "b"], "a definition")
        ('a', 'b')
    """
    if isinstance(keys, str) or not isinstance(keys, Iterable):
        raise ParameterCheckError(
            f"the partition keys of {where} must be a list of strings, not {repr_of(keys)}"
        )
    result = tuple(keys)
    seen: set[str] = set()
    duplicates: list[str] = []
    for key in result:
        if not isinstance(key, str):
            raise ElementCheckError(f"partition key {repr_of(key)} of {where} must be a string")
        if "..." in key:
            raise DagflowInvalidDefinitionError(
                f"partition key '{key}' of {where} contains '...', which separates the ends of a range of "
                "keys: use other characters"
            )
        if not _CONTROL.isdisjoint(key):
            raise DagflowInvalidDefinitionError(
                f"partition key {repr_of(key)} of {where} contains a control character, such as a line "
                f"break or a "
                "tab: use other characters"
            )
        if key in seen:
            duplicates.append(key)
        seen.add(key)
    if duplicates:
        raise DagflowInvalidDefinitionError(
            f"the partition keys of {where} must be unique. Duplicate instances of partition keys: "
            f"{duplicates}. Remove them."
        )
    return result
