"""An asset that is only read: `SourceAsset`, and the resources of the I/O manager of one asset."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagflow.absent import explains_absent
from dagflow.defs.assets.spec import DEFAULT_GROUP, AssetSpec
from dagflow.defs.graphs.wiring import ReadableAsset
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.resources.definition import ResourceDefinition, as_resource, as_resources
from dagflow.errors import DagflowInvalidDefinitionError, check_optional, check_texts
from dagflow.keys import AssetKey, CoercibleToAssetKey, definition_tags
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.partitions.definition import PartitionsDefinition

if TYPE_CHECKING:
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy


class SourceAsset(ReadableAsset):
    """An asset that is only read.

    Args:
        key: Its key.
        metadata: Metadata by name.
        io_manager_key: The resource that loads it; default: "io_manager".
        io_manager_def: The I/O manager itself.
        description: A sentence for people.
        partitions_def: Its partitions.
        group_name: The group that it is shown in.
        resource_defs: Resources that its I/O manager needs.
        op_tags: The tags of the op that observes it.
        auto_observe_interval_minutes: The time between two observations by a deployment. A run ignores it.
        legacy_freshness_policy: The age from which it counts as stale. A run ignores it.
        automation_condition: The condition under which a deployment observes it. A run ignores it.
        tags: Short strings by name.

    Raises:
        CheckError: An argument is of the wrong type.
        DagflowInvalidDefinitionError: The group or a tag is invalid, or two I/O managers are given.

    Example:
        >>> SourceAsset("river", group_name="water").group_name
        'water'
    """

    __slots__ = ("auto_observe_interval_minutes", "io_manager_key", "op_tags", "resource_defs", "spec")

    io_manager_key: str

    resource_defs: dict[str, ResourceDefinition]

    @explains_absent
    def __init__(
        self,
        key: CoercibleToAssetKey,
        metadata: Mapping[str, Any] | None = None,
        io_manager_key: str | None = None,
        io_manager_def: Any = None,
        description: str | None = None,
        partitions_def: PartitionsDefinition | None = None,
        group_name: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        op_tags: Mapping[str, Any] | None = None,
        *,
        auto_observe_interval_minutes: float | None = None,
        legacy_freshness_policy: LegacyFreshnessPolicy | None = None,
        automation_condition: AutomationCondition | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.spec: AssetSpec = AssetSpec(
            key,
            metadata=metadata,
            description=description,
            partitions_def=partitions_def,
            group_name=group_name,
            automation_condition=automation_condition,
            legacy_freshness_policy=legacy_freshness_policy,
            tags=tags,
        )
        place = f"asset '{self.spec.key.to_user_string()}'"
        self.io_manager_key, self.resource_defs = io_manager_resources(
            self.spec.key, io_manager_key, io_manager_def, resource_defs
        )
        self.op_tags: dict[str, str] = definition_tags(op_tags, place)
        self.auto_observe_interval_minutes: float | None = check_optional(
            auto_observe_interval_minutes, (int, float), "auto_observe_interval_minutes", place
        )

    @property
    def key(self) -> AssetKey:
        """Its key."""
        return self.spec.key

    @property
    def metadata(self) -> dict[str, MetadataValue]:
        """Its metadata as metadata values."""
        return normalize_metadata(self.spec.metadata, f"asset '{self.key.to_user_string()}'")

    @property
    def raw_metadata(self) -> Mapping[str, Any]:
        """Its metadata as they were given."""
        return self.spec.metadata

    @property
    def description(self) -> str | None:
        """A sentence for people."""
        return self.spec.description

    @property
    def group_name(self) -> str:
        """The group that it is shown in."""
        return self.spec.shown_group

    @property
    def tags(self) -> dict[str, str]:
        """Short strings by name."""
        return self.spec.tags

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """Its partitions."""
        return self.spec.partitions_def

    @property
    def automation_condition(self) -> AutomationCondition | None:
        """The condition under which a deployment observes it."""
        return self.spec.automation_condition

    @property
    def legacy_freshness_policy(self) -> LegacyFreshnessPolicy | None:
        """The age from which it counts as stale."""
        return self.spec.legacy_freshness_policy

    @property
    def io_manager_def(self) -> ResourceDefinition | None:
        """The I/O manager of the asset itself; None if the run provides the I/O manager."""
        return self.resource_defs.get(self.io_manager_key)

    def get_io_manager_key(self) -> str:
        """Return the key of the resource that loads it."""
        return self.io_manager_key

    def coerced_to_asset_key(self) -> AssetKey:
        """Return its key, for `AssetKey.from_coercible_or_definition`."""
        return self.key

    def with_attributes(
        self, group_name: str | None = None, key: CoercibleToAssetKey | None = None
    ) -> SourceAsset:
        """Return a copy with another group or key.

        Args:
            group_name: The group of the copy. The asset must not have a group.
            key: The key of the copy.

        Raises:
            DagflowInvalidDefinitionError: The asset has a group, or the group is invalid.

        Example:
            >>> SourceAsset("river").with_attributes(group_name="water", key="stream").key
            AssetKey(['stream'])
        """
        if group_name is not None and self.group_name != DEFAULT_GROUP:
            raise DagflowInvalidDefinitionError(
                f"asset '{self.key.to_user_string()}' has the group '{self.group_name}', so with_attributes "
                f"cannot give it the group '{group_name}'. Leave out one of them."
            )
        return self.with_spec(
            self.spec.replace_attributes(
                key=... if key is None else key, group_name=... if group_name is None else group_name
            )
        )

    def with_spec(self, spec: AssetSpec) -> SourceAsset:
        """Return a copy with other facts. Its resources stay the same."""
        new = copy.copy(self)
        new.spec = spec
        return new

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SourceAsset):
            return NotImplemented
        return self is other or all(
            getattr(self, name) == getattr(other, name) for name in SourceAsset.__slots__
        )

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"SourceAsset({self.key!r})"


def io_manager_resources(
    key: AssetKey, io_manager_key: str | None, io_manager_def: Any, resource_defs: Mapping[str, Any] | None
) -> tuple[str, dict[str, ResourceDefinition]]:
    """Return the key of an asset's I/O manager, and the resources that come with the asset."""
    place = f"asset '{key.to_user_string()}'"
    check_texts(place, io_manager_key=io_manager_key)
    resources = as_resources(resource_defs, place)
    if io_manager_def is None:
        return io_manager_key or DEFAULT_IO_MANAGER_KEY, resources
    own_key = io_manager_key or key.to_python_identifier("io_manager")
    if own_key in resources and resources[own_key] is not io_manager_def:
        raise DagflowInvalidDefinitionError(
            f"{place} has an 'io_manager_def' and a different resource with the key '{own_key}'. Keep one of "
            "them."
        )
    return own_key, {**resources, own_key: as_resource(io_manager_def)}
