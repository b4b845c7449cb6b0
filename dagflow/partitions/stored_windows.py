"""The stored form of partitions in time: the arguments of the definition as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def plain_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a definition as plain values, with times in ISO format.

    Example:
        >>> plain_arguments({"start": datetime(2024, 1, 1), "end": None, "exclusions": None})
        {'start': '2024-01-01T00:00:00', 'end': None, 'exclusions': None}
    """
    end, left_out = arguments["end"], arguments["exclusions"]
    return {
        **arguments,
        "start": arguments["start"].isoformat(),
        "end": None if end is None else end.isoformat(),
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
