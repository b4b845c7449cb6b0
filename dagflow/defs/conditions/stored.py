"""The classes of policies, conditions and selections that `serialize_value` can store: `storable_class`."""

from __future__ import annotations

from importlib import import_module

_CLASSES = {
    "AllChecksTerm": "dagflow.defs.assets.selection_checks",
    "AllTerm": "dagflow.defs.assets.selection_terms",
    "AndCondition": "dagflow.defs.conditions.operators",
    "AndTerm": "dagflow.defs.assets.selection_sets",
    "AssetMatches": "dagflow.defs.conditions.quantifiers",
    "AssetSelection": "dagflow.defs.assets.selection",
    "AutoMaterializeAssetPartitionsFilter": "dagflow.defs.conditions.rules",
    "AutoMaterializePolicy": "dagflow.defs.conditions.auto_materialize",
    "AutoMaterializeRule": "dagflow.defs.conditions.rules",
    "BackfillPolicy": "dagflow.partitions.backfill",
    "CheckKeysTerm": "dagflow.defs.assets.selection_checks",
    "ChecksCondition": "dagflow.defs.conditions.quantifiers",
    "ChecksOfTerm": "dagflow.defs.assets.selection_checks",
    "CronFreshnessPolicy": "dagflow.defs.conditions.freshness",
    "CronTickPassed": "dagflow.defs.conditions.leaves",
    "DepsCondition": "dagflow.defs.conditions.quantifiers",
    "DifferenceTerm": "dagflow.defs.assets.selection_sets",
    "DownstreamTerm": "dagflow.defs.assets.selection_sets",
    "GroupPatternTerm": "dagflow.defs.assets.selection_terms",
    "GroupsTerm": "dagflow.defs.assets.selection_terms",
    "HasRunTags": "dagflow.defs.conditions.leaves",
    "InLatestTimeWindow": "dagflow.defs.conditions.leaves",
    "IsTerm": "dagflow.defs.assets.selection_terms",
    "JobRootsCondition": "dagflow.defs.conditions.quantifiers",
    "KeyPatternTerm": "dagflow.defs.assets.selection_terms",
    "KeyPrefixesTerm": "dagflow.defs.assets.selection_terms",
    "KeySubstringTerm": "dagflow.defs.assets.selection_terms",
    "KeysTerm": "dagflow.defs.assets.selection_terms",
    "KindTerm": "dagflow.defs.assets.selection_terms",
    "Leaf": "dagflow.defs.conditions.leaves",
    "LegacyFreshnessPolicy": "dagflow.defs.conditions.legacy_freshness",
    "MaterializableTerm": "dagflow.defs.assets.selection_sets",
    "NeighborsTerm": "dagflow.defs.assets.selection_sets",
    "NewlyTrueCondition": "dagflow.defs.conditions.operators",
    "NotCondition": "dagflow.defs.conditions.operators",
    "OrCondition": "dagflow.defs.conditions.operators",
    "OrTerm": "dagflow.defs.assets.selection_sets",
    "OwnerTerm": "dagflow.defs.assets.selection_terms",
    "PartitionsTerm": "dagflow.defs.assets.selection_terms",
    "RootsTerm": "dagflow.defs.assets.selection_sets",
    "RuleCondition": "dagflow.defs.conditions.rules",
    "SerializableTimeDelta": "dagflow.defs.conditions.durations",
    "SinceCondition": "dagflow.defs.conditions.operators",
    "SinksTerm": "dagflow.defs.assets.selection_sets",
    "TagTerm": "dagflow.defs.assets.selection_terms",
    "TimeWindowFreshnessPolicy": "dagflow.defs.conditions.freshness",
    "UnresolvableTerm": "dagflow.defs.assets.selection_terms",
    "UpstreamSourcesTerm": "dagflow.defs.assets.selection_sets",
    "UpstreamTerm": "dagflow.defs.assets.selection_sets",
}
"""The module of each class. All are compared by value, and their fields are parameters of the constructor."""


def storable_class(name: str) -> type | None:
    """Return the class with a name, None if policies, conditions and selections have no such class.

    Example:
        >>> storable_class("BackfillPolicy").__name__
        'BackfillPolicy'
    """
    module = _CLASSES.get(name)
    found: type | None = None if module is None else getattr(import_module(module), name)
    return found
