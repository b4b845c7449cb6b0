"""AssetCopies: changed copies of an AssetsDefinition."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, TypeVar

from dagflow.defs.assets.bound_resources import bound_resources
from dagflow.defs.assets.changed import (
    changed_attributes,
    check_graph_deps,
    check_same_managers,
    inputs_of_specs,
    mapped_specs,
    output_of_spec,
)
from dagflow.defs.assets.parts import AssetParts
from dagflow.defs.assets.spec import AssetSpec
from dagflow.defs.hooks.definition import HookDefinition, check_hooks
from dagflow.defs.ops.definition import OpDefinition
from dagflow.errors import DagflowInvalidDefinitionError, check_optional, check_type
from dagflow.keys import AssetCheckKey, AssetKey

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy
    from dagflow.partitions.backfill import BackfillPolicy


_Copy = TypeVar("_Copy", bound="AssetCopies")


class AssetCopies(AssetParts):
    """The changed copies of a definition. A base of AssetsDefinition."""

    __slots__ = ()

    def map_asset_specs(self: _Copy, fn: Callable[[AssetSpec], AssetSpec]) -> _Copy:
        """Return a copy of this definition with the specs that a function returns for its specs.

        Args:
            fn: Returns the new spec. The key must stay the same. The old metadata is kept unless the new
                metadata has the same name.

        Raises:
            CheckError: `fn` returns something else than a spec, or removes the dependency of a parameter.
            DagflowInvalidDefinitionError: `fn` changes the key, or adds a dependency although the function of
                the asset has parameters that read assets.
        """
        specs = mapped_specs(fn, self.specs_by_key)
        return self if specs == self.specs_by_key else self.with_specs(specs)

    def with_specs(
        self: _Copy, specs: Mapping[AssetKey, AssetSpec], renamed: Mapping[AssetKey, AssetKey] | None = None
    ) -> _Copy:
        """Return a copy of this definition with other specs. Its function and the name of its op stay.

        Args:
            specs: The new spec of each of its assets, by the present key. Its key and dependencies count.
            renamed: The new keys of assets that it reads, by present key.

        Raises:
            CheckError: A dependency is missing in the specs, but a parameter of the function reads it.
            DagflowInvalidDefinitionError: A dependency is new, but the function has parameters that read
                assets.
        """
        if self._whole is not None:
            return self._part_of(self._whole.with_specs(specs, renamed), specs, renamed or {})
        new, renamed = copy.copy(self), renamed or {}
        new.specs_by_key = {specs[key].key: specs[key] for key in self.specs_by_key}
        new.keys_by_output_name = {name: specs[key].key for name, key in self.keys_by_output_name.items()}
        for key in new.keys_by_output_name.values():
            if list(new.keys_by_output_name.values()).count(key) > 1:
                raise DagflowInvalidDefinitionError(
                    f"two assets of {self!r} would have the key '{key.to_user_string()}'. Give each of them "
                    "a key of its own."
                )
        new.keys_by_input_name = {
            name: renamed.get(key, key) for name, key in self.keys_by_input_name.items()
        }
        new.partition_mappings = {renamed.get(key, key): one for key, one in self.partition_mappings.items()}
        new.check_specs_by_output_name = {
            name: _check_with_key(spec, specs, renamed)
            for name, spec in self.check_specs_by_output_name.items()
        }
        if isinstance(self._node_def, OpDefinition):
            node_def = self._node_def
            ins = inputs_of_specs(node_def, new.specs_by_key, new.keys_by_input_name, new.partition_mappings)
            outs = dict(node_def.outs)
            for name, key in self.keys_by_output_name.items():
                outs[name] = output_of_spec(outs[name], self.specs_by_key[key], specs[key])
            if ins != node_def.ins or outs != node_def.outs:
                new._node_def = node_def.with_ports(ins, outs)  # noqa: SLF001 - a copy of its own
        elif self._node_def is not None:
            check_graph_deps(self._node_def, new.specs_by_key, new.keys_by_input_name)
            check_same_managers(self._node_def, self.specs_by_key, specs)
        definitions = [spec.partitions_def for spec in new.specs_by_key.values()]
        if definitions != [spec.partitions_def for spec in self.specs_by_key.values()]:
            new.partitions_def = next((one for one in definitions if one is not None), None)
        new.index_ports()
        return new

    def _part_of(
        self: _Copy, whole: _Copy, specs: Mapping[AssetKey, AssetSpec], renamed: Mapping[AssetKey, AssetKey]
    ) -> _Copy:
        """Return the same part of a changed copy of the whole definition."""
        checks = [_check_with_key(spec, specs, renamed).key for spec in self.check_specs]
        part = whole.part_of_whole({specs[key].key for key in self.keys}, set(checks))
        part.hook_defs, part.resource_defs = self.hook_defs, self.resource_defs
        part.backfill_policy = self.backfill_policy
        return part

    def with_attributes(
        self: _Copy,
        *,
        asset_key_replacements: Mapping[AssetKey, AssetKey] | None = None,
        group_names_by_key: Mapping[AssetKey, str] | None = None,
        tags_by_key: Mapping[AssetKey, Mapping[str, str]] | None = None,
        legacy_freshness_policy: LegacyFreshnessPolicy
        | Mapping[AssetKey, LegacyFreshnessPolicy]
        | None = None,
        automation_condition: AutomationCondition | Mapping[AssetKey, AutomationCondition] | None = None,
        backfill_policy: BackfillPolicy | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
        metadata_by_key: Mapping[AssetKey | AssetCheckKey, Mapping[str, Any]] | None = None,
    ) -> _Copy:
        """Return a copy of this definition with other keys or facts. The name of its op stays.

        Keys of other assets are ignored.

        Args:
            asset_key_replacements: The new keys, by present key, of assets that it makes or reads.
            group_names_by_key: The groups, by present key, of assets without a group.
            tags_by_key: The tags, by present key, of assets without tags.
            legacy_freshness_policy: The older form of a freshness policy, of all assets or by key.
            automation_condition: The automation condition, of all assets or by key.
            backfill_policy: The backfill policy.
            hook_defs: The hooks, instead of the present ones.
            metadata_by_key: Further metadata by present key. That of a check, by its key, replaces its
                present metadata.

        Raises:
            DagflowInvalidDefinitionError: An asset has a group, tags or a condition already.

        Example:
            >>> from dagflow import AssetKey, asset
            >>> @asset
            ... def water():
            ...     return 1
            >>> water.with_attributes(asset_key_replacements={water.key: AssetKey("tea")}).key
            AssetKey(['tea'])
        """
        place = f"with_attributes of {self!r}"
        renamed = dict(check_optional(asset_key_replacements, Mapping, "asset_key_replacements", place) or {})
        for key in (*renamed, *renamed.values()):
            check_type(key, AssetKey, "asset_key_replacements", place)
        for name, by_key in {
            "group_names_by_key": group_names_by_key,
            "tags_by_key": tags_by_key,
            "metadata_by_key": metadata_by_key,
        }.items():
            check_optional(by_key, Mapping, name, place)
        facts = {
            "group_name": group_names_by_key,
            "tags": tags_by_key,
            "legacy_freshness_policy": legacy_freshness_policy,
            "automation_condition": automation_condition,
            "metadata": metadata_by_key,
        }
        new = self.with_specs(
            {key: changed_attributes(spec, renamed, facts) for key, spec in self.specs_by_key.items()},
            renamed,
        )
        for name, spec in self.check_specs_by_output_name.items():
            if metadata_by_key is not None and spec.key in metadata_by_key:
                new.check_specs_by_output_name[name] = new.check_specs_by_output_name[name].with_metadata(
                    metadata_by_key[spec.key]
                )
        if backfill_policy is not None:
            new.backfill_policy = backfill_policy
        if hook_defs is not None:
            new.hook_defs = check_hooks(hook_defs, "hook_defs", repr(self))
        return new

    def with_hooks(self: _Copy, hook_defs: AbstractSet[HookDefinition]) -> _Copy:
        """Return a copy of this definition with further hooks.

        Args:
            hook_defs: The hooks.

        Raises:
            CheckError: The argument is not a set of hooks.
        """
        new = copy.copy(self)
        new.hook_defs = self.hook_defs | check_hooks(hook_defs, "hook_defs", repr(self))
        return new

    def with_resources(self: _Copy, resource_defs: Mapping[str, Any]) -> _Copy:
        """Return a copy of this definition with the given resources that it needs, as `with_resources` does.

        Args:
            resource_defs: Resource definitions or values by key.

        Raises:
            DagflowInvalidDefinitionError: It needs a resource that is missing.
            DagflowInvalidInvocationError: It has a resource with one of the keys already.
        """
        new = copy.copy(self)
        new.resource_defs = bound_resources(self, resource_defs)
        return new


def _check_with_key(
    spec: AssetCheckSpec, specs: Mapping[AssetKey, AssetSpec], renamed: Mapping[AssetKey, AssetKey]
) -> AssetCheckSpec:
    """Return the declaration of a check, for the new keys of its asset and of its other dependencies."""
    old = spec.asset_key
    key = specs[old].key if old in specs else renamed.get(old, old)
    deps = [dep.with_key(renamed) for dep in spec.additional_deps]
    if key == old and deps == spec.additional_deps:
        return spec
    new = spec.replace_key(AssetCheckKey(key, spec.name))
    new.additional_deps = deps
    return new
