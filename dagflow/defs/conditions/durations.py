"""Durations in policies and conditions: `SerializableTimeDelta`."""

from __future__ import annotations

from datetime import timedelta

from dagflow.errors import check_type
from dagflow.values import Constant


class SerializableTimeDelta(Constant):
    """A duration that can be stored as JSON.

    Args:
        days: Its days.
        seconds: Its seconds, without the days.
        microseconds: Its microseconds, without days and seconds.

    Raises:
        ParameterCheckError: An argument is not an integer.

    Example:
        >>> SerializableTimeDelta(1, 30, 0).to_timedelta()
        datetime.timedelta(days=1, seconds=30)
    """

    __slots__ = ("days", "microseconds", "seconds")
    _names = ("days", "seconds", "microseconds")

    days: int
    seconds: int
    microseconds: int

    def __init__(self, days: int, seconds: int, microseconds: int) -> None:
        for name, number in (("days", days), ("seconds", seconds), ("microseconds", microseconds)):
            check_type(number, int, name, "a SerializableTimeDelta")
        self._set(days=days, seconds=seconds, microseconds=microseconds)

    @staticmethod
    def from_timedelta(delta: timedelta) -> SerializableTimeDelta:
        """Return a timedelta in this form."""
        return SerializableTimeDelta(delta.days, delta.seconds, delta.microseconds)

    def to_timedelta(self) -> timedelta:
        """Return the duration as a timedelta."""
        return timedelta(self.days, self.seconds, self.microseconds)
