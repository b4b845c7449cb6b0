"""An asset that is read or observed, but not stored: `SourceAsset`; the I/O manager of one asset."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from dagflow.absent import explains_absent
from dagflow.copies import Copied
from dagflow.defs.assets.observe_op import observing_op
from dagflow.defs.assets.ports import AssetExecutionType
from dagflow.defs.assets.spec import DEFAULT_GROUP, AssetSpec
from dagflow.defs.graphs.wiring import ReadableAsset
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.ops.ports import DEFAULT_IO_MANAGER_KEY
from dagflow.defs.resources.definition import ResourceDefinition, as_resource, as_resources
from dagflow.defs.resources.requirements import Requirement
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_optional,
    check_texts,
    repr_of,
)
from dagflow.keys import AssetKey, CoercibleToAssetKey
from dagflow.metadata.normalize import normalize_metadata
from dagflow.metadata.value import MetadataValue
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.tags import definition_tags

if TYPE_CHECKING:
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.conditions.legacy_freshness import LegacyFreshnessPolicy


class SourceAsset(ReadableAsset, Copied):
    """An asset that is only read, and can be observed.

    Args:
        key: Its key.
        metadata: Metadata by name.
        io_manager_key: The resource that loads it; default: "io_manager".
        io_manager_def: The I/O manager itself.
        description: A sentence for people.
        partitions_def: Its partitions.
        group_name: The group that it is shown in.
        resource_defs: Resources that its I/O manager needs, and that `observe_fn` reads.
        observe_fn: Looks at the asset and returns its DataVersion, DataVersionsByPartition or an
            ObserveResult. It may have a parameter `context`, resources and `config`.
        op_tags: The tags of the op that observes it.
        auto_observe_interval_minutes: The time between two observations by a deployment. A run ignores it.
        legacy_freshness_policy: The age from which it counts as stale. A run ignores it.
        automation_condition: The condition under which a deployment observes it. A run ignores it.
        tags: Short strings by name.

    Raises:
        CheckError: An argument is of the wrong type.
        DagflowInvalidDefinitionError: The group or a tag is invalid, two I/O managers are given, or
            `observe_fn` has other parameters.

    Example:
        >>> SourceAsset("river", group_name="water").group_name
        'water'
    """

    __slots__ = (
        "_node_def",
        "auto_observe_interval_minutes",
        "io_manager_key",
        "observe_fn",
        "observe_resource_keys",
        "observing",
        "op_tags",
        "resource_defs",
        "spec",
    )
    _caches: ClassVar[Mapping[str, Callable[[], Any]]] = {"_node_def": type(None), "observing": type(None)}

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
        observe_fn: Callable[..., Any] | None = None,
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
        if observe_fn is not None and not callable(observe_fn):
            raise ParameterCheckError(
                f"'observe_fn' of {place} must be a function, not {repr_of(observe_fn)}"
            )
        self.observe_fn: Callable[..., Any] | None = observe_fn
        self.observe_resource_keys: frozenset[str] = frozenset()
        self._node_def: OpDefinition | None = None
        self.observing: Any = None  # of `dagflow.defs.assets.observed_source`
        if observe_fn is not None:
            self._node_def = self._op()  # checked now, so that the traceback has the user's line

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

    @property
    def is_observable(self) -> bool:
        """Whether it has a function that observes it."""
        return self.observe_fn is not None

    @property
    def is_executable(self) -> bool:
        """Whether a run can execute its function."""
        return self.is_observable

    @property
    def execution_type(self) -> AssetExecutionType:
        """The way in which its function treats it."""
        return AssetExecutionType.OBSERVATION if self.is_observable else AssetExecutionType.UNEXECUTABLE

    @property
    def node_def(self) -> OpDefinition | None:
        """The op that observes it, None if it has no function."""
        if self._node_def is None and self.observe_fn is not None:
            self._node_def = self._op()
        return self._node_def

    @property
    def op(self) -> OpDefinition:
        """The op that observes it.

        Raises:
            CheckError: It has no function.
        """
        op = self.node_def
        if op is None:
            raise CheckError(f"{self!r} has no 'observe_fn', so it has no 'op'")
        return op

    @property
    def required_resource_keys(self) -> set[str]:
        """The keys of the resources that its function and its I/O manager need."""
        return {need.key for need in (*self.own_requirements(), *self._op_requirements())}

    def _op_requirements(self) -> tuple[Requirement, ...]:
        return () if self.node_def is None else self.node_def.own_requirements()

    def _op(self) -> OpDefinition:
        assert self.observe_fn is not None
        own = frozenset(self.resource_defs) - {self.io_manager_key}
        return observing_op(
            self.observe_fn,
            self.spec,
            self.io_manager_key,
            self.observe_resource_keys | own,  # the function can read every resource of the asset
            self.op_tags,
        )

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
        return self._changed(spec=spec)

    def with_resource_defs(self, resource_defs: Mapping[str, ResourceDefinition]) -> SourceAsset:
        """Return a copy with other resources."""
        return self._changed(resource_defs=dict(resource_defs))

    def with_observe_resources(self, keys: frozenset[str]) -> SourceAsset:
        """Return a copy whose function reads the resources with these keys from its context."""
        return self._changed(observe_resource_keys=keys)

    def _changed(self, **facts: Any) -> SourceAsset:
        new = copy.copy(self)
        for name, value in (*facts.items(), ("_node_def", None), ("observing", None)):
            setattr(new, name, value)
        return new

    def decorated(self) -> Callable[..., Any] | None:
        """Return the function that observes it."""
        return self.observe_fn

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SourceAsset):
            return NotImplemented
        return self is other or all(
            getattr(self, name) == getattr(other, name)
            for name in SourceAsset.__slots__
            if name not in SourceAsset._caches
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
