"""The stored form of partitions in time: the arguments of the definition as plain values."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagflow.partitions.time_window import TimeWindowPartitionsDefinition


def plain_arguments(definition: TimeWindowPartitionsDefinition) -> dict[str, Any]:
    """Return the arguments of a definition as plain values, with times in ISO format.

    Example:
        >>> from dagflow import DailyPartitionsDefinition
        >>> plain_arguments(DailyPartitionsDefinition("2024-01-01"))["start"]
        '2024-01-01T00:00:00+00:00'
    """
    left_out = definition.exclusions
    return {
        "start": definition.start.isoformat(),
        "end": None if definition.end is None else definition.end.isoformat(),
        "fmt": definition.fmt,
        "timezone": definition.timezone,
        "end_offset": definition.end_offset,
        "cron_schedule": definition.cron_schedule,
        "exclusions": None
        if left_out is None
        else [{"cron": one} if isinstance(one, str) else {"time": one.isoformat()} for one in left_out],
    }


def arguments_of(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of which `plain_arguments` returned these values.

    Raises:
        ValueError, TypeError, KeyError: The values are damaged.
    """
    end, left_out = stored["end"], stored["exclusions"]
    return {
        **stored,
        "start": datetime.fromisoformat(stored["start"]),
        "end": None if end is None else datetime.fromisoformat(end),
        "exclusions": None
        if left_out is None
        else [one["cron"] if "cron" in one else datetime.fromisoformat(one["time"]) for one in left_out],
    }
