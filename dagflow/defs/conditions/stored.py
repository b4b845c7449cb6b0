"""The classes of policies, conditions, selections and partitions that `serialize_value` can store."""

from __future__ import annotations

from importlib import import_module

_CLASSES = {
    "AllChecksTerm": "dagflow.defs.selections.check_terms",
    "AllPartitionMapping": "dagflow.partitions.mappings",
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
    "DimensionPartitionMapping": "dagflow.partitions.multi_mapping",
    "DownstreamTerm": "dagflow.defs.selections.set_terms",
    "GroupPatternTerm": "dagflow.defs.selections.terms",
    "GroupsTerm": "dagflow.defs.selections.terms",
    "HasRunTags": "dagflow.defs.conditions.leaves",
    "IdentityPartitionMapping": "dagflow.partitions.mappings",
    "InLatestTimeWindow": "dagflow.defs.conditions.leaves",
    "IsTerm": "dagflow.defs.selections.terms",
    "JobRootsCondition": "dagflow.defs.conditions.quantifiers",
    "KeyPatternTerm": "dagflow.defs.selections.terms",
    "KeyPrefixesTerm": "dagflow.defs.selections.terms",
    "KeySubstringTerm": "dagflow.defs.selections.terms",
    "KeysTerm": "dagflow.defs.selections.terms",
    "KindTerm": "dagflow.defs.selections.terms",
    "LastPartitionMapping": "dagflow.partitions.mappings",
    "Leaf": "dagflow.defs.conditions.leaves",
    "LegacyFreshnessPolicy": "dagflow.defs.conditions.legacy_freshness",
    "MaterializableTerm": "dagflow.defs.selections.set_terms",
    "MultiPartitionMapping": "dagflow.partitions.multi_mapping",
    "MultiToSingleDimensionPartitionMapping": "dagflow.partitions.multi_mapping",
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
    "SpecificPartitionsPartitionMapping": "dagflow.partitions.mappings",
    "StaticPartitionMapping": "dagflow.partitions.mappings",
    "TagTerm": "dagflow.defs.selections.terms",
    "TimeWindowFreshnessPolicy": "dagflow.defs.conditions.freshness",
    "TimeWindowPartitionMapping": "dagflow.partitions.window_mapping",
    "TimeWindowPartitionsDefinition": "dagflow.partitions.time_window",
    "TimeWindowPartitionsSubset": "dagflow.partitions.window_subset",
    "UnresolvableTerm": "dagflow.defs.selections.terms",
    "UpstreamSourcesTerm": "dagflow.defs.selections.set_terms",
    "UpstreamTerm": "dagflow.defs.selections.set_terms",
}
"""The module of each class. All are compared by value. Their fields, or the attributes in `stored_names`, are
the parameters of the constructor, or of the method `from_stored`.
"""


def storable_class(name: str) -> type | None:
    """Return the class with a name, None if no such class can be stored.

    Example:
        >>> storable_class("BackfillPolicy").__name__
        'BackfillPolicy'
    """
    module = _CLASSES.get(name)
    found: type | None = None if module is None else getattr(import_module(module), name)
    return found
