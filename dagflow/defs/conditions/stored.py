"""The classes of policies, conditions and selections that `serialize_value` can store: `storable_class`."""

from __future__ import annotations

from importlib import import_module

_CLASSES = {
    "AllChecksTerm": "dagflow.defs.selections.check_terms",
    "AllTerm": "dagflow.defs.selections.terms",
    "AndCondition": "dagflow.defs.conditions.operators",
    "AndTerm": "dagflow.defs.selections.set_terms",
    "AssetMatches": "dagflow.defs.conditions.quantifiers",
    "AssetSelection": "dagflow.defs.selections.definition",
    "AutoMaterializeAssetPartitionsFilter": "dagflow.defs.conditions.rules",
    "AutoMaterializePolicy": "dagflow.defs.conditions.auto_materialize",
    "AutoMaterializeRule": "dagflow.defs.conditions.rules",
    "AutomationCursor": "dagflow.automation.conditions.cursor",
    "BackfillPolicy": "dagflow.partitions.backfill",
    "CheckKeysTerm": "dagflow.defs.selections.check_terms",
    "ChecksCondition": "dagflow.defs.conditions.quantifiers",
    "ChecksOfTerm": "dagflow.defs.selections.check_terms",
    "CronFreshnessPolicy": "dagflow.defs.conditions.freshness",
    "CronTickPassed": "dagflow.defs.conditions.leaves",
    "DepsCondition": "dagflow.defs.conditions.quantifiers",
    "DifferenceTerm": "dagflow.defs.selections.set_terms",
    "DownstreamTerm": "dagflow.defs.selections.set_terms",
    "GroupPatternTerm": "dagflow.defs.selections.terms",
    "GroupsTerm": "dagflow.defs.selections.terms",
    "HasRunTags": "dagflow.defs.conditions.leaves",
    "InLatestTimeWindow": "dagflow.defs.conditions.leaves",
    "IsTerm": "dagflow.defs.selections.terms",
    "JobRootsCondition": "dagflow.defs.conditions.quantifiers",
    "KeyPatternTerm": "dagflow.defs.selections.terms",
    "KeyPrefixesTerm": "dagflow.defs.selections.terms",
    "KeySubstringTerm": "dagflow.defs.selections.terms",
    "KeysTerm": "dagflow.defs.selections.terms",
    "KindTerm": "dagflow.defs.selections.terms",
    "Leaf": "dagflow.defs.conditions.leaves",
    "LegacyFreshnessPolicy": "dagflow.defs.conditions.legacy_freshness",
    "MaterializableTerm": "dagflow.defs.selections.set_terms",
    "NeighborsTerm": "dagflow.defs.selections.set_terms",
    "NewlyTrueCondition": "dagflow.defs.conditions.operators",
    "NotCondition": "dagflow.defs.conditions.operators",
    "OrCondition": "dagflow.defs.conditions.operators",
    "OrTerm": "dagflow.defs.selections.set_terms",
    "OwnerTerm": "dagflow.defs.selections.terms",
    "PartitionsTerm": "dagflow.defs.selections.terms",
    "RootsTerm": "dagflow.defs.selections.set_terms",
    "RuleCondition": "dagflow.defs.conditions.rules",
    "SerializableTimeDelta": "dagflow.defs.conditions.durations",
    "SinceCondition": "dagflow.defs.conditions.operators",
    "SinksTerm": "dagflow.defs.selections.set_terms",
    "TagTerm": "dagflow.defs.selections.terms",
    "TimeWindowFreshnessPolicy": "dagflow.defs.conditions.freshness",
    "UnresolvableTerm": "dagflow.defs.selections.terms",
    "UpstreamSourcesTerm": "dagflow.defs.selections.set_terms",
    "UpstreamTerm": "dagflow.defs.selections.set_terms",
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
