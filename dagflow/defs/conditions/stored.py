"""The classes of policies and conditions that `serialize_value` can store: `storable_class`."""

from __future__ import annotations

from importlib import import_module

_CLASSES = {
    "AndCondition": "dagflow.defs.conditions.operators",
    "AssetMatches": "dagflow.defs.conditions.quantifiers",
    "AutoMaterializeAssetPartitionsFilter": "dagflow.defs.conditions.rules",
    "AutoMaterializePolicy": "dagflow.defs.conditions.auto_materialize",
    "AutoMaterializeRule": "dagflow.defs.conditions.rules",
    "BackfillPolicy": "dagflow.partitions.backfill",
    "ChecksCondition": "dagflow.defs.conditions.quantifiers",
    "CronFreshnessPolicy": "dagflow.defs.conditions.freshness",
    "CronTickPassed": "dagflow.defs.conditions.leaves",
    "DepsCondition": "dagflow.defs.conditions.quantifiers",
    "HasRunTags": "dagflow.defs.conditions.leaves",
    "InLatestTimeWindow": "dagflow.defs.conditions.leaves",
    "JobRootsCondition": "dagflow.defs.conditions.quantifiers",
    "Leaf": "dagflow.defs.conditions.leaves",
    "LegacyFreshnessPolicy": "dagflow.defs.conditions.legacy_freshness",
    "NewlyTrueCondition": "dagflow.defs.conditions.operators",
    "NotCondition": "dagflow.defs.conditions.operators",
    "OrCondition": "dagflow.defs.conditions.operators",
    "RuleCondition": "dagflow.defs.conditions.rules",
    "SerializableTimeDelta": "dagflow.defs.conditions.durations",
    "SinceCondition": "dagflow.defs.conditions.operators",
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
