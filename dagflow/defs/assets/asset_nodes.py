"""The nodes of an AssetGraph: one asset, one check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagflow.defs.assets.definition import AnyAsset, AssetsDefinition, io_manager_key_of
from dagflow.defs.assets.observed_source import definition_of
from dagflow.defs.assets.spec import AssetSpec
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.partitions.definition import PartitionsDefinition

if TYPE_CHECKING:
    from dagflow.defs.assets.check_spec import AssetCheckSpec
    from dagflow.partitions.mapping import PartitionMapping


class AssetNode:
    """An asset of an AssetGraph.

    Attributes:
        key: Its key.
        spec: The facts about it.
        definition: Its AssetsDefinition, SourceAsset or AssetSpec; the same spec if it has no definition.
        parents: The assets that it depends on. An asset may depend on itself.
        children: The assets that depend on it.
        checks: Its checks.
        is_materializable: Whether its definition computes it.
        is_observable: Whether its definition observes it.
    """

    __slots__ = (
        "checks",
        "children",
        "definition",
        "is_materializable",
        "is_observable",
        "key",
        "parents",
        "spec",
    )

    def __init__(self, spec: AssetSpec, definition: AnyAsset) -> None:
        self.key: AssetKey = spec.key
        self.spec: AssetSpec = spec
        self.definition: AnyAsset = definition
        self.parents: list[AssetNode] = []
        self.children: list[AssetNode] = []
        self.checks: list[AssetCheckNode] = []
        owner = definition if isinstance(definition, AssetsDefinition) else None
        self.is_materializable: bool = owner is not None and owner.is_materializable
        self.is_observable: bool = owner is not None and owner.is_observable

    @property
    def is_external(self) -> bool:
        """Whether no definition computes it."""
        return not self.is_materializable

    @property
    def is_executable(self) -> bool:
        """Whether a run can compute or observe it."""
        return self.is_materializable or self.is_observable

    @property
    def parent_keys(self) -> set[AssetKey]:
        """The keys of the assets that it depends on."""
        return {node.key for node in self.parents}

    @property
    def child_keys(self) -> set[AssetKey]:
        """The keys of the assets that depend on it."""
        return {node.key for node in self.children}

    @property
    def parent_entity_keys(self) -> set[AssetKey]:
        """The keys of the assets that it depends on."""
        return self.parent_keys

    @property
    def child_entity_keys(self) -> set[AssetKey | AssetCheckKey]:
        """The keys of the assets that depend on it, and of its checks."""
        return {*self.child_keys, *self.check_keys}

    @property
    def check_keys(self) -> set[AssetCheckKey]:
        """The keys of its checks."""
        return {check.key for check in self.checks}

    @property
    def has_self_dependency(self) -> bool:
        """Whether it depends on its own earlier partitions."""
        return self in self.parents

    @property
    def execution_set_asset_keys(self) -> set[AssetKey]:
        """The keys of the assets that always run with it, and its own."""
        return {node for node in self.execution_set_entity_keys if isinstance(node, AssetKey)}

    @property
    def execution_set_entity_keys(self) -> set[AssetKey | AssetCheckKey]:
        """The keys of the assets and checks that always run with it, and its own."""
        return execution_set(self.definition, self.key)

    @property
    def assets_def(self) -> AssetsDefinition:
        """Its definition. That of an asset that is only read only declares it."""
        return definition_of(self.definition)

    @property
    def group_name(self) -> str:
        """The group that it is shown in."""
        return self.spec.shown_group

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags. Kinds are tags too."""
        return self.spec.tags

    @property
    def kinds(self) -> set[str]:
        """Its technologies."""
        return self.spec.kinds

    @property
    def owners(self) -> list[str]:
        """Its owners."""
        return self.spec.owners

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its metadata by name."""
        return self.spec.metadata

    @property
    def description(self) -> str | None:
        """A sentence for people."""
        return self.spec.description

    @property
    def code_version(self) -> str | None:
        """The version of the code that makes it."""
        return self.spec.code_version

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """Its partitions."""
        return self.spec.partitions_def

    @property
    def is_partitioned(self) -> bool:
        """Whether it has partitions."""
        return self.spec.partitions_def is not None

    @property
    def partition_mappings(self) -> Mapping[AssetKey, PartitionMapping]:
        """The partition mappings of its dependencies, by key."""
        return self.spec.partition_mappings

    @property
    def io_manager_key(self) -> str:
        """The key of the resource that stores it."""
        return io_manager_key_of(self.definition, self.key)

    def to_asset_spec(self) -> AssetSpec:
        """Return the facts about it."""
        return self.spec

    def __repr__(self) -> str:
        return f"AssetNode<{self.key.to_user_string()}>"


class AssetCheckNode:
    """A check of an AssetGraph.

    Attributes:
        key: Its key.
        spec: The facts about it.
        definition: Its definition.
    """

    __slots__ = ("definition", "key", "spec")

    def __init__(self, spec: AssetCheckSpec, definition: AssetsDefinition) -> None:
        self.key: AssetCheckKey = spec.key
        self.spec: AssetCheckSpec = spec
        self.definition: AssetsDefinition = definition

    @property
    def parent_entity_keys(self) -> set[AssetKey]:
        """The keys of the checked asset and of the other assets that it depends on."""
        return {self.key.asset_key, *(dep.asset_key for dep in self.spec.additional_deps)}

    @property
    def child_entity_keys(self) -> set[AssetKey]:
        """An empty set: nothing depends on a check."""
        return set()

    @property
    def blocking(self) -> bool:
        """Whether a failure stops the readers of the asset."""
        return self.spec.blocking

    @property
    def description(self) -> str | None:
        """A sentence for people."""
        return self.spec.description

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its metadata by name."""
        return self.spec.metadata

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """Its partitions."""
        return self.spec.partitions_def

    @property
    def execution_set_entity_keys(self) -> set[AssetKey | AssetCheckKey]:
        """The keys of the assets and checks that always run with it, and its own."""
        return execution_set(self.definition, self.key)

    def __repr__(self) -> str:
        return f"AssetCheckNode<{self.key.to_user_string()}>"


def execution_set(definition: AnyAsset, key: AssetKey | AssetCheckKey) -> set[AssetKey | AssetCheckKey]:
    """Return the keys of the assets and checks that always run together with one of them."""
    if not isinstance(definition, AssetsDefinition) or definition.can_subset:
        return {key}
    return {*definition.keys, *definition.check_keys}
