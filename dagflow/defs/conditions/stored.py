"""The classes of policies and conditions that `serialize_value` can store: `storable_class`."""

from __future__ import annotations

from importlib import import_module

_CLASSES = {
    "BackfillPolicy": "dagflow.partitions.backfill",
    "CronFreshnessPolicy": "dagflow.defs.conditions.freshness",
    "LegacyFreshnessPolicy": "dagflow.defs.conditions.legacy_freshness",
    "SerializableTimeDelta": "dagflow.defs.conditions.durations",
    "TimeWindowFreshnessPolicy": "dagflow.defs.conditions.freshness",
}
"""The module of each class. All are compared by value, and their fields are parameters of the constructor."""


def storable_class(name: str) -> type | None:
    """Return the class with a name, None if policies and conditions have no such class.

    Example:
        >>> storable_class("BackfillPolicy").__name__
        'BackfillPolicy'
    """
    module = _CLASSES.get(name)
    found: type | None = None if module is None else getattr(import_module(module), name)
    return found
