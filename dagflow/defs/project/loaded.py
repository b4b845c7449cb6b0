"""The changes that a loader makes: key prefixes, and facts that all loaded assets get."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition
from dagflow.defs.assets.dependency import AssetDep
from dagflow.defs.assets.spec import DEFAULT_GROUP, AssetSpec
from dagflow.errors import DagflowInvalidDefinitionError, check_optional, check_texts
from dagflow.keys import AssetKey

if TYPE_CHECKING:
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.partitions.backfill import BackfillPolicy

Prefix = str | Sequence[str]
"""The first part or parts of a key."""


class Facts(NamedTuple):
    """The facts that all loaded assets get. None changes nothing."""

    group_name: str | None = None
    automation_condition: AutomationCondition | None = None
    backfill_policy: BackfillPolicy | None = None

    def check(self) -> None:
        """Raise if a fact has the wrong type.

        Raises:
            ParameterCheckError: It is so.
        """
        place = "a loader of assets"
        check_texts(place, group_name=self.group_name)
        if self.automation_condition is not None:
            from dagflow.defs.conditions.condition import AutomationCondition  # few projects have one

            check_optional(self.automation_condition, AutomationCondition, "automation_condition", place)
        if self.backfill_policy is not None:
            from dagflow.partitions.backfill import BackfillPolicy  # few projects have one

            check_optional(self.backfill_policy, BackfillPolicy, "backfill_policy", place)


def with_facts(
    assets: list[AnyAsset],
    key_prefix: Prefix | None,
    source_key_prefix: Prefix | None,
    facts: Facts,
) -> list[AnyAsset]:
    """Return assets with prefixes and facts. An asset that does not change is returned itself.

    Args:
        assets: The loaded assets.
        key_prefix: The prefix of assets that are computed, and of dependencies on them.
        source_key_prefix: The prefix of the other assets, and of dependencies on them.
        facts: The facts that all of them get.

    Raises:
        ParameterCheckError: A prefix or a fact has the wrong type.
        DagflowInvalidDefinitionError: An asset has a group already.
    """
    facts.check()
    check_prefix(key_prefix, "key_prefix", "a loader of assets")
    check_prefix(source_key_prefix, "source_key_prefix", "a loader of assets")
    keys: dict[AssetKey, AssetKey] = {}
    for asset in assets:
        if isinstance(asset, AssetsDefinition):
            keys.update(renamed(asset.keys, key_prefix))
        else:
            keys.update(renamed([asset.key], source_key_prefix))
    if not keys and facts == Facts():
        return assets
    return [_changed(asset, keys, facts) for asset in assets]


def check_prefix(prefix: Prefix | None, parameter: str, place: str) -> None:
    """Raise if a key prefix is neither a string nor a list of strings.

    Raises:
        ParameterCheckError: It is so.
    """
    check_optional(prefix, (str, Sequence), parameter, place)


def renamed(keys: Iterable[AssetKey], prefix: Prefix | None) -> dict[AssetKey, AssetKey]:
    """Return the keys with a prefix, by the present keys; an empty dict without a prefix."""
    return {key: key.with_prefix(prefix) for key in keys} if prefix else {}


def _changed(asset: AnyAsset, keys: Mapping[AssetKey, AssetKey], facts: Facts) -> AnyAsset:
    if isinstance(asset, AssetsDefinition):
        specs = {key: _changed_spec(spec, keys, facts) for key, spec in asset.specs_by_key.items()}
        new = asset.with_specs(specs, keys)
        if facts.backfill_policy is not None:
            new = copy.copy(new)
            new.backfill_policy = facts.backfill_policy
        return new
    if isinstance(asset, AssetSpec):
        return _changed_spec(asset, keys, facts)
    return asset.with_spec(_changed_spec(asset.spec, keys, facts._replace(automation_condition=None)))


def _changed_spec(spec: AssetSpec, keys: Mapping[AssetKey, AssetKey], facts: Facts) -> AssetSpec:
    if facts.group_name is not None and spec.shown_group != DEFAULT_GROUP:
        raise DagflowInvalidDefinitionError(
            f"asset '{spec.key.to_user_string()}' has the group '{spec.group_name}', so the loader cannot "
            f"give it the group '{facts.group_name}'. Leave out one of them."
        )
    changes: dict[str, Any] = {}
    if facts.group_name is not None:
        changes["group_name"] = facts.group_name
    if facts.automation_condition is not None:
        changes["automation_condition"] = facts.automation_condition
    deps = [
        AssetDep(keys[dep.asset_key], partition_mapping=dep.partition_mapping, metadata=dep.metadata)
        if dep.asset_key in keys
        else dep
        for dep in spec.deps
    ]
    return spec.replace_attributes(key=keys.get(spec.key, spec.key), deps=deps, **changes)
