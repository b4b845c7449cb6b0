"""Spans of time: pairs of a start and an end, and sets of them. The end does not belong to a span.

All functions take and return spans in order that do not overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

Span = tuple[datetime, datetime]


def overlaps(one: Sequence[Span], other: Sequence[Span]) -> Iterator[Span]:
    """Yield the spans that are in both sets.

    Example:
        >>> first, second, third = (datetime(2024, 1, day) for day in (1, 2, 3))
        >>> list(overlaps([(first, third)], [(second, third)])) == [(second, third)]
        True
    """
    left = right = 0
    while left < len(one) and right < len(other):
        (start, end), (low, high) = one[left], other[right]
        if max(start, low) < min(end, high):
            yield max(start, low), min(end, high)
        if end <= high:
            left += 1
        else:
            right += 1


def differences(one: Sequence[Span], other: Sequence[Span]) -> Iterator[Span]:
    """Yield the spans that are in the first set, and not in the second.

    Example:
        >>> first, second, third = (datetime(2024, 1, day) for day in (1, 2, 3))
        >>> list(differences([(first, third)], [(second, third)])) == [(first, second)]
        True
    """
    right = 0
    for start, end in one:
        while right < len(other) and other[right][1] <= start:
            right += 1
        position = right
        while position < len(other) and other[position][0] < end:
            low, high = other[position]
            if start < low:
                yield start, low
            start = high
            position += 1
        if start < end:
            yield start, end
